//! Files in git's own directories that are not as git makes them.
//!
//! git follows a symbolic link in the place of a file or directory of its own and writes to where it leads,
//! wherever that is, and it waits for ever for a pipe. Whoever can write there can make both; git makes
//! neither.
//! Promise: no call begins where there is a pipe that it would open, and no act where there is a link that
//! it would write through, a symbolic or a hard one. Must not know: what the call is.

use crate::error::{Error, Kind, Result};
use crate::git_program::shadow::common_of;
use crate::limits::OWN_FILES_MAX;
use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files that a look opens.
pub(crate) const READ: &[&str] = &[
    "HEAD",
    "config",
    "index",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info/alternates",
    "packed-refs",
    "shallow",
];
/// Files that an act may write, whatever it does.
const WRITTEN: &[&str] = &[
    "AUTO_MERGE",
    "CHERRY_PICK_HEAD",
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "SQUASH_MSG",
    "index",
    "packed-refs",
];
/// Those of them that git writes in place, so that whatever else is the same file is written too.
const WRITTEN_IN_PLACE: &[&str] =
    &["COMMIT_EDITMSG", "FETCH_HEAD", "MERGE_MODE", "MERGE_MSG", "SQUASH_MSG"];
/// Where git adds to files.
const LOGS: &str = "logs";
/// Directories in which an act makes entries.
const FILLED: &[&str] = &["nightshift", "objects", "objects/info", "objects/pack", "worktrees"];
/// Directories in which an act writes at any depth.
const WRITTEN_BELOW: &[&str] = &[LOGS, "refs"];

/// Looks at the directories of a call about `git_dir`.
pub(crate) fn check(git_dir: &Path, acts: bool) -> Result<()> {
    let mut dirs = BTreeSet::from([git_dir.to_owned()]);
    // One that leads elsewhere is refused by whoever asks for it.
    dirs.extend(common_of(git_dir).ok());
    for dir in &dirs {
        for name in READ {
            let file = dir.join(name);
            if fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(waits(&file));
            }
        }
        if acts {
            for name in WRITTEN.iter().chain(FILLED).chain(WRITTEN_BELOW) {
                let path = dir.join(name);
                if let Ok(metadata) = fs::symlink_metadata(&path) {
                    plain(&path, metadata.file_type())?;
                    if WRITTEN_IN_PLACE.contains(name) {
                        alone(&path)?;
                    }
                }
            }
            for name in ["objects", "worktrees"] {
                entries(&dir.join(name), false, |_| {})?;
            }
            let mut left = WRITTEN_BELOW.iter().map(|name| dir.join(name)).collect::<Vec<_>>();
            let mut seen = 0;
            while let Some(above) = left.pop() {
                let added_to = above.starts_with(dir.join(LOGS));
                seen += entries(&above, added_to, |below| left.push(below))?;
                if seen > OWN_FILES_MAX {
                    let text = format!("{} has more than {OWN_FILES_MAX} entries", above.display());
                    return Err(Error::new(Kind::Refused, text)
                        .hint("pack them with `git pack-refs --all`"));
                }
            }
        }
    }
    Ok(())
}

/// How many there are in `dir`, none of which is a link or a pipe, nor another file's name too where git adds
/// to them. A directory that is not there has none.
fn entries(dir: &Path, added_to: bool, mut is_dir: impl FnMut(PathBuf)) -> Result<usize> {
    let mut seen = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        seen += 1;
        let Ok(kind) = entry.file_type() else { continue };
        plain(&entry.path(), kind)?;
        if kind.is_dir() {
            is_dir(entry.path());
        } else if added_to {
            alone(&entry.path())?;
        }
    }
    Ok(seen)
}

/// A file that has no other name.
fn alone(path: &Path) -> Result<()> {
    let links = fs::symlink_metadata(path).map_or(1, |metadata| metadata.nlink());
    if links <= 1 {
        return Ok(());
    }
    let text = format!("{} is a hard link: git would write to another file too", path.display());
    Err(Error::new(Kind::Refused, text).hint("remove it, or put a copy in its place"))
}

/// A file or directory as git makes them.
pub(crate) fn plain(path: &Path, kind: FileType) -> Result<()> {
    if kind.is_symlink() {
        let text = format!("{} is a symbolic link, which git would follow", path.display());
        return Err(Error::new(Kind::Refused, text).hint("see where it leads, and remove it"));
    }
    if kind.is_file() || kind.is_dir() { Ok(()) } else { Err(waits(path)) }
}

/// The refusal of something that git would open and wait for.
pub(crate) fn waits(path: &Path) -> Error {
    let text = format!("{} is no plain file, and git waits for it", path.display());
    Error::new(Kind::Refused, text).hint("remove it")
}
