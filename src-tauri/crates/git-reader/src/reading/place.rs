//! Where a repository's files are expected, and that the opened one is there.
//!
//! Promise: `core.worktree`, `.git` files, links and `commondir` of the repository lead nowhere but
//! where whoever asks expects it.

use crate::limits::LINE_MAX_BYTES;
use crate::reading::small;
use crate::values::answer::{Unknown, UnknownKind};
use crate::values::request::{Asked, Expected};
use git2::Repository;
use std::io;
use std::path::{Path, PathBuf};

/// Directories free of links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub root: PathBuf,
    pub git_directory: PathBuf,
    pub common: PathBuf,
}

impl Place {
    pub fn resolve(asked: &Asked) -> Result<Place, Unknown> {
        let directory = asked.directory.as_path();
        if !directory.is_absolute() {
            return Err(elsewhere(directory, "is no absolute path"));
        }
        let root = resolved(directory)?;
        let dot_git = root.join(".git");
        match &asked.expected {
            Expected::Own => {
                is_directory(&dot_git)?;
                Ok(Place { root, git_directory: dot_git.clone(), common: dot_git })
            }
            Expected::Elsewhere { git_directory, common } => {
                if dot_git.symlink_metadata().map_err(|error| missing(&dot_git, &error))?.is_dir() {
                    return Err(elsewhere(&dot_git, "is a directory, where a file is expected"));
                }
                small::check(&dot_git, LINE_MAX_BYTES)?;
                let named = git_directory.as_path();
                let below = named.strip_prefix(common.as_path());
                let below = below.map_err(|_| elsewhere(named, "is not in its repository"))?;
                let common = resolved(common.as_path())?;
                let git_directory = below_common(&common, below)?;
                Ok(Place { root, git_directory, common })
            }
        }
    }

    /// Refuses a repository that is not where it is expected.
    pub fn holds(&self, repository: &Repository) -> Result<(), Unknown> {
        let Some(root) = repository.workdir() else {
            return Err(elsewhere(&self.root, "calls itself bare"));
        };
        // Paths are equal with and without a slash at their end.
        for (is, expected, what) in [
            (root, &self.root, "its checkout"),
            (repository.path(), &self.git_directory, "its git directory"),
            (repository.commondir(), &self.common, "its repository"),
        ] {
            if is != expected {
                let text = format!("says that {what} is {}", is.display());
                return Err(elsewhere(&self.root, &text));
            }
        }
        Ok(())
    }
}

/// `worktrees/<name>` must be directories, not links: the repository may have been given others.
fn below_common(common: &Path, below: &Path) -> Result<PathBuf, Unknown> {
    let mut at = common.to_owned();
    for part in below.components() {
        at.push(part);
        is_directory(&at)?;
    }
    Ok(at)
}

fn is_directory(path: &Path) -> Result<(), Unknown> {
    let meta = path.symlink_metadata().map_err(|error| missing(path, &error))?;
    if meta.is_dir() { Ok(()) } else { Err(elsewhere(path, "is no directory")) }
}

fn resolved(path: &Path) -> Result<PathBuf, Unknown> {
    path.canonicalize().map_err(|error| missing(path, &error))
}

fn missing(path: &Path, error: &io::Error) -> Unknown {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => UnknownKind::NoRepository,
        _ => UnknownKind::Refused,
    };
    Unknown::new(kind, format!("{}: {error}", path.display()))
}

fn elsewhere(path: &Path, why: &str) -> Unknown {
    Unknown::new(UnknownKind::Elsewhere, format!("{} {why}", path.display()))
}
