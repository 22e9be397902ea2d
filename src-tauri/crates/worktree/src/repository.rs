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

/// Where a directory is, as far as that can be told without running anything of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The main checkout; the directory itself where there is no repository.
    pub repository: PathBuf,
    /// The top of the checkout or linked worktree that it is in.
    pub root: PathBuf,
    /// Where below that it is.
    pub subdirectory: PathBuf,
    /// git's own directory.
    pub common: Option<PathBuf>,
}

pub fn whereabouts(git: &Git, dir: &Path) -> Whereabouts {
    let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let asked = || -> Option<Whereabouts> {
        let args = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir"];
        let printed = git.call(&dir, &args).read().ok()?;
        let printed = utf8(&printed, &dir).ok()?;
        let [root, common] = lines(&printed, &dir).ok()?;
        let (root, common) = (canonical(root).ok()?, canonical(common).ok()?);
        let main = common.file_name().is_some_and(|name| name == ".git");
        let main = common.parent().filter(|_| main).unwrap_or(&root).to_owned();
        let subdirectory = dir.strip_prefix(&root).ok()?.to_owned();
        Some(Whereabouts { repository: main, root, subdirectory, common: Some(common) })
    };
    asked().unwrap_or_else(|| Whereabouts {
        repository: dir.clone(),
        root: dir.clone(),
        subdirectory: PathBuf::new(),
        common: None,
    })
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
