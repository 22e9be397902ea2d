//! What becomes of a session's work: staged, committed, discarded, rebased, merged, pushed.
//!
//! Promise: what an act takes away is kept first; nothing of the repository's own runs.

pub(crate) mod act;
pub(crate) mod beside;
pub(crate) mod bytes;
pub(crate) mod commit;
pub(crate) mod destination;
pub(crate) mod discard;
pub(crate) mod draft;
pub(crate) mod drivers;
pub(crate) mod keep;
pub(crate) mod merge;
pub(crate) mod overwritten;
pub(crate) mod push;
pub(crate) mod rebase;
pub(crate) mod restore;
pub(crate) mod stage;
pub(crate) mod take;
