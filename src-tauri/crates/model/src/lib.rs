//! The session model: what a session is, what can happen to it and what follows from it.
//!
//! Promise: pure. Events go in, a new session, effects and evidence come out.
//! Must not know: files, sockets, clocks, processes, SQLite, agents' protocols. Time is an argument.

pub mod continuation;
pub mod event;
pub mod evidence;
pub mod id;
pub mod limits;
pub mod lodging;
pub mod naming;
pub mod need;
pub mod reading;
pub mod retention;
pub mod session;
pub mod step;
pub mod time;
pub mod trouble;
pub mod usage;

pub use event::{Command, Effect, Event, Exit, Fact, TurnOutcome};
pub use evidence::{Evidence, Source};
pub use id::{NeedId, SessionId};
pub use lodging::{Lodging, Wish, Worktree};
pub use need::{Answer, Need, NeedKind, NeedOption, OptionKind};
pub use session::{
    AgentWork, Before, Continuation, Liveness, Prompt, PromptState, Session, State, Work,
};
pub use step::{Refusal, Step, step};
pub use time::Millis;
pub use trouble::{Trouble, TroubleKind};
pub use usage::{Cost, Usage};
