//! What a look says: facts, "git can and this reader cannot", or "unknown" with the reason.
//!
//! Promise: an answer that is not understood is unknown, never empty.

use crate::reading::doubt::Doubt;
use crate::values::bytes::Bytes;
use crate::values::commit::CommitId;
use crate::values::listed::Listed;
use crate::values::words::Words;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Seen(Box<Seen>),
    /// libgit2 does not know a format that the repository uses. The `git` program may.
    CannotRead {
        why: Words,
    },
    /// Nothing follows from this: what is unknown is kept.
    Unknown(Unknown),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    pub kind: UnknownKind,
    pub why: Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownKind {
    /// No child could be started.
    NotStarted,
    TimeOut,
    Crashed,
    OutOfMemory,
    /// The directory is gone, or holds no `.git`.
    NoRepository,
    /// Its files are not where they are expected.
    Elsewhere,
    /// A file of git's is no plain file, or too large.
    Refused,
    /// It belongs to another user.
    Owner,
    /// libgit2 found something wrong in it.
    Damaged,
}

impl Unknown {
    pub fn new(kind: UnknownKind, why: impl AsRef<str>) -> Unknown {
        Unknown { kind, why: Words::from(why.as_ref()) }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            UnknownKind::NotStarted => "see whether the machine is out of processes or memory",
            UnknownKind::TimeOut | UnknownKind::OutOfMemory | UnknownKind::Crashed => {
                "look at the repository yourself, with care: it may have been built to do this"
            }
            UnknownKind::NoRepository => "see whether the directory is still there",
            UnknownKind::Elsewhere => "see where its `.git` and `core.worktree` lead",
            UnknownKind::Refused => "see what kind of file it is",
            UnknownKind::Owner => "make it your own, or leave it to its owner",
            UnknownKind::Damaged => "run `git fsck` in it",
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.hint())
    }
}

/// Facts about one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The directory with `HEAD` and `index`.
    pub git_directory: Bytes,
    pub head: Head,
    /// Of the branch that is checked out.
    pub upstream: Option<Upstream>,
    pub operation: Option<Operation>,
    /// Entries of the log of stashes; at least one while there is a stash.
    pub stashes: usize,
    /// Worktrees that the repository keeps, as it says itself.
    pub worktrees: Listed<Linked>,
    /// None when they were not asked for.
    pub files: Option<Files>,
    /// Commits that are nowhere else; none when they were not asked for.
    #[serde(default)]
    pub alone: Option<AloneCount>,
}

/// How many commits are nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AloneCount {
    Known {
        count: usize,
    },
    /// More than are counted.
    Many,
    Unknown {
        why: Words,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// `name` is without `refs/heads/` where it is a branch.
    Branch {
        name: Bytes,
        commit: CommitId,
    },
    /// No commit yet.
    Unborn {
        name: Bytes,
    },
    Detached {
        commit: CommitId,
    },
}

impl Head {
    pub fn commit(&self) -> Option<&CommitId> {
        match self {
            Head::Branch { commit, .. } | Head::Detached { commit } => Some(commit),
            Head::Unborn { .. } => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The whole name, `refs/remotes/origin/main`.
    pub name: Bytes,
    pub counts: Counts,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    Known {
        ahead: usize,
        behind: usize,
    },
    /// The upstream branch is not there.
    Gone,
    /// Farther apart than is counted.
    Far,
    Unknown {
        why: Words,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Merge,
    Revert,
    CherryPick,
    Bisect,
    Rebase,
    ApplyMailbox,
}

/// A linked worktree, as the repository's own files say. Nothing of it was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Of its directory in `worktrees`.
    pub name: Bytes,
    /// The checkout; none when that file is not readable.
    pub path: Option<Bytes>,
    /// With its reason, which may be empty.
    pub locked: Option<Bytes>,
    /// What it names is not there.
    pub prunable: bool,
    /// Where that was asked for and can be read.
    #[serde(default)]
    pub head: Option<Head>,
    /// Of its branch, likewise.
    #[serde(default)]
    pub upstream: Option<Upstream>,
}

/// Files that are not as committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    pub changed: Listed<Change>,
    pub untracked: Listed<Bytes>,
    /// Submodules in the index, whether their files are there or not. Each is a look of its own.
    pub gitlinks: Listed<Gitlink>,
    /// Changed and untracked files that the `git` program would name too.
    pub certain: usize,
    /// Why these lists may differ from those of the `git` program.
    pub doubts: Vec<Doubt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub path: Bytes,
    /// As in `git status --porcelain=v2`: index and worktree, `.` for unchanged; `UU` for a conflict.
    pub letters: [u8; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gitlink {
    pub path: Bytes,
    pub commit: CommitId,
    /// Its directory holds a `.git`.
    pub is_populated: bool,
}

/// Whether there are changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clean {
    /// `dirty`: git would say so too. Not dirty: nothing was seen, and no known difference between
    /// libgit2 and git applies. That is good enough to be shown, and never enough to remove anything.
    Known { dirty: bool },
    /// Only the `git` program can tell.
    Unknown { doubts: Vec<Doubt> },
}

impl Files {
    pub fn clean(&self) -> Clean {
        let quiet = self.changed.is_empty() && self.untracked.is_empty();
        if self.certain > 0 {
            Clean::Known { dirty: true }
        } else if quiet && self.doubts.is_empty() {
            Clean::Known { dirty: false }
        } else {
            Clean::Unknown { doubts: self.doubts.clone() }
        }
    }
}
