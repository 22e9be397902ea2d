//! The main checkout, watched from a session that should not write there.
//!
//! A worktree is no wall: a shell command may still write to the main checkout. What cannot be
//! prevented is at least seen.
//! Promise: tells which files are other than before; never by whom, because that is not known.

use crate::checkout::Checkout;
use crate::error::{Error, Kind, Result};
use crate::git::Git;
use crate::status::{ARGS, changes};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a main checkout was like at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MainCheckout {
    head: Option<String>,
    /// Files that are not as committed, with what tells one content from the next.
    files: BTreeMap<PathBuf, Mark>,
}

/// Status letters, size, time of change in ns. Writing a file changes at least the time.
type Mark = ([u8; 2], u64, i128);

impl MainCheckout {
    pub fn look(git: &Git, root: &Path) -> Result<MainCheckout> {
        let Some(checkout) = Checkout::of(git, root)? else {
            let text = format!("{} is no checkout of git's", root.display());
            return Err(Error::new(Kind::NotFound, text));
        };
        let head = checkout.look(git, &["rev-parse", "--verify", "--quiet", "HEAD"]).find()?;
        let mut files = BTreeMap::new();
        for change in changes(checkout.look(git, ARGS).long())? {
            let mark = mark(&root.join(&change.path));
            files.insert(change.path, (change.letters, mark.0, mark.1));
        }
        Ok(MainCheckout { head, files })
    }

    /// Paths that are other than `before`; `HEAD` when another commit is checked out.
    pub fn changed_since(&self, before: &MainCheckout) -> Vec<PathBuf> {
        let paths: BTreeSet<&PathBuf> = self.files.keys().chain(before.files.keys()).collect();
        let other = paths.into_iter().filter(|p| self.files.get(*p) != before.files.get(*p));
        let head = (self.head != before.head).then(|| PathBuf::from("HEAD"));
        head.into_iter().chain(other.cloned()).collect()
    }
}

fn mark(path: &Path) -> (u64, i128) {
    match std::fs::symlink_metadata(path) {
        Ok(m) => (m.size(), i128::from(m.ctime()) * 1_000_000_000 + i128::from(m.ctime_nsec())),
        // Deleted: the letters say so already.
        Err(_) => (0, 0),
    }
}
