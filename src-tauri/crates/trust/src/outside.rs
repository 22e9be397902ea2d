//! What a repository names and does not hold, such as a settings file that is a link to somewhere else.
//!
//! It may be any file of the user's, so its text is not shown: only where it is, and the hash of what is there
//! now, by which a change is noticed.
//! Promise: nothing of it is shown but its place and its hash; reading is bounded and waits for nobody; what is
//! neither file nor directory is an error.

use crate::limits::{DEPTH_MAX, ENTRIES_MAX, ITEM_MAX_BYTES, OUTSIDE_MAX_BYTES};
use crate::tree::name;
use nightshift_platform::files::read_bounded;
use nightshift_worktree::sha256;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directories that belong to a repository, without links in them.
pub struct Inside(Vec<PathBuf>);

impl Inside {
    pub fn of(directories: &[&Path]) -> Inside {
        Inside(directories.iter().filter_map(|dir| std::fs::canonicalize(dir).ok()).collect())
    }

    /// Whether `place`, without links in it, is in one of them.
    pub fn holds(&self, place: &Path) -> bool {
        self.0.iter().any(|dir| place.starts_with(dir))
    }

    /// Where `path` is, if it is there and in none of them.
    pub fn leaves(&self, path: &Path) -> Option<PathBuf> {
        let place = std::fs::canonicalize(path).ok()?;
        (!self.holds(&place)).then_some(place)
    }
}

/// What stands for the text of `place`.
pub fn words(place: &Path) -> Result<Vec<u8>, String> {
    let hash = digest(place)?;
    let place = name(place);
    let words =
        format!("{place}: outside of the repository, so its text is not shown; sha256 {hash}\n");
    Ok(words.into_bytes())
}

/// The hash of a file, or of everything in a directory.
pub fn digest(place: &Path) -> Result<String, String> {
    Reading { entries: ENTRIES_MAX, bytes: OUTSIDE_MAX_BYTES }.digest(place, &mut Vec::new())
}

/// What may still be read.
struct Reading {
    entries: usize,
    bytes: u64,
}

impl Reading {
    /// `trail`: device and number of the directories that lead here.
    fn digest(&mut self, place: &Path, trail: &mut Vec<(u64, u64)>) -> Result<String, String> {
        let odd = |what: &str| format!("{}: {what}", name(place));
        let failed = |error: std::io::Error| odd(&error.to_string());
        self.entries = self.entries.checked_sub(1).ok_or_else(|| odd("it holds too many files"))?;
        let metadata = std::fs::metadata(place).map_err(failed)?;
        if metadata.is_file() {
            let bytes = read_bounded(place, ITEM_MAX_BYTES).map_err(failed)?;
            let left = self.bytes.checked_sub(bytes.len() as u64);
            self.bytes = left.ok_or_else(|| odd("it holds too much"))?;
            return Ok(sha256(&bytes));
        }
        if !metadata.is_dir() {
            return Err(odd("it is neither file nor directory"));
        }
        let here = (metadata.dev(), metadata.ino());
        if trail.contains(&here) {
            return Err(odd("it leads in a circle"));
        }
        if trail.len() >= DEPTH_MAX {
            return Err(odd("it is too deep"));
        }
        let entries = std::fs::read_dir(place).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut names: Vec<OsString> =
            entries.map_err(failed)?.into_iter().map(|entry| entry.file_name()).collect();
        names.sort();
        trail.push(here);
        let mut lines = String::new();
        for child in names {
            let hash = match std::fs::metadata(place.join(&child)) {
                // A link that leads to nothing.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                Ok(_) | Err(_) => self.digest(&place.join(&child), trail)?,
            };
            lines.push_str(&format!("{}\0{hash}\n", name(Path::new(&child))));
        }
        trail.pop();
        Ok(sha256(lines.as_bytes()))
    }
}
