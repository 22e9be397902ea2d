//! What is there: repositories, checkouts, worktrees and what is in them.
//!
//! Promise: a look changes nothing; what cannot be told is unknown.
//! Must not know: what is removed and why.

pub(crate) mod absence;
pub(crate) mod checkout;
pub(crate) mod embedded;
pub(crate) mod glance;
pub(crate) mod hidden;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod looker;
pub(crate) mod main_checkout;
pub(crate) mod place;
pub(crate) mod remotes;
pub(crate) mod repository;
pub(crate) mod size;
