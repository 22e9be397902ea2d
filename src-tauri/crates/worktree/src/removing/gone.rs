//! A worktree whose directory is not where it was: deleted, or moved by hand, or on a disk that is not
//! there just now. git cannot tell which, but still has what was staged and what was under way. Where git's notes
//! of it are not there either, git or the user took it away, or its whole repository is gone.
//!
//! Promise: only looks; a careful removal takes such a worktree only when nothing is in git's notes of it that
//! is nowhere else, and no directory near says that it is this one. Without notes it takes nothing but our
//! record, and only where it is proven that nothing else is left.

use crate::error::{AtPath, Error, Result};
use crate::git_program::git::{Git, pieces};
use crate::limits::{MOVED_DEPTH_MAX, MOVED_ENTRIES_MAX};
use crate::looking::absence;
use crate::looking::absence::Absence;
use crate::looking::inspect::{Asked, Inspection};
use crate::looking::place::pointer;
use crate::removing::ledger::Record;
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

/// Neither the directory nor git's notes of the worktree are where they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What is gone and what is left, as a sentence.
    pub found: String,
    /// Why it may be somewhere all the same.
    pub doubt: Option<Doubt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This directory says that it is the worktree.
    Moved(PathBuf),
    /// git has it, or another of its name, here.
    GitHasIt(PathBuf),
    /// That it is gone is not proven.
    Unproven(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        match &self.doubt {
            None => write!(f, "nothing left: {found}"),
            Some(Doubt::Moved(to)) => {
                let to = to.display();
                write!(
                    f,
                    "a directory that was moved to {to}, while git's notes of it are not where they were: run \
                     `git worktree repair {to}` where its repository is now, or put all of it back; {FORGET}"
                )
            }
            Some(Doubt::GitHasIt(at)) => {
                let at = at.display();
                write!(
                    f,
                    "a directory that git has at {at} now: `git worktree move` puts it back; {FORGET}"
                )
            }
            Some(Doubt::Unproven(why)) => {
                write!(f, "a directory that may be somewhere: {found}, but {why}; {FORGET}")
            }
        }
    }
}

const FORGET: &str = "--discard forgets it here and leaves everything on disk as it is";

/// What is known without looking around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Traces {
    repository_is_there: bool,
    doubt: Option<Doubt>,
}

/// Of a worktree that is not where it was, when git's notes do not say that it should be: `wrong`.
pub(crate) fn traces(record: &Record, wrong: Error) -> Result<Traces> {
    let (root, common) = (&record.repository.root, &record.repository.common);
    let repository = absence::look(common, root, &record.grounds.repository)?;
    let repository_is_there = repository.is_none();
    let mut doubt = match repository {
        Some(Absence::Doubtful(why)) => Some(Doubt::Unproven(why)),
        Some(Absence::Proven) => None,
        None => match &record.admin {
            Some(admin) => noted(admin, common, wrong)?,
            None if is_noted(record)? => return Err(wrong),
            None => None,
        },
    };
    let grounds = match repository_is_there {
        true => record.grounds.above_worktree(root),
        false => &record.grounds.worktree,
    };
    if doubt.is_none()
        && let Some(Absence::Doubtful(why)) = absence::look(&record.path, root, grounds)?
    {
        doubt = Some(Doubt::Unproven(why));
    }
    Ok(Traces { repository_is_there, doubt })
}

/// Where git's notes say that the worktree is; none where there are none.
fn noted(admin: &Path, common: &Path, wrong: Error) -> Result<Option<Doubt>> {
    match absence::nearest(admin)? {
        Some((_, above)) if above.starts_with(common) => {
            std::fs::read_dir(above).at(above)?;
            Ok(None)
        }
        // The repository has gone in this moment.
        Some(_) => Err(wrong),
        None => match pointer(&admin.join("gitdir"), "") {
            Ok(back) => Ok(Some(Doubt::GitHasIt(above(&back).to_owned()))),
            Err(_) => Err(wrong),
        },
    }
}

/// Whether git has notes of a worktree there, of one whose making was cut off.
fn is_noted(record: &Record) -> Result<bool> {
    let worktrees = record.repository.common.join("worktrees");
    if absence::nearest(&worktrees)?.is_some() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(&worktrees).at(&worktrees)? {
        let file = entry.at(&worktrees)?.path().join("gitdir");
        // What cannot be read may be its.
        if pointer(&file, "").map_or(true, |back| back == record.path.join(DOT_GIT)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All that can be said of it.
pub(crate) fn lost(git: &Git, record: &Record, traces: Traces) -> Lost {
    let Traces { repository_is_there, doubt } = traces;
    let moved = || moved_to(record).or_else(|| moved_along(record)).map(Doubt::Moved);
    let doubt = match doubt {
        Some(Doubt::GitHasIt(at)) => Some(Doubt::GitHasIt(at)),
        other => moved().or(other),
    };
    let (path, root) = (record.path.display(), record.repository.root.display());
    let found = if repository_is_there {
        let branch = &record.branch;
        let name = format!("refs/heads/{branch}");
        let asked = record.repository.look(git, &["rev-parse", "--verify", "--quiet", &name]);
        let left = match asked.find() {
            Ok(Some(_)) => format!("its branch {branch} is kept"),
            Ok(None) => format!("there is no branch {branch} either"),
            Err(error) => format!("its branch {branch} cannot be looked at ({})", error.message),
        };
        format!("the directory {path} is gone, and git in {root} has no such worktree; {left}")
    } else {
        let gone = if record.repository.root.exists() {
            &record.repository.common
        } else {
            &record.repository.root
        };
        format!("the directory {path} is gone, and so is its repository {}", gone.display())
    };
    Lost { found, doubt }
}

/// Adds what git still has of it, and whether that or something else keeps it.
pub(crate) fn look(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let record = asked.record();
    seen.changed = staged(asked, seen)?;
    let moved_to = moved_to(record);
    // A disk that is not there, or a move of more than the worktree.
    let absence = absence::look(&record.path, &record.path, &record.grounds.worktree)?;
    let is_proven = absence == Some(Absence::Proven) || record.grounds.are_unknown();
    let all_gone = !is_proven || std::fs::read_dir(above(&record.path)).is_err();
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

/// Where it is when its whole repository was renamed, with the worktree in it.
fn moved_along(record: &Record) -> Option<PathBuf> {
    let (admin, root) = (record.admin.as_ref()?, &record.repository.root);
    let within = record.path.strip_prefix(root).ok()?;
    let entries = std::fs::read_dir(above(root)).ok()?;
    let mut places =
        entries.flatten().take(MOVED_ENTRIES_MAX).map(|entry| entry.path().join(within));
    places.find(|place| pointer(&place.join(DOT_GIT), "gitdir: ").is_ok_and(|to| to == *admin))
}
