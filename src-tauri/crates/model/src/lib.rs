//! The session model: what a session is, what can happen to it and what follows from it.
//!
//! Promise: pure. Events go in, a new session, effects and evidence come out.
//! Must not know: files, sockets, clocks, processes, SQLite, agents' protocols. Time is an argument.

pub mod continuation;
pub mod event;
pub mod heal;
pub mod keeping;
pub mod past;
pub mod request;
pub mod session;
pub mod standing;
pub mod step;
pub mod text;
pub mod titles;
pub mod trust;
mod unreachable;
pub mod values;

pub use request::{answering, choice, need, reading, shell};
pub use text::{counted, foreign, naming, quoted, visible};
pub use values::{
    enclosure, evidence, forge, id, limits, lodging, pull_request, time, trouble, usage,
};

pub use choice::{Choice, Choices, OptionRole};
pub use enclosure::Enclosure;
pub use event::{
    Command, Effect, Event, Exit, Fact, Judged, JudgedOutcome, Run, Settled, Timer, TimerFired,
    TurnEnd, TurnOutcome,
};
pub use evidence::{Evidence, Source};
pub use id::{NeedId, SessionId};
pub use lodging::{Lodging, Wish, Worktree};
pub use need::{Answer, Need, NeedKind, NeedOption, OptionKind};
pub use past::PastNeed;
pub use pull_request::{PullPlace, PullRequest, PullState, Teller};
pub use session::{
    AgentWork, Before, Continuation, Liveness, Prompt, PromptState, Session, State, Surface,
    Unattended, Work,
};
pub use standing::{Origin, Standing};
pub use step::{Refusal, Step, delay_plan, own_pace, step};
pub use time::Millis;
pub use trouble::{Trouble, TroubleKind};
pub use trust::{Trust, TrustDecision, TrustQuestion, TrustThing};
pub use usage::{Cost, Usage};
