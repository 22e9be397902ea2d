//! What is asked: a directory, where git's own files of it must be, and how deep to look.

use crate::limits::Limits;
use crate::values::bytes::Bytes;
use crate::values::commit::CommitId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where the files of git's own must be. A repository says so itself, in files that others may have
/// written; whoever asks knows better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// In the directory `.git` of the directory itself.
    Own,
    /// The directory's `.git` is a file that names these: a linked worktree or a submodule.
    Elsewhere {
        /// Has `HEAD` and `index`: `common` itself, or a directory `worktrees/<name>` of it.
        git_directory: Bytes,
        /// Has objects and references.
        common: Bytes,
    },
}

/// One repository to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Absolute. Links in it are followed: whoever asks has chosen it.
    pub directory: PathBuf,
    pub expected: Expected,
    /// Also which files are changed; without it a look takes a fraction of a millisecond.
    pub files: bool,
    /// Also how many commits are nowhere else.
    pub alone: Option<Alone>,
    /// Also what is checked out in the repository's linked worktrees.
    pub linked_heads: bool,
}

/// Which commits are counted as being nowhere else: none of them is in a remote-tracking branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alone {
    /// Of a worktree: those of HEAD and `branch` that neither another branch nor `base` has.
    Worktree { branch: Bytes, base: CommitId },
    /// Of a whole repository: those of HEAD, of every branch and of the stash.
    Repository,
}

impl Request {
    /// A checkout with its own `.git` directory.
    pub fn own(directory: &Path) -> Request {
        Request::at(directory, Expected::Own)
    }

    /// A linked worktree, as its record names it.
    pub fn linked(directory: &Path, git_directory: &Path, common: &Path) -> Request {
        let (git_directory, common) = (Bytes::from(git_directory), Bytes::from(common));
        let expected = Expected::Elsewhere { git_directory, common };
        Request::at(directory, expected)
    }

    fn at(directory: &Path, expected: Expected) -> Request {
        let directory = directory.to_owned();
        Request { directory, expected, files: true, alone: None, linked_heads: false }
    }

    /// The same without its files: head, upstream, operation, stashes, worktrees.
    #[must_use]
    pub fn without_files(self) -> Request {
        Request { files: false, ..self }
    }

    #[must_use]
    pub fn with_alone(self, alone: Alone) -> Request {
        Request { alone: Some(alone), ..self }
    }

    #[must_use]
    pub fn with_linked_heads(self) -> Request {
        Request { linked_heads: true, ..self }
    }
}

/// `core.autocrlf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autocrlf {
    True,
    False,
    Input,
}

/// `core.eol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eol {
    Lf,
    Crlf,
    Native,
}

/// What the user's own configuration says. The child opens none of the user's files by itself, so
/// whoever wants them to count says so here; a repository's own settings go before these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSettings {
    /// The file of `core.excludesFile`.
    pub excludes: Option<Bytes>,
    pub autocrlf: Option<Autocrlf>,
    pub eol: Option<Eol>,
}

/// A request as a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub directory: Bytes,
    pub expected: Expected,
    pub files: bool,
    #[serde(default)]
    pub alone: Option<Alone>,
    #[serde(default)]
    pub linked_heads: bool,
    pub user: UserSettings,
    pub wall_ms: u64,
    pub cpu_s: u32,
}

impl Asked {
    pub fn new(request: &Request, user: &UserSettings, limits: Limits) -> Asked {
        Asked {
            directory: Bytes::from(request.directory.as_path()),
            expected: request.expected.clone(),
            files: request.files,
            alone: request.alone.clone(),
            linked_heads: request.linked_heads,
            user: user.clone(),
            wall_ms: u64::try_from(limits.wall.as_millis()).unwrap_or(u64::MAX),
            cpu_s: limits.cpu_s,
        }
    }
}

/// The child's first line: it has its limits and listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub git_reader: u32,
}

/// Parent and child are the same program, but a file may be replaced while the parent runs.
pub(crate) const READY: Ready = Ready { git_reader: 1 };
