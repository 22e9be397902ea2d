//! Files in git's own directories that are not as git makes them.
//!
//! git follows a symbolic link in the place of a file or directory of its own and writes to where it leads,
//! wherever that is, and it waits for ever for a pipe. Whoever can write there can make both; git makes
//! neither.
//! Promise: no call begins where there is a pipe that it would open, and no act where there is a link that
//! it would write through. A file that has other names too, as backups of hard links give it, gets a copy in its
//! place before git writes to it: the others keep what they have. Must not know: what the call is.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::shadow::common_of;
use crate::limits::OWN_FILES_MAX;
use nightshift_platform::below::{self, Content, Found};
use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::io::Seek;
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
/// Longest of them that is copied: a log of a million lines.
const COPIED_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// So often a file is copied that is written meanwhile.
const COPIES_MAX: usize = 3;
const PRIVATE: u32 = 0o700;
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
                        alone(dir, &path)?;
                    }
                }
            }
            for name in ["objects", "worktrees"] {
                entries(&dir.join(name), None, |_| {})?;
            }
            let mut left = WRITTEN_BELOW.iter().map(|name| dir.join(name)).collect::<Vec<_>>();
            let mut seen = 0;
            while let Some(above) = left.pop() {
                let added_to = above.starts_with(dir.join(LOGS));
                let added_to = added_to.then_some(dir.as_path());
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
/// to them: then `added_to` is git's directory that it is in. A directory that is not there has none.
fn entries(dir: &Path, added_to: Option<&Path>, mut is_dir: impl FnMut(PathBuf)) -> Result<usize> {
    let mut seen = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        seen += 1;
        let Ok(kind) = entry.file_type() else { continue };
        plain(&entry.path(), kind)?;
        if kind.is_dir() {
            is_dir(entry.path());
        } else if let Some(git_dir) = added_to {
            alone(git_dir, &entry.path())?;
        }
    }
    Ok(seen)
}

/// Sees to it that a file in `git_dir` has no other name: a copy takes its place where it has.
fn alone(git_dir: &Path, path: &Path) -> Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if found.nlink() <= 1 {
        return Ok(());
    }
    let shared = |why: &str| {
        let text = format!("{} is a hard link, and {why}", path.display());
        Error::new(Kind::Refused, text).hint("remove it, or put a copy in its place")
    };
    let own = fs::metadata(git_dir).at(git_dir)?.uid();
    if found.uid() != own {
        return Err(shared("its file is another user's"));
    }
    if found.len() > COPIED_MAX_BYTES {
        return Err(shared("its file is too large to be copied"));
    }
    let name = path.strip_prefix(git_dir).unwrap_or(path);
    let Found::File { mut file, permissions } = below::open(git_dir, name).at(path)? else {
        return Err(waits(path));
    };
    for _ in 0..COPIES_MAX {
        let before = file.metadata().at(path)?;
        file.rewind().at(path)?;
        let content = Content::File { from: &mut file, permissions };
        // No directory is made: it is in one.
        below::write(git_dir, name, content, PRIVATE).at(path)?;
        let now = file.metadata().at(path)?;
        // What git adds in this moment belongs to the copy.
        if (now.len(), now.mtime(), now.mtime_nsec())
            == (before.len(), before.mtime(), before.mtime_nsec())
        {
            return Ok(());
        }
    }
    Err(shared("it changes while it is copied"))
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
