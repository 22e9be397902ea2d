//! Which repository a directory belongs to.
//!
//! Promise: paths are absolute and free of symbolic links, as git itself resolves them.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Call, Git, failed, text};
use crate::looking::checkout::Checkout;
use crate::looking::looker;
use crate::looking::looker::{Looker, Told};
use nightshift_git_reader::{Expected, Request};
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

impl Repository {
    /// `Git::look` at its branches and objects, whatever is checked out.
    pub(crate) fn look<'a>(&'a self, git: &'a Git, args: &[&str]) -> Call<'a> {
        git.look(&self.common, args).env("GIT_DIR", &self.common)
    }

    /// `Git::act` on these.
    pub(crate) fn act<'a>(&'a self, git: &'a Git, args: &[&str]) -> Call<'a> {
        git.act(&self.common, args).env("GIT_DIR", &self.common)
    }

    /// The main checkout, for an act there.
    pub(crate) fn checkout(&self) -> Checkout {
        let (root, common) = (self.root.clone(), self.common.clone());
        Checkout { root, git_dir: common.clone(), common }
    }
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
        .look(dir, &["rev-parse", "--path-format=absolute", "--is-bare-repository"])
        .arg("--is-inside-git-dir")
        .arg("--git-dir")
        .arg("--git-common-dir")
        .end()?;
    if ended.code != Some(0) {
        let complaint = text(&ended.stderr);
        // A bare repository is used only where it is named outright.
        if complaint.contains("safe.bareRepository") {
            return Ok(Located::Bare);
        }
        let nowhere = complaint.contains("not a git repository");
        let named = format!("git rev-parse in {}", dir.display());
        return if nowhere { Ok(Located::Nowhere) } else { Err(failed(&named, &ended)) };
    }
    let printed = utf8(&ended.stdout, dir)?;
    let [bare, inside, _, _] = lines(&printed, dir)?;
    if inside == "true" {
        return Ok(if bare == "true" { Located::Bare } else { Located::InsideGitDir });
    }
    if bare == "true" {
        return Ok(Located::Bare);
    }
    let Some(Checkout { root, git_dir, common }) = Checkout::of(git, dir)? else {
        return Ok(Located::Nowhere);
    };
    if git_dir != common {
        return Ok(Located::Linked { root });
    }
    let dir = std::fs::canonicalize(dir).at(dir)?;
    let prefix = dir.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
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

pub fn whereabouts(looker: &Looker, dir: &Path) -> Whereabouts {
    let dir = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    // As git looks for it: upwards, for anything of that name.
    let root = dir.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    let request = root.and_then(looker::request).map(Request::without_files);
    let at = |root: &Path, repository: &Path, common: &Path| Whereabouts {
        repository: repository.to_owned(),
        root: root.to_owned(),
        subdirectory: dir.strip_prefix(root).unwrap_or(Path::new("")).to_owned(),
        common: Some(common.to_owned()),
    };
    if let (Some(root), Some(request)) = (root, &request) {
        let common = match &request.expected {
            Expected::Own => root.join(".git"),
            Expected::Elsewhere { common, .. } => common.as_path().to_owned(),
        };
        // Inside of git's own files is inside of no checkout.
        let request = Some(request).filter(|_| !dir.starts_with(&common));
        match looker.begin().look(request) {
            Told::Seen(_) => {
                let main = common.file_name().is_some_and(|name| name == ".git");
                let main = common.parent().filter(|_| main).unwrap_or(root);
                return at(root, main, &common);
            }
            // It is one all the same, and nobody's but its own.
            Told::Unknown(_) => return at(root, root, &common),
            Told::AskProgram => {}
        }
    }
    by_program(looker.git(), &dir)
}

/// As git says.
fn by_program(git: &Git, dir: &Path) -> Whereabouts {
    let asked = || -> Option<Whereabouts> {
        let args = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir"];
        let printed = git.look(dir, &args).read().ok()?;
        let printed = utf8(&printed, dir).ok()?;
        let [root, common] = lines(&printed, dir).ok()?;
        let (root, common) = (canonical(root).ok()?, canonical(common).ok()?);
        let main = common.file_name().is_some_and(|name| name == ".git");
        let main = common.parent().filter(|_| main).unwrap_or(&root).to_owned();
        let subdirectory = dir.strip_prefix(&root).ok()?.to_owned();
        Some(Whereabouts { repository: main, root, subdirectory, common: Some(common) })
    };
    asked().unwrap_or_else(|| Whereabouts {
        repository: dir.to_owned(),
        root: dir.to_owned(),
        subdirectory: PathBuf::new(),
        common: None,
    })
}

pub(crate) fn canonical(path: &str) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|error| Error::io(Path::new(path), &error))
}

pub(crate) fn utf8(bytes: &[u8], dir: &Path) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        let text = format!("the path of the repository at {} is not UTF-8", dir.display());
        Error::new(Kind::Refused, text).hint("rename the directory, or start without a worktree")
    })
}

/// Exactly `N` lines: a path that holds a line break cannot be told from two.
pub(crate) fn lines<'a, const N: usize>(printed: &'a str, dir: &Path) -> Result<[&'a str; N]> {
    let lines: Vec<&str> = printed.strip_suffix('\n').unwrap_or(printed).split('\n').collect();
    lines.try_into().map_err(|_| {
        let text = format!("the path of the repository at {} holds a line break", dir.display());
        Error::new(Kind::Refused, text).hint("rename the directory, or start without a worktree")
    })
}
