//! Repositories inside a worktree: submodules, clones, whatever an agent made there.
//!
//! Promise: found by walking the files, ignored ones too, without following a link; one that cannot
//! be read is reported as such.

use crate::error::{AtPath, Result};
use crate::git::Git;
use crate::hidden;
use crate::limits::{EMBEDDED_MAX, ENTRIES_MAX};
use crate::status::{ARGS, changes};
use std::path::{Path, PathBuf};

/// One repository inside a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Relative to the worktree.
    pub path: PathBuf,
    /// Files that are not as committed.
    pub changed: usize,
    /// Commits that no remote-tracking branch has.
    pub unpushed: usize,
}

/// All of them, and what could not be read.
pub(crate) fn embedded(git: &Git, worktree: &Path) -> (Vec<Embedded>, Vec<String>) {
    let mut wrong = Vec::new();
    let dirs = find(worktree, &mut wrong);
    if dirs.len() > EMBEDDED_MAX {
        wrong.push(format!("there are more than {EMBEDDED_MAX} repositories inside"));
    }
    let mut found = Vec::new();
    for dir in dirs.into_iter().take(EMBEDDED_MAX) {
        let path = dir.strip_prefix(worktree).unwrap_or(&dir).to_owned();
        match look(git, &dir, path) {
            Ok(one) => found.push(one),
            Err(error) => wrong.push(format!("the repository {}: {error}", dir.display())),
        }
    }
    (found, wrong)
}

/// Directories below `worktree` that hold a `.git`.
fn find(worktree: &Path, wrong: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut next = vec![worktree.to_owned()];
    while let Some(dir) = next.pop() {
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) => {
                wrong.push(format!("{}: {error}", dir.display()));
                continue;
            }
        };
        for entry in entries {
            seen += 1;
            if seen > ENTRIES_MAX {
                wrong.push(format!("there are more than {ENTRIES_MAX} files inside"));
                return found;
            }
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((_, entry)) if entry.file_name() == ".git" => {
                    if dir != worktree {
                        found.push(dir.clone());
                    }
                }
                Ok((kind, entry)) if kind.is_dir() => next.push(entry.path()),
                Ok(_) => {}
                Err(error) => wrong.push(format!("{}: {error}", dir.display())),
            }
        }
    }
    found.sort();
    found
}

fn look(git: &Git, dir: &Path, path: PathBuf) -> Result<Embedded> {
    let top = git.call(dir, &["rev-parse", "--show-toplevel"]).line()?;
    let real = std::fs::canonicalize(dir).at(dir)?;
    if Path::new(&top) != real {
        // A damaged `.git` makes git look further up: then this is no repository that we can read.
        let text = "its .git is not understood";
        return Err(crate::error::Error::new(crate::error::Kind::Git, text));
    }
    let hidden = hidden::changes(dir, |args| git.call(dir, args))?.len();
    let changed = changes(git.call(dir, ARGS).long())?.len() + hidden;
    let has_head = git.call(dir, &["rev-parse", "--verify", "--quiet", "HEAD"]).find()?.is_some();
    // Stashes of a repository that goes with the worktree would go too.
    let mut call = git.call(dir, &["rev-list", "--count", "--branches", "--glob=refs/stash"]);
    if has_head {
        call = call.arg("HEAD");
    }
    let count = call.arg("--not").arg("--remotes").line()?;
    Ok(Embedded { path, changed, unpushed: count.parse().unwrap_or(usize::MAX) })
}
