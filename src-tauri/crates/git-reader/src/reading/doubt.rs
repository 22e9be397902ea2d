//! Where libgit2 and the `git` program are known to differ. Each rule was seen to matter.
//!
//! Promise: whatever makes "clean" or "changed" of a repository uncertain has a name here, and stands
//! in the answer. A difference that has no rule is a defect.

use crate::values::bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    pub kind: DoubtKind,
    /// A path for which it holds, where it is about one.
    pub example: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtKind {
    /// Something is ignored that git may not ignore. Some of libgit2's patterns hide more than git's
    /// (`*/` hides files too), and a repository with nothing but `.git` in it counts as ignored.
    Ignored,
    /// A file beside tracked ones that libgit2 neither names nor calls ignored; the patterns `*/` and
    /// `**/` do that to all in the checkout itself.
    PassedOver,
    /// An entry that git was told not to look at; libgit2 does not even name it when it is new.
    AssumeUnchanged,
    /// A sparse checkout: libgit2 calls absent files deleted.
    SkipWorktree,
    /// A filter or an encoding changes content on its way; libgit2 runs none.
    Filter,
    /// Attributes are not as they were when the files were added: what they mean may have changed.
    AttributesChanged,
    /// `info/attributes` counts and leaves no trace of its changes.
    InfoAttributes,
    /// A submodule; it is to be looked at by itself.
    Gitlink,
    /// A setting of the repository that is not taken over; the example is its name.
    Setting,
    /// `refs/replace`: git compares with another commit than libgit2.
    Replaced,
    /// A file or directory that may not be read.
    Unreadable,
}

impl DoubtKind {
    /// Every entry of the worktree that is named as changed may be none. Differences between the
    /// index and the last commit are not touched by any setting.
    pub(crate) fn may_invent_everywhere(self) -> bool {
        matches!(self, DoubtKind::Setting)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DoubtKind::Ignored => "git may not ignore something",
            DoubtKind::PassedOver => "a file was passed over",
            DoubtKind::AssumeUnchanged => "git was told not to look at a file",
            DoubtKind::SkipWorktree => "the checkout is sparse",
            DoubtKind::Filter => "a filter changes content",
            DoubtKind::AttributesChanged => "attributes have changed",
            DoubtKind::InfoAttributes => "the repository has attributes of its own",
            DoubtKind::Gitlink => "it has a submodule",
            DoubtKind::Setting => "a setting was not taken over",
            DoubtKind::Replaced => "commits are replaced",
            DoubtKind::Unreadable => "something cannot be read",
        };
        match &self.example {
            Some(example) => write!(f, "{what} ({})", example.as_bytes().escape_ascii()),
            None => f.write_str(what),
        }
    }
}

/// Doubts under collection: each kind once, with its first example.
#[derive(Debug, Default)]
pub(crate) struct Doubts(Vec<Doubt>);

impl Doubts {
    pub fn add(&mut self, kind: DoubtKind, example: Option<&[u8]>) {
        if !self.has(kind) {
            self.0.push(Doubt { kind, example: example.map(Bytes::from) });
        }
    }

    pub fn has(&self, kind: DoubtKind) -> bool {
        self.0.iter().any(|doubt| doubt.kind == kind)
    }

    pub fn may_invent_everywhere(&self) -> bool {
        self.0.iter().any(|doubt| doubt.kind.may_invent_everywhere())
    }

    pub fn into_inner(self) -> Vec<Doubt> {
        self.0
    }
}
