//! Review of a session's work: what it changed since its base, and what becomes of that.
//!
//! Promise: nothing that was written is lost: before every act that takes something away it is kept
//! under a rescue ref; no force push, no push to the base or a protected branch; a merge or rebase
//! that conflicts leaves everything as it was. All calls block: run them beside a loop.
//! Must not know: sessions, agents, the supervisor, how anything is shown.

mod act;
mod bytes;
mod changes;
mod commit;
mod destination;
mod discard;
mod draft;
mod drivers;
mod file;
mod image;
mod keep;
mod limits;
mod marks;
mod merge;
mod overwritten;
mod place;
mod pull_request;
mod pull_state;
mod push;
mod rebase;
mod restore;
mod rows;
mod stage;
mod take;
mod web;

pub use act::{Subject, act};
pub use place::Recorded;
pub use pull_state::pull_state;
