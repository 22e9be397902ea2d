//! Which repository a directory belongs to.
//!
//! Promise: paths are absolute and free of symbolic links, as git itself resolves them.

use crate::error::{Error, Kind, Result};
use crate::git::{Git, failed, text};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A repository with a main checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// The main checkout.
    pub root: PathBuf,
    /// `.git`, or where that points.
    pub common: PathBuf,
}

/// Where a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Located {
    Main {
        repository: Repository,
        /// The directory, relative to the checkout's root.
        prefix: PathBuf,
    },
    /// In a linked worktree already.
    Linked {
        root: PathBuf,
    },
    Bare,
    InsideGitDir,
    Nowhere,
}

pub(crate) fn locate(git: &Git, dir: &Path) -> Result<Located> {
    let ended = git
        .call(dir, &["rev-parse", "--path-format=absolute", "--is-bare-repository"])
        .arg("--is-inside-git-dir")
        .arg("--git-dir")
        .arg("--git-common-dir")
        .end()?;
    if ended.code != Some(0) {
        let nowhere = text(&ended.stderr).contains("not a git repository");
        let named = format!("git rev-parse in {}", dir.display());
        return if nowhere { Ok(Located::Nowhere) } else { Err(failed(&named, &ended)) };
    }
    let printed = utf8(&ended.stdout, dir)?;
    let [bare, inside, git_dir, common] = lines(&printed, dir)?;
    if inside == "true" {
        return Ok(if bare == "true" { Located::Bare } else { Located::InsideGitDir });
    }
    if bare == "true" {
        return Ok(Located::Bare);
    }
    let printed = git
        .call(dir, &["rev-parse", "--path-format=absolute", "--show-toplevel", "--show-prefix"])
        .read()?;
    let printed = utf8(&printed, dir)?;
    let [root, prefix] = lines(&printed, dir)?;
    let root = PathBuf::from(root);
    let (git_dir, common) = (canonical(git_dir)?, canonical(common)?);
    if git_dir != common {
        return Ok(Located::Linked { root });
    }
    let prefix = PathBuf::from(prefix.trim_end_matches('/'));
    Ok(Located::Main { repository: Repository { root, common }, prefix })
}

fn canonical(path: &str) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|error| Error::io(Path::new(path), &error))
}

fn utf8(bytes: &[u8], dir: &Path) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        let text = format!("the path of the repository at {} is not UTF-8", dir.display());
        Error::new(Kind::Refused, text).hint("rename the directory, or start without a worktree")
    })
}

/// Exactly `N` lines: a path that holds a line break cannot be told from two.
fn lines<'a, const N: usize>(printed: &'a str, dir: &Path) -> Result<[&'a str; N]> {
    let lines: Vec<&str> = printed.strip_suffix('\n').unwrap_or(printed).split('\n').collect();
    lines.try_into().map_err(|_| {
        let text = format!("the path of the repository at {} holds a line break", dir.display());
        Error::new(Kind::Refused, text).hint("rename the directory, or start without a worktree")
    })
}
