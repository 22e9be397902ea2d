//! Files that would hang a reader, or feed it without end, are refused before they are opened.
//!
//! Promise: what is named here is a plain file of bounded size or absent when libgit2 opens it, as
//! far as one can see beforehand. What cannot be seen (includes of a configuration, a file that is
//! exchanged meanwhile) is for the limits of the child.

use crate::limits::{
    CONFIG_MAX_BYTES, INDEX_MAX_BYTES, LINE_MAX_BYTES, PATTERNS_MAX_BYTES, REFERENCES_MAX,
    REFS_MAX_BYTES,
};
use crate::reading::place::Place;
use crate::reading::small;
use crate::values::answer::Unknown;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Of the directory that has HEAD.
const OWN: &[(&str, u64)] = &[
    ("HEAD", LINE_MAX_BYTES),
    ("commondir", LINE_MAX_BYTES),
    ("config.worktree", CONFIG_MAX_BYTES),
    ("gitdir", LINE_MAX_BYTES),
    ("index", INDEX_MAX_BYTES),
];
/// Of the directory that has the objects.
const COMMON: &[(&str, u64)] = &[
    ("config", CONFIG_MAX_BYTES),
    ("info/attributes", PATTERNS_MAX_BYTES),
    ("info/exclude", PATTERNS_MAX_BYTES),
    ("info/grafts", PATTERNS_MAX_BYTES),
    ("objects/info/alternates", LINE_MAX_BYTES),
    ("objects/info/commit-graph", REFS_MAX_BYTES),
    ("objects/info/commit-graphs/commit-graph-chain", LINE_MAX_BYTES),
    ("packed-refs", REFS_MAX_BYTES),
    ("shallow", REFS_MAX_BYTES),
];
/// Read in every directory on the way.
const PATTERN_FILES: &[&str] = &[".gitignore", ".gitattributes"];

/// Before a repository is opened.
pub fn files(place: &Place) -> Result<(), Unknown> {
    for (directory, files) in [(&place.git_directory, OWN), (&place.common, COMMON)] {
        for (name, max) in files {
            small::check(&directory.join(name), *max)?;
        }
    }
    let head = small::line(&place.git_directory.join("HEAD"), LINE_MAX_BYTES)?.unwrap_or_default();
    match head.strip_prefix(b"ref: ") {
        Some(name) => reference(place, name),
        None => Ok(()),
    }
}

/// Before the reference `name` is read. One that leads out of the repository is libgit2's to refuse.
pub fn reference(place: &Place, name: &[u8]) -> Result<(), Unknown> {
    let name = Path::new(OsStr::from_bytes(name));
    let leads_out = |part| !matches!(part, std::path::Component::Normal(_));
    if name.components().any(leads_out) {
        return Ok(());
    }
    for directory in [&place.git_directory, &place.common] {
        let file = directory.join(name);
        // A directory of that name holds other references; this one may be packed.
        if !file.is_dir() {
            small::check(&file, LINE_MAX_BYTES)?;
        }
    }
    Ok(())
}

/// Before all references below `name` are read: nothing there is a pipe or the like.
pub fn references(place: &Place, name: &str) -> Result<(), Unknown> {
    let mut seen = 0;
    let mut next = vec![place.common.join(name)];
    while let Some(at) = next.pop() {
        let entries = match at.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(small::refused(&at, &error.to_string())),
        };
        for entry in entries {
            seen += 1;
            let entry = entry.and_then(|entry| Ok((entry.file_type()?, entry.path())));
            match entry.map_err(|error| small::refused(&at, &error.to_string()))? {
                _ if seen > REFERENCES_MAX => {
                    let text = format!("holds more than {REFERENCES_MAX} references");
                    return Err(small::refused(&at, &text));
                }
                (kind, path) if kind.is_dir() => next.push(path),
                (kind, _) if kind.is_file() => {}
                (_, path) => return Err(small::refused(&path, "is no plain file")),
            }
        }
    }
    Ok(())
}

/// Before the worktree is walked: pattern files beside tracked files. Those in other directories are
/// found by the walk only.
pub fn patterns<'a>(place: &Place, tracked: impl Iterator<Item = &'a [u8]>) -> Result<(), Unknown> {
    let mut seen = HashSet::new();
    beside(&place.root)?;
    for path in tracked {
        let mut below = Path::new(OsStr::from_bytes(path)).parent();
        while let Some(directory) = below.filter(|at| !at.as_os_str().is_empty()) {
            if !seen.insert(directory.to_owned()) {
                break;
            }
            beside(&place.root.join(directory))?;
            below = directory.parent();
        }
    }
    Ok(())
}

fn beside(directory: &Path) -> Result<(), Unknown> {
    for name in PATTERN_FILES {
        let file = directory.join(name);
        // git follows no link here and libgit2 may: what is behind it is not the repository's.
        if !file.is_dir() || file.is_symlink() {
            small::check(&file, PATTERNS_MAX_BYTES)?;
        }
    }
    Ok(())
}
