//! A worktree whose directory is not where it was: deleted, or moved by hand, or on a disk that is not
//! there just now. git cannot tell which, but still has what was staged and what was under way.
//!
//! Promise: only looks; a careful removal takes such a worktree only when nothing is in git's notes of it that
//! is nowhere else, and no directory near says that it is this one.

use crate::error::Result;
use crate::git::pieces;
use crate::inspect::{Asked, Inspection};
use crate::ledger::Record;
use crate::limits::{MOVED_DEPTH_MAX, MOVED_ENTRIES_MAX};
use crate::place::pointer;
use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const DOT_GIT: &str = ".git";

/// A directory that is gone and may be somewhere, with work in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    pub path: PathBuf,
    /// The directory that still says it is this worktree, where one was found.
    pub moved_to: Option<PathBuf>,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.moved_to {
            Some(moved_to) => {
                let moved_to = moved_to.display();
                write!(
                    f,
                    "a directory that was moved to {moved_to}: put it back at {path}, or run \
                     `git worktree repair {moved_to}`; --discard gives it up"
                )
            }
            None => write!(
                f,
                "a directory that is not at {path} any more, so what was in it cannot be known: put it \
                 back, or run `git worktree repair` with where it is; --discard gives it up"
            ),
        }
    }
}

/// Adds what git still has of it, and whether that or something else keeps it.
pub(crate) fn look(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let record = asked.record();
    seen.changed = staged(asked, seen)?;
    let moved_to = moved_to(record);
    // A disk that is not there, or a move of more than the worktree.
    let all_gone = std::fs::read_dir(above(&record.path)).is_err();
    let has_work = seen.unpushed_count > 0 || !seen.changed.is_empty() || seen.operation.is_some();
    if has_work || all_gone || moved_to.is_some() {
        seen.gone = Some(Gone { path: record.path.clone(), moved_to });
    }
    Ok(())
}

/// Paths that the index has otherwise than the commit that is checked out.
fn staged(asked: &Asked<'_>, seen: &Inspection) -> Result<Vec<PathBuf>> {
    let printed = if seen.head.commit.is_some() {
        let args = [
            "diff-index",
            "--cached",
            "-z",
            "--name-only",
            "--no-renames",
            "--ita-visible-in-index",
            "--ignore-submodules=none",
            "HEAD",
            "--",
        ];
        asked.look(&args).long().read()?
    } else {
        asked.look(&["ls-files", "-z", "--cached"]).long().read()?
    };
    // One with a conflict stands there once for each side.
    let paths: BTreeSet<&[u8]> = pieces(&printed).collect();
    Ok(paths.into_iter().map(|path| PathBuf::from(OsStr::from_bytes(path))).collect())
}

fn above(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// The directory that says it is this worktree, where one is near: what is moved by hand is most often
/// renamed, or put beside the other worktrees, the checkout or the repository. What cannot be read is not
/// looked into.
fn moved_to(record: &Record) -> Option<PathBuf> {
    let admin = record.admin.as_ref()?;
    let root = &record.repository.root;
    let on_the_way = record.path.ancestors().skip(1).take_while(|dir| dir.starts_with(root));
    let near = [above(&record.path), above(above(&record.path)), root.as_path(), above(root)];
    // The nearest first.
    let mut ahead = VecDeque::new();
    for place in on_the_way.chain(near) {
        if !ahead.iter().any(|(known, _)| known == place) {
            ahead.push_back((place.to_owned(), 1));
        }
    }
    let mut left = MOVED_ENTRIES_MAX;
    while let Some((place, depth)) = ahead.pop_front() {
        let Ok(entries) = std::fs::read_dir(&place) else { continue };
        for entry in entries.flatten() {
            left = left.checked_sub(1)?;
            if entry.file_name() == DOT_GIT || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let directory = entry.path();
            // What has no such file, or another's, is not this worktree.
            if pointer(&directory.join(DOT_GIT), "gitdir: ").is_ok_and(|to| to == *admin) {
                return Some(directory);
            }
            if depth < MOVED_DEPTH_MAX {
                ahead.push_back((directory, depth + 1));
            }
        }
    }
    None
}
