//! The addresses of a repository's remotes.
//!
//! Promise: only reads; addresses are as they were written down, without git's own rewriting of
//! them. They may hold credentials: not to be shown or kept.
//! Must not know: what is at an address.

use crate::git_program::git::{Git, pieces, text};
use std::path::Path;

/// More than a repository has.
const REMOTES_MAX: usize = 256;

/// Those of the repository that `dir` belongs to; none where they cannot be read.
pub fn remote_addresses(git: &Git, dir: &Path) -> Vec<String> {
    let args = ["config", "--null", "--get-regexp", r"^remote\..*\.(url|pushurl)$"];
    let printed = git.look(dir, &args).read().unwrap_or_default();
    let pairs = pieces(&printed).map(text);
    let values = pairs.filter_map(|pair| Some(pair.split_once('\n')?.1.to_owned()));
    values.take(REMOTES_MAX).collect()
}
