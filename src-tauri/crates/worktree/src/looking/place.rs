//! Whether a worktree is where its record says, and is what it says.
//!
//! Promise: a path with a symbolic link in it, another repository's directory or a half-deleted
//! worktree is never taken for the recorded one.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::shadow::common_of;
use crate::limits::LINE_FILE_MAX_BYTES;
use crate::removing::gone;
use crate::removing::gone::Traces;
use crate::removing::ledger::Record;
use nightshift_platform::files::read_bounded;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What is at a record's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    There {
        device: u64,
        inode: u64,
    },
    /// Nothing is at the path; what git knows of it is still there.
    Missing,
    /// Nothing is at the path, and git knows nothing of a worktree there.
    Lost(Traces),
}

const YOURS: &str =
    "what is in it stays: take out what you need and delete the directory, then remove it again";

/// Looks without following a link. An error means: not what was recorded, so leave it alone.
pub(crate) fn look(record: &Record) -> Result<Place> {
    let path = &record.path;
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match check_admin(record) {
                Ok(_) => Ok(Place::Missing),
                Err(wrong) => gone::traces(record, wrong).map(Place::Lost),
            };
        }
        read => read.at(path)?,
    };
    if metadata.is_symlink() {
        return Err(wrong(path, "is a symbolic link now"));
    }
    if !metadata.is_dir() {
        return Err(wrong(path, "is no directory now"));
    }
    let real = std::fs::canonicalize(path).at(path)?;
    if real != *path {
        let text = format!("leads through a symbolic link to {}", real.display());
        return Err(wrong(path, &text));
    }
    let dot_git = path.join(".git");
    let points_to = match pointer(&dot_git, "gitdir: ") {
        Err(error) if error.kind == Kind::NotFound => {
            return Err(wrong(
                path,
                &format!("is no worktree any more, for its .git is gone; {YOURS}"),
            ));
        }
        read => read?,
    };
    let admin = match check_admin(record) {
        Err(error) if error.kind == Kind::NotFound => {
            let text = format!(
                "is unknown to git: {}; {YOURS}. Where its repository was moved, `git worktree repair {}` there \
                 mends it",
                error.message,
                path.display()
            );
            return Err(wrong(path, &text));
        }
        checked => checked?,
    };
    if points_to != admin {
        let text = format!("belongs to {} now", points_to.display());
        return Err(wrong(path, &text));
    }
    Ok(of(&metadata))
}

pub(crate) fn of(metadata: &Metadata) -> Place {
    Place::There { device: metadata.dev(), inode: metadata.ino() }
}

/// The worktree's directory in the repository points back to the worktree.
fn check_admin(record: &Record) -> Result<PathBuf> {
    let Some(admin) = &record.admin else {
        return Err(wrong(&record.path, "was never made completely"));
    };
    let back = pointer(&admin.join("gitdir"), "")?;
    if back != record.path.join(".git") {
        let (path, moved_to) = (&record.path, back.parent().unwrap_or(&back).display());
        let text = format!(
            "is not where git has this worktree any more: move it back with `git worktree move {moved_to} {}`",
            path.display()
        );
        return Err(wrong(path, &text));
    }
    Ok(admin.clone())
}

/// The git directory of the checkout at `root`.
pub(crate) fn git_dir(root: &Path) -> Result<PathBuf> {
    let dot_git = root.join(".git");
    if std::fs::symlink_metadata(&dot_git).at(&dot_git)?.is_file() {
        return pointer(&dot_git, "gitdir: ");
    }
    std::fs::canonicalize(&dot_git).at(&dot_git)
}

/// Whether the file system takes names that differ only in case for the same, as found by git's own
/// directories: a setting may say anything.
pub(crate) fn folds_case(git_dir: &Path) -> bool {
    let Ok(common) = common_of(git_dir) else { return false };
    let directory = |name: &str| {
        let metadata = std::fs::symlink_metadata(common.join(name)).ok()?;
        metadata.is_dir().then(|| of(&metadata))
    };
    directory("objects").is_some_and(|objects| directory("oBJECTS") == Some(objects))
}

/// The path in a one-line file of git's.
pub(crate) fn pointer(file: &Path, prefix: &str) -> Result<PathBuf> {
    let metadata = std::fs::symlink_metadata(file).at(file)?;
    if !metadata.is_file() {
        return Err(wrong(file, "is no plain file"));
    }
    let bytes = read_bounded(file, LINE_FILE_MAX_BYTES).at(file)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(file, "is not UTF-8"))?;
    let line = text.trim_end_matches('\n');
    let Some(path) = line.strip_prefix(prefix) else {
        return Err(wrong(file, "is not understood"));
    };
    // `worktree.useRelativePaths`: relative to the file.
    let path = file.parent().unwrap_or(Path::new("/")).join(path);
    Ok(normal(&path))
}

/// `..` taken out by name only: git writes no links into these files.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

fn wrong(path: &Path, what: &str) -> Error {
    Error::new(Kind::Refused, format!("{} {what}", path.display()))
        .hint("look at it by hand; Nightshift leaves it alone")
}
