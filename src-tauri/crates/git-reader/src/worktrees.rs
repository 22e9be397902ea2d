//! Linked worktrees, as the repository's own files name them.
//!
//! Promise: what they name is not opened; whether it is there is all that is asked.

use crate::answer::{Linked, Unknown};
use crate::bytes::Bytes;
use crate::limits::{LINE_MAX_BYTES, WORKTREES_MAX};
use crate::listed::Listed;
use crate::place::Place;
use crate::small;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Sorted by name.
pub fn list(place: &Place) -> Result<Listed<Linked>, Unknown> {
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
        let (linked, bytes) = linked(&home, &name);
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
    (Linked { name: Bytes::from(name.as_bytes()), path, locked, prunable }, bytes)
}
