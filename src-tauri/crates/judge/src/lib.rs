//! Judges of goals: has a condition been met, as far as a transcript shows?
//!
//! `Evaluator::choose` finds who judges (the Anthropic Messages interface, one that is compatible with
//! OpenAI's chat completions, an agent's own program, or fixed rules), `judge` asks it, `run_check` runs
//! the user's own command as evidence, `advise` tells at once when a condition cannot be proved, and
//! `settle` reads a doubtful end of a turn.
//!
//! Promises: a transcript is data behind a mark that cannot occur in it, and never changes what is
//! asked; one answer that cannot be read is asked for again once, and never more; a verdict is never
//! *met* while a check fails; every call ends at its deadline or when it is called off; keys come from
//! the environment or the system's keyring and are in no message, argument or log.
//! All calls block: run them beside a loop, never on it. No state, no threads that outlive a call.
//! Must not know: sessions, the store, sockets of ours, what is done with a verdict.

mod advice;
mod answer;
mod call;
mod chat;
mod check;
mod clean;
mod evaluator;
mod fixed;
mod frame;
mod http;
mod judging;
mod keys;
mod limits;
mod messages;
mod programs;
mod question;
mod trim;
mod trouble;
mod turn_end;
mod usage;
mod verdict;

pub use advice::{Advice, advise, advise_by};
pub use call::{Call, Environment};
pub use check::{Check, CheckOutcome, CheckResult, end_checks, run_check};
pub use evaluator::{Evaluator, Provider};
pub use judging::{Judgement, judge, judge_by_checks};
pub use limits::{CALL_TIMEOUT, CHECK_TIMEOUT, CONDITION_MAX_CHARS};
pub use question::{Entry, Kind, Phase, Question};
pub use trouble::{Trouble, TroubleKind};
pub use turn_end::{Settled, TurnEnd, is_doubtful, settle};
pub use usage::Usage;
pub use verdict::{Ruling, Verdict, decide};
