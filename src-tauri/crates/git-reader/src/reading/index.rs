//! What the index says beside names: entries that git does not look at, sparse ones, submodules.

use crate::reading::doubt::{DoubtKind, Doubts};
use crate::reading::place::Place;
use crate::values::answer::Gitlink;
use crate::values::bytes::Bytes;
use crate::values::commit::CommitId;
use crate::values::listed::Listed;
use git2::{IndexEntry, Tree};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const MODE_GITLINK: u32 = 0o160_000;
/// gitformat-index(5): the assume-valid bit, the skip-worktree bit of an extended entry.
const ASSUME_VALID: u16 = 0x8000;
const SKIP_WORKTREE: u16 = 0x4000;
/// Bits of the flags that hold the stage of an entry.
const STAGE_BITS: u16 = 0x3000;

pub fn is_sparse(entry: &IndexEntry) -> bool {
    entry.flags_extended & SKIP_WORKTREE != 0
}

pub fn is_gitlink(entry: &IndexEntry) -> bool {
    entry.mode == MODE_GITLINK
}

/// It is part of a conflict.
pub fn is_conflict(entry: &IndexEntry) -> bool {
    entry.flags & STAGE_BITS != 0
}

pub fn doubts(entries: &[IndexEntry], doubts: &mut Doubts) {
    for entry in entries {
        for (holds, kind) in [
            (entry.flags & ASSUME_VALID != 0, DoubtKind::AssumeUnchanged),
            (is_sparse(entry), DoubtKind::SkipWorktree),
            (is_gitlink(entry), DoubtKind::Gitlink),
        ] {
            if holds {
                doubts.add(kind, Some(&entry.path));
            }
        }
    }
}

/// Submodules by the index, not by `.gitmodules`: one bad entry there hides all others.
pub fn gitlinks(entries: &[IndexEntry], place: &Place) -> Listed<Gitlink> {
    let mut list = Listed::default();
    for entry in entries.iter().filter(|entry| is_gitlink(entry)) {
        let at = place.root.join(OsStr::from_bytes(&entry.path)).join(".git");
        let is_populated = at.symlink_metadata().is_ok();
        let path = Bytes::from(&entry.path[..]);
        list.push(
            Gitlink { path, commit: CommitId::from(entry.id), is_populated },
            entry.path.len(),
        );
    }
    list
}

/// Submodules whose commit in the index is another than in the last commit: the walk is told to leave
/// submodules alone, so it does not see these either.
pub fn staged_gitlinks<'a>(
    entries: &'a [IndexEntry],
    tree: Option<&Tree<'_>>,
) -> impl Iterator<Item = &'a [u8]> {
    entries.iter().filter(|entry| is_gitlink(entry) && !is_conflict(entry)).filter_map(
        move |entry| {
            let old = tree?.get_path(Path::new(OsStr::from_bytes(&entry.path))).ok()?;
            let was_gitlink = u32::try_from(old.filemode()).is_ok_and(|mode| mode == MODE_GITLINK);
            (was_gitlink && old.id() != entry.id).then_some(&entry.path[..])
        },
    )
}
