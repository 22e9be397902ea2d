//! How much disk a worktree takes.
//!
//! Promise: follows no link, stays on one file system, counts a file with several names once, can be
//! told to stop.

use crate::error::{AtPath, Result};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// `st_blocks` is in units of 512 bytes whatever the file system, see stat(2).
const BLOCK_BYTES: u64 = 512;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// On disk.
    pub bytes: u64,
    pub files: u64,
    /// Something could not be read, or the count was stopped: it is at least this much.
    pub partial: bool,
}

/// Counts everything below `dir`, until `stop` is set.
pub fn size(dir: &Path, stop: &AtomicBool) -> Result<Size> {
    let device = std::fs::symlink_metadata(dir).at(dir)?.dev();
    let mut size = Size::default();
    let mut linked = BTreeSet::new();
    let mut next = vec![dir.to_owned()];
    while let Some(dir) = next.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else {
            size.partial = true;
            continue;
        };
        if stop.load(Ordering::Relaxed) {
            size.partial = true;
            break;
        }
        for entry in entries {
            let Ok((entry, metadata)) = entry.and_then(|e| e.metadata().map(|m| (e, m))) else {
                size.partial = true;
                continue;
            };
            if metadata.dev() != device
                || (metadata.nlink() > 1 && metadata.is_file() && !linked.insert(metadata.ino()))
            {
                continue;
            }
            size.files += 1;
            size.bytes += metadata.blocks() * BLOCK_BYTES;
            if metadata.is_dir() {
                next.push(entry.path());
            }
        }
    }
    Ok(size)
}
