//! Review of a session's work: what it changed since its base, and what becomes of that.
//!
//! Promise: nothing that was written is lost: before every act that takes something away it is kept
//! under a rescue ref; no force push, no push to the base or a protected branch; a merge or rebase
//! that conflicts leaves everything as it was. All calls block: run them beside a loop.
//! Must not know: sessions, agents, the supervisor, how anything is shown.

mod acts;
mod diffs;
mod forge;
mod limits;
mod place;

pub use acts::act::{Subject, act};
pub use forge::pull_state::pull_state;
pub use place::Recorded;
