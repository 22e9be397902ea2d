//! Taking a worktree away and bringing it back.
//!
//! Promise: no work is lost: what is nowhere else keeps it, or is rescued first.

pub(crate) mod clean;
pub(crate) mod expiry;
pub(crate) mod gone;
pub(crate) mod ledger;
pub(crate) mod named;
pub(crate) mod owner;
pub(crate) mod remove;
pub(crate) mod rescue;
pub(crate) mod undo;
