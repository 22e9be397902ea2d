//! Which files are not as committed: libgit2's walk, in the words of `git status`, with its doubts.
//!
//! Promise: nothing is refreshed, no submodule is opened, no filter is run; every rule of `doubt.rs`
//! is applied here.

use crate::child::look::Stop;
use crate::reading::distance::is_replaced;
use crate::reading::doubt::{DoubtKind, Doubts};
use crate::reading::ignored::Ignored;
use crate::reading::place::Place;
use crate::reading::{attributes, guard, index, unlisted};
use crate::values::answer::{Change, Files};
use crate::values::bytes::Bytes;
use crate::values::request::UserSettings;
use git2::{IndexEntry, Repository, Status, StatusOptions};
use std::collections::HashMap;

/// A conflict, whichever kind.
const CONFLICT: [u8; 2] = *b"UU";
const SAME: u8 = b'.';

/// What libgit2's walk named.
struct Walk {
    changes: Vec<([u8; 2], Vec<u8>)>,
    untracked: Vec<Vec<u8>>,
    ignored: Vec<Vec<u8>>,
}

pub fn files(
    repository: &Repository,
    place: &Place,
    user: &UserSettings,
    mut doubts: Doubts,
) -> Result<Files, Stop> {
    let entries: Vec<IndexEntry> = repository.index()?.iter().collect();
    guard::patterns(place, entries.iter().map(|entry| &entry.path[..]))?;
    index::doubts(&entries, &mut doubts);
    if is_replaced(repository, place)? {
        doubts.add(DoubtKind::Replaced, None);
    }
    let mut walk = walk(repository, &mut doubts)?;
    let tree = repository.head().and_then(|head| head.peel_to_tree()).ok();
    for path in index::staged_gitlinks(&entries, tree.as_ref()) {
        walk.changes.push((*b"M.", path.to_vec()));
    }
    let tracked = entries.iter().map(|entry| &entry.path[..]);
    let seen = Ignored { place, user, ignored: &walk.ignored, untracked: &walk.untracked };
    if let Some(path) = seen.doubtful(repository, tracked)? {
        doubts.add(DoubtKind::Ignored, Some(path));
    }
    let mut listed = [&walk.untracked[..], &walk.ignored].concat();
    listed.sort();
    if let Some(path) = unlisted::first(place, &entries, &listed) {
        doubts.add(DoubtKind::PassedOver, Some(&path));
    }
    let filtered = filters(repository, place, &entries, &walk, &mut doubts)?;
    let mut files = Files::default();
    let by_path: HashMap<&[u8], &IndexEntry> =
        entries.iter().map(|entry| (&entry.path[..], entry)).collect();
    let none_of_worktree = doubts.may_invent_everywhere();
    let none_of_index = doubts.has(DoubtKind::Replaced);
    for (letters, path) in walk.changes {
        let entry = by_path.get(&path[..]);
        let is_apart = entry.is_some_and(|e| index::is_sparse(e) || index::is_gitlink(e));
        let seems = none_of_worktree
            || is_apart
            || (filtered && attributes::changes_content(repository, &path)?);
        let worktree = letters[1] != SAME && !seems;
        let staged = letters[0] != SAME && !none_of_index;
        files.certain += usize::from(worktree || staged || letters == CONFLICT);
        let bytes = path.len();
        files.changed.push(Change { path: Bytes::from(&path[..]), letters }, bytes);
    }
    for path in walk.untracked {
        files.certain += usize::from(!none_of_worktree);
        files.untracked.push(Bytes::from(&path[..]), path.len());
    }
    files.gitlinks = index::gitlinks(&entries, place);
    files.doubts = doubts.into_inner();
    Ok(files)
}

fn walk(repository: &Repository, doubts: &mut Doubts) -> Result<Walk, Stop> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(true);
    // Each would be opened with its own configuration.
    options.exclude_submodules(true).include_unreadable(true);
    let statuses = repository.statuses(Some(&mut options))?;
    let mut walk = Walk { changes: Vec::new(), untracked: Vec::new(), ignored: Vec::new() };
    for entry in statuses.iter() {
        let (status, path) = (entry.status(), entry.path_bytes());
        if status.contains(Status::IGNORED) {
            walk.ignored.push(path.to_vec());
        }
        if status.contains(Status::WT_UNREADABLE) {
            doubts.add(DoubtKind::Unreadable, Some(path));
        }
        if status.contains(Status::WT_NEW) {
            walk.untracked.push(path.to_vec());
        }
        let letters = letters(status);
        let changed = letters != [SAME; 2];
        if changed {
            walk.changes.push((letters, path.to_vec()));
        }
        if (changed || status.contains(Status::WT_NEW)) && attributes::is_attributes(path) {
            doubts.add(DoubtKind::AttributesChanged, Some(path));
        }
    }
    Ok(walk)
}

/// As in `git status --porcelain=v2`. A file that was taken out of the index and is still there is
/// one entry here and two there.
fn letters(status: Status) -> [u8; 2] {
    if status.contains(Status::CONFLICTED) {
        return CONFLICT;
    }
    let letter = |of: &[(Status, u8)]| {
        of.iter().find(|(bit, _)| status.contains(*bit)).map_or(SAME, |(_, letter)| *letter)
    };
    let index = letter(&[
        (Status::INDEX_NEW, b'A'),
        (Status::INDEX_TYPECHANGE, b'T'),
        (Status::INDEX_MODIFIED, b'M'),
        (Status::INDEX_DELETED, b'D'),
    ]);
    let worktree = letter(&[
        (Status::WT_TYPECHANGE, b'T'),
        (Status::WT_MODIFIED, b'M'),
        (Status::WT_DELETED, b'D'),
    ]);
    [index, worktree]
}

/// Whether any attribute changes content; the doubt names a tracked file that has one.
fn filters(
    repository: &Repository,
    place: &Place,
    entries: &[IndexEntry],
    walk: &Walk,
    doubts: &mut Doubts,
) -> Result<bool, Stop> {
    let tracked = entries.iter().map(|entry| &entry.path[..]);
    let untracked = walk.untracked.iter().map(|path| &path[..]);
    let sources = tracked.chain(untracked).filter(|path| attributes::is_attributes(path));
    if !attributes::any_changing(place, sources, doubts)? {
        return Ok(false);
    }
    for entry in entries.iter().filter(|entry| !index::is_gitlink(entry)) {
        if attributes::changes_content(repository, &entry.path)? {
            doubts.add(DoubtKind::Filter, Some(&entry.path));
            break;
        }
    }
    Ok(true)
}
