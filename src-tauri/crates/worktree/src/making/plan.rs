//! Whether a session gets a worktree of its own, from which commit, or the reason why not.
//!
//! Promise: only looks; a reason is named for every session that stays where it is.

use crate::error::{Error, Kind, Result};
use crate::git_program::git::Git;
use crate::looking::repository::{Located, Repository, locate};
use crate::making::create::folded;
use crate::making::scripts::{Scripts, planned};
use crate::making::settings::{BaseChoice, Defaults, Settings};
use nightshift_model::quoted::quoted;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// As the settings say.
    #[default]
    Usual,
    Never,
    /// A worktree of this name, whatever the settings say.
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Own(Box<Own>),
    Stay(Stay),
}

/// A worktree will be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    pub repository: Repository,
    /// Where in the repository the session was started.
    pub subdirectory: PathBuf,
    pub base: Base,
    pub settings: Settings,
    /// What would be run for it.
    pub scripts: Scripts,
    /// The name the user gave.
    pub name: Option<String>,
}

impl Own {
    /// The directory in which it will be made.
    pub fn directory(&self) -> PathBuf {
        folded(&self.repository.root, &self.settings.directory)
    }
}

/// What a branch begins at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    pub commit: String,
    /// A branch's name, or `detached HEAD`.
    pub label: String,
    pub upstream: Option<String>,
    /// Commits that the upstream has and the base has not, as of the last fetch.
    pub behind: u32,
    pub ahead: u32,
}

/// Why there is no worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Stay {
    NoRepository,
    AlreadyLinked {
        root: PathBuf,
    },
    Bare,
    InsideGitDir,
    NoCommit,
    TurnedOff {
        by: PathBuf,
    },
    NotWanted,
    /// The directory does not exist in the base commit.
    DirectoryNotCommitted {
        directory: PathBuf,
    },
}

impl Stay {
    /// A word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Stay::NoRepository => "no_repository",
            Stay::AlreadyLinked { .. } => "already_linked",
            Stay::Bare => "bare",
            Stay::InsideGitDir => "inside_git_dir",
            Stay::NoCommit => "no_commit",
            Stay::TurnedOff { .. } => "turned_off",
            Stay::NotWanted => "not_wanted",
            Stay::DirectoryNotCommitted { .. } => "directory_not_committed",
        }
    }
}

impl std::fmt::Display for Stay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stay::NoRepository => write!(f, "not in a git repository"),
            Stay::AlreadyLinked { root } => {
                write!(f, "{} is a linked worktree already", root.display())
            }
            Stay::Bare => write!(f, "the repository is bare"),
            Stay::InsideGitDir => write!(f, "the directory is inside the repository's own files"),
            Stay::NoCommit => write!(f, "the repository has no commit yet"),
            Stay::TurnedOff { by } => write!(f, "turned off by {}", by.display()),
            Stay::NotWanted => write!(f, "started without a worktree, as asked"),
            Stay::DirectoryNotCommitted { directory } => {
                write!(f, "{} is not committed, so no worktree has it", directory.display())
            }
        }
    }
}

/// Decides for a session that is started in `dir`. `user`: what the user set for every repository.
pub fn plan(git: &Git, dir: &Path, choice: &Choice, user: &Defaults) -> Result<Plan> {
    if *choice == Choice::Never {
        return Ok(Plan::Stay(Stay::NotWanted));
    }
    let (repository, subdirectory) = match locate(git, dir)? {
        Located::Main { repository, prefix } => (repository, prefix),
        Located::Linked { root } => return Ok(Plan::Stay(Stay::AlreadyLinked { root })),
        Located::Bare => return Ok(Plan::Stay(Stay::Bare)),
        Located::InsideGitDir => return Ok(Plan::Stay(Stay::InsideGitDir)),
        Located::Nowhere => return Ok(Plan::Stay(Stay::NoRepository)),
    };
    let mut settings = Settings::read(user, &repository.root);
    let name = match choice {
        Choice::Named(name) => Some(name.clone()),
        Choice::Usual | Choice::Never => None,
    };
    if let (Some(by), None) = (&settings.off_by, &name) {
        return Ok(Plan::Stay(Stay::TurnedOff { by: by.clone() }));
    }
    let Some(base) = base(git, &repository, &mut settings)? else {
        return Ok(Plan::Stay(Stay::NoCommit));
    };
    if !subdirectory.as_os_str().is_empty()
        && !is_committed(git, &repository, &base, &subdirectory)?
    {
        return Ok(Plan::Stay(Stay::DirectoryNotCommitted { directory: subdirectory }));
    }
    let scripts = match user.alone {
        true => Scripts::default(),
        false => planned(git, &repository, &base, &mut settings)?,
    };
    Ok(Plan::Own(Box::new(Own { repository, subdirectory, base, settings, scripts, name })))
}

fn is_committed(git: &Git, repo: &Repository, base: &Base, directory: &Path) -> Result<bool> {
    let object = format!("{}:{}", base.commit, directory.display());
    let ended = git.look(&repo.root, &["cat-file", "-t"]).arg(object).end()?;
    Ok(ended.code == Some(0) && ended.stdout.starts_with(b"tree"))
}

/// None when there is no commit to begin at.
fn base(git: &Git, repo: &Repository, settings: &mut Settings) -> Result<Option<Base>> {
    match settings.base.clone() {
        BaseChoice::Head => head(git, repo),
        BaseChoice::Default => match remote_default(git, repo)? {
            Some(base) => Ok(Some(base)),
            None => {
                let note = "no remote names a default branch, so the base is what is checked out";
                settings.notes.push(note.to_owned());
                head(git, repo)
            }
        },
        BaseChoice::Wished(named) => match commit_of(git, repo, &named)? {
            Some(commit) => Ok(Some(plain(commit, named))),
            None => {
                let named = quoted(&named);
                let note = format!("there is no {named} here, so the base is what is checked out");
                settings.notes.push(note);
                head(git, repo)
            }
        },
        BaseChoice::Exactly(named) => exactly(git, repo, &named).map(Some),
        BaseChoice::Named(named) => match commit_of(git, repo, &named)? {
            Some(commit) => Ok(Some(plain(commit, named))),
            None => {
                let text =
                    format!("worktree.base `{named}` is no commit of {}", repo.root.display());
                Err(Error::new(Kind::Refused, text).hint("correct the setting, or fetch it first"))
            }
        },
    }
}

/// Branches that are a repository's default by habit, where no remote says which is.
const DEFAULT_BRANCHES: [&str; 2] = ["main", "master"];

/// The base that is named `default`, `head` or by a branch, tag or commit.
///
/// Errors: the repository does not have it; what would have to be set.
fn exactly(git: &Git, repo: &Repository, named: &str) -> Result<Base> {
    let root = repo.root.display();
    let missing = |text: String, hint: &str| Error::new(Kind::NotFound, text).hint(hint);
    match named {
        "head" => head(git, repo)?.ok_or_else(|| {
            missing(format!("{root} has no commit to begin at"), "make the first commit")
        }),
        "default" => match remote_default(git, repo)? {
            Some(base) => Ok(base),
            None => own_default(git, repo)?.ok_or_else(|| {
                missing(
                    format!(
                        "{root} has no default branch: no remote names one, and there is no branch {}, nor the one of \
                         git's init.defaultBranch",
                        DEFAULT_BRANCHES.join(" or ")
                    ),
                    "name the branch as `base`, or write `base = \"head\"`",
                )
            }),
        },
        named => match commit_of(git, repo, named)? {
            Some(commit) => Ok(plain(commit, named.to_owned())),
            None => Err(missing(
                format!("{root} has no branch, tag or commit {}", quoted(named)),
                "correct `base`, or fetch it first",
            )),
        },
    }
}

/// Where no remote says which branch is the default.
fn own_default(git: &Git, repo: &Repository) -> Result<Option<Base>> {
    let set = git.look(&repo.root, &["config", "--get", "init.defaultBranch"]).find()?;
    let habits = DEFAULT_BRANCHES.iter().map(|name| (*name).to_owned());
    for name in habits.chain(set.filter(|name| !name.is_empty())) {
        if let Some(commit) = commit_of(git, repo, &format!("refs/heads/{name}"))? {
            return Ok(Some(plain(commit, name)));
        }
    }
    Ok(None)
}

/// Whether a session in `dir` could begin at `named` (`default`, `head`, a branch, tag or commit). A directory of no
/// repository has nothing to begin at, and needs nothing.
///
/// Errors: the repository does not have it.
pub fn check_base(git: &Git, dir: &Path, named: &str) -> Result<()> {
    match locate(git, dir)? {
        Located::Main { repository, .. } => exactly(git, &repository, named).map(|_| ()),
        Located::Linked { .. } | Located::Bare | Located::InsideGitDir | Located::Nowhere => Ok(()),
    }
}

fn plain(commit: String, label: String) -> Base {
    Base { commit, label, upstream: None, behind: 0, ahead: 0 }
}

fn head(git: &Git, repo: &Repository) -> Result<Option<Base>> {
    let Some(commit) = commit_of(git, repo, "HEAD")? else { return Ok(None) };
    let Some(label) =
        git.look(&repo.root, &["symbolic-ref", "--quiet", "--short", "HEAD"]).find()?
    else {
        return Ok(Some(plain(commit, "detached HEAD".to_owned())));
    };
    let format = "--format=%(upstream:short)%00%(upstream:track,nobracket)";
    let line = git
        .look(&repo.root, &["for-each-ref", format])
        .arg(format!("refs/heads/{label}"))
        .line()?;
    let (upstream, track) = line.split_once('\0').unwrap_or_default();
    let upstream = (!upstream.is_empty()).then(|| upstream.to_owned());
    let (ahead, behind) = (count_in(track, "ahead "), count_in(track, "behind "));
    Ok(Some(Base { commit, label, upstream, behind, ahead }))
}

/// `ahead 1, behind 2`
fn count_in(track: &str, word: &str) -> u32 {
    let number = track.split(", ").find_map(|part| part.strip_prefix(word));
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn remote_default(git: &Git, repo: &Repository) -> Result<Option<Base>> {
    let remotes = git.look(&repo.root, &["remote"]).line()?;
    let mut names: Vec<&str> = remotes.lines().collect();
    names.sort_by_key(|name| *name != "origin");
    for name in names {
        let head = format!("refs/remotes/{name}/HEAD");
        let found = git.look(&repo.root, &["symbolic-ref", "--quiet", "--short", &head]).find()?;
        if let Some(label) = found
            && let Some(commit) = commit_of(git, repo, &format!("refs/remotes/{label}"))?
        {
            return Ok(Some(plain(commit, label)));
        }
    }
    Ok(None)
}

pub(crate) fn commit_of(git: &Git, repo: &Repository, rev: &str) -> Result<Option<String>> {
    let rev = format!("{rev}^{{commit}}");
    git.look(&repo.root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &rev]).find()
}
