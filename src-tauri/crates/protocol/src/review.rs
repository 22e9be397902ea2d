//! Review: what a session changed, and what is done with it. Every act names one session.
//!
//! Promise: paths are relative to the checkout's root; a page of a diff is bounded, and `version`
//! tells when pages belong to different states of a file.

use serde::{Deserialize, Serialize};

/// What to look at or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ReviewAct {
    /// Which files are other than the base.
    Changes,
    /// A page of one file's diff. `from` counts rows from 0.
    File {
        path: String,
        #[serde(default)]
        old_path: Option<String>,
        #[serde(default)]
        from: u32,
    },
    /// Both sides of an image.
    Image {
        path: String,
        #[serde(default)]
        old_path: Option<String>,
    },
    Stage {
        paths: Vec<String>,
    },
    Unstage {
        paths: Vec<String>,
    },
    /// Brings files back to their last commit. No paths: all that is not committed.
    Discard {
        #[serde(default)]
        paths: Vec<String>,
    },
    /// Brings back what a discard took; without paths all of it.
    Restore {
        rescue: String,
        #[serde(default)]
        paths: Vec<String>,
    },
    Commit {
        message: String,
        /// Everything that is not committed, not only what is staged.
        #[serde(default)]
        all: bool,
        /// Into the last commit.
        #[serde(default)]
        amend: bool,
    },
    Push,
    /// Pushes, then opens a pull request or says where one can be opened.
    PullRequest {
        title: String,
        #[serde(default)]
        body: String,
    },
    /// Onto the branch that the work began from.
    Rebase,
    /// Into the branch that the work began from.
    Merge,
}

/// A file that an act on all of them could not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct LeftOut {
    pub path: String,
    /// The reason, in a few words.
    pub why: String,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ReviewResult {
    Changes {
        changes: Box<Changes>,
    },
    File {
        page: FilePage,
    },
    Image {
        before: Option<Picture>,
        after: Option<Picture>,
    },
    /// Staged, unstaged or restored.
    Done,
    Discarded {
        /// Give it to `Restore`.
        rescue: String,
        paths: Vec<String>,
        /// What was to go too and stays.
        #[serde(default)]
        left_out: Vec<LeftOut>,
    },
    Committed {
        commit: String,
        subject: String,
        /// What was to be in it and is not.
        #[serde(default)]
        left_out: Vec<LeftOut>,
    },
    Pushed {
        remote: String,
        branch: String,
    },
    PullRequest {
        /// Of the pull request, or of the page that opens one; none when the remote has none that
        /// is known.
        url: Option<String>,
        state: RequestState,
        /// Why it was not opened here; may be empty.
        note: String,
    },
    Rebased {
        onto: String,
        commit: String,
    },
    Merged {
        into: String,
        commit: String,
    },
    /// Nothing was changed.
    Conflicts {
        with: String,
        files: Vec<String>,
        /// Words that hand them to the agent.
        message: String,
        /// What was not run that might have settled them; mostly empty.
        #[serde(default)]
        note: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Opened,
    /// There was one already.
    Existing,
    /// To be opened by hand at the address.
    ByHand,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The checkout.
    pub root: String,
    /// None when HEAD is detached.
    pub branch: Option<String>,
    pub base: ReviewBase,
    /// Newest first.
    pub commits: Vec<CommitLine>,
    /// Commits since the base, also those not listed.
    pub ahead: u32,
    /// Commits that the target has and the work has not.
    pub behind: u32,
    pub files: Vec<ChangedFile>,
    /// Files beyond those listed.
    pub more: u32,
    pub added: u32,
    pub removed: u32,
    pub staged: u32,
    pub uncommitted: u32,
    /// A commit message to begin with.
    pub draft: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct ReviewBase {
    /// None before the first commit.
    pub commit: Option<String>,
    /// A branch, or what else the commit is.
    pub label: String,
    /// The branch that merges go into; none when the work is on it already.
    pub target: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct CommitLine {
    pub commit: String,
    pub subject: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    pub path: String,
    /// Where it was before it was renamed.
    pub old_path: Option<String>,
    /// What staging or discarding it names: itself, and its old name while that is uncommitted.
    pub parts: Vec<String>,
    pub status: FileStatus,
    pub content: FileContent,
    /// None where lines mean nothing.
    pub added: Option<u32>,
    pub removed: Option<u32>,
    pub staging: Staging,
    /// `100644 → 100755` when the mode changed.
    pub mode: Option<String>,
    /// The name is not UTF-8: it can be seen and not acted on by name.
    pub unnameable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
    TypeChanged,
    Untracked,
    Conflicted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    Text,
    Binary,
    Image,
    Submodule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Staging {
    Committed,
    Unstaged,
    Staged,
    /// Some of it is staged.
    Partly,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct FilePage {
    pub rows: Vec<DiffRow>,
    pub from: u32,
    /// Rows there are in all pages.
    pub total: u32,
    /// Another number means another diff: begin again.
    pub version: u32,
    /// Why there is less than the whole; may be empty.
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct DiffRow {
    pub kind: RowKind,
    /// Line numbers, from 1.
    pub old: Option<u32>,
    pub new: Option<u32>,
    pub text: String,
    /// What of the line changed, where one line became another.
    pub marks: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    Hunk,
    Same,
    Removed,
    Added,
    /// About the line before, not a line.
    Note,
}

/// Positions in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Span {
    pub from: u32,
    pub to: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    pub mime: String,
    /// Base64.
    pub data: String,
    pub bytes: u32,
}
