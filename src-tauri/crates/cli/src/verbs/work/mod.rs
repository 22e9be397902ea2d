//! Verbs for the work of sessions: changes and worktrees.

pub mod commit;
pub mod diff;
pub mod discard;
pub mod merge;
pub mod pr;
pub mod rebase;
pub mod review;
pub mod worktrees;
