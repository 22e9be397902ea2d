//! What is read of a repository, and where libgit2 is not to be believed.

pub(crate) mod alone;
pub(crate) mod attributes;
pub(crate) mod distance;
pub(crate) mod doubt;
pub(crate) mod files;
pub(crate) mod guard;
pub(crate) mod head;
pub(crate) mod ignored;
pub(crate) mod index;
pub(crate) mod place;
pub(crate) mod settings;
pub(crate) mod small;
pub(crate) mod stash;
pub(crate) mod unlisted;
pub(crate) mod worktrees;
