//! Linked worktrees, as the repository's own files name them.
//!
//! Promise: what they name is not opened; whether it is there is all that is asked.

use crate::child::look::Stop;
use crate::limits::{LINE_MAX_BYTES, WORKTREES_MAX};
use crate::reading::distance::Distance;
use crate::reading::head::{BRANCHES, Tip, upstream};
use crate::reading::place::Place;
use crate::reading::{guard, small};
use crate::values::answer::{Head, Linked, Unknown, Upstream};
use crate::values::bytes::Bytes;
use crate::values::listed::Listed;
use git2::{ErrorCode, Oid, Repository};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Sorted by name.
pub fn list(
    place: &Place,
    mut heads: Option<(&Repository, &mut Distance<'_>)>,
) -> Result<Listed<Linked>, Unknown> {
    let home = place.common.join("worktrees");
    let unreadable = |error: io::Error| small::refused(&home, &error.to_string());
    let entries = match home.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::default()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if names.len() >= WORKTREES_MAX {
            let text = format!("has more than {WORKTREES_MAX} entries");
            return Err(small::refused(&home, &text));
        }
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            names.push(entry.file_name());
        }
    }
    names.sort();
    let mut list = Listed::default();
    for name in names {
        let (mut linked, bytes) = linked(&home, &name);
        if let Some((repository, distance)) = &mut heads {
            // One that cannot be read costs nothing of the others.
            if let Ok((head, upstream)) = head(repository, place, distance, &home.join(&name)) {
                (linked.head, linked.upstream) = (Some(head), upstream);
            }
        }
        list.push(linked, bytes);
    }
    Ok(list)
}

fn linked(home: &Path, name: &OsStr) -> (Linked, usize) {
    let own = home.join(name);
    // Whole: a path may hold line breaks.
    let pointer = small::read(&own.join("gitdir"), LINE_MAX_BYTES).ok().flatten();
    let pointer =
        pointer.map(|text| text.trim_ascii_end().to_vec()).filter(|text| !text.is_empty());
    // It may be relative to the directory that it stands in.
    let dot_git = pointer.map(|path| own.join(OsStr::from_bytes(&path)));
    let is_there = dot_git.as_ref().is_some_and(|path| path.symlink_metadata().is_ok());
    let path = dot_git.as_deref().and_then(Path::parent).map(Bytes::from);
    let locked = match small::read(&own.join("locked"), LINE_MAX_BYTES) {
        Ok(None) => None,
        Ok(Some(reason)) => Some(Bytes::from(reason.trim_ascii())),
        // Whatever it is, it is not "not locked".
        Err(_) => Some(Bytes::default()),
    };
    let prunable = !is_there && locked.is_none();
    let held = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.as_bytes().len());
    let bytes = name.len() + held(&path) + held(&locked);
    let name = Bytes::from(name.as_bytes());
    (Linked { name, path, locked, prunable, head: None, upstream: None }, bytes)
}

/// What is checked out in the worktree whose directory in the repository is `own`. Commits are named,
/// not read, unless they are compared with the upstream.
fn head(
    repository: &Repository,
    place: &Place,
    distance: &mut Distance<'_>,
    own: &Path,
) -> Result<(Head, Option<Upstream>), Stop> {
    let file = own.join("HEAD");
    let line = small::line(&file, LINE_MAX_BYTES)?.unwrap_or_default();
    let damaged = |why: &str| small::refused(&file, why);
    let text = std::str::from_utf8(&line).map_err(|_| damaged("is not UTF-8"))?;
    let Some(name) = text.strip_prefix("ref: ") else {
        let commit = Oid::from_str(text).map_err(|_| damaged("is not understood"))?;
        return Ok((Head::Detached { commit: commit.into() }, None));
    };
    guard::reference(place, name.as_bytes())?;
    let short = Bytes::from(name.strip_prefix(BRANCHES).unwrap_or(name).as_bytes());
    let commit = match repository.find_reference(name).and_then(|found| found.resolve()) {
        Ok(found) => found.target(),
        Err(error) if error.code() == ErrorCode::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let head = match commit {
        Some(commit) => Head::Branch { name: short, commit: commit.into() },
        None => Head::Unborn { name: short },
    };
    let tip = Tip { head, commit, reference: Some(name.to_owned()) };
    // Whatever is wrong with the upstream, the head is known.
    let upstream = upstream(repository, place, &tip, distance).ok().flatten();
    Ok((tip.head, upstream))
}
