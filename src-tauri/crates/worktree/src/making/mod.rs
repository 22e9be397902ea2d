//! Making a worktree and all that it needs before a session can work in it.
//!
//! Promise: nothing in the user's checkout changes, and no name is taken twice.

pub(crate) mod create;
pub(crate) mod disclosure;
pub(crate) mod exclude;
pub(crate) mod hold;
pub(crate) mod include;
pub(crate) mod name;
pub(crate) mod plan;
pub(crate) mod ports;
pub(crate) mod scripts;
pub(crate) mod settings;
pub(crate) mod submodules;
