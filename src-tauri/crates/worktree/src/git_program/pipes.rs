//! Pipes and devices in the place of files that git opens: it would wait for them for ever.
//!
//! Promise: found by names and kinds alone, nothing is opened; bounded in entries.

use crate::limits::ENTRIES_MAX;
use std::ffi::OsStr;
use std::fs::FileType;
use std::path::{Path, PathBuf};

/// Files that git opens in every directory, and that would keep it for ever if they were pipes.
pub(crate) fn keeps_git_waiting(name: &OsStr, kind: FileType) -> bool {
    let opened =
        [".gitignore", ".gitattributes", ".gitmodules"].iter().any(|opened| name == *opened);
    opened && !kind.is_file() && !kind.is_symlink()
}

/// The first one in the checkout at `root`.
pub(crate) fn first(root: &Path) -> Option<PathBuf> {
    let mut seen = 0;
    let mut next = vec![root.to_owned()];
    while let Some(dir) = next.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            seen += 1;
            if seen > ENTRIES_MAX {
                return None;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if keeps_git_waiting(&entry.file_name(), kind) {
                return Some(entry.path());
            }
            if kind.is_dir() {
                next.push(entry.path());
            }
        }
    }
    None
}
