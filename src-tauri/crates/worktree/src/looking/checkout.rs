//! A checkout, and whether git means the same one as we do.
//!
//! git may be told to take another directory for the checkout than the one that it is asked in
//! (`core.worktree`, a `.git` that points elsewhere, a directory that looks like a repository). An act
//! would then change files that nobody meant.
//! Promise: what is returned is what git itself says when it is asked without any help, and what the
//! `.git` above the directory says; where these differ there is no checkout, and the error names the
//! setting. Its calls say outright which repository and which checkout they are about.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Call, Git, failed, text};
use crate::git_program::status::{ARGS, Change, changes};
use crate::limits::{INDEX_TIME_STEP, TICK};
use crate::looking::place;
use crate::looking::place::Place;
use crate::looking::repository::{Repository, canonical, lines, utf8};
use crate::removing::ledger::Record;
use nightshift_platform::clock;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// What git says where there is none.
const NO_CHECKOUT: &[&str] =
    &["not a git repository", "must be run in a work tree", "safe.bareRepository"];

/// Where git works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its files.
    pub root: PathBuf,
    /// Its own HEAD and index.
    pub git_dir: PathBuf,
    /// Objects, branches and configuration; the same as `git_dir` for a main checkout.
    pub common: PathBuf,
}

impl Checkout {
    /// The checkout that `dir` is in. None when git says that it is in none.
    pub fn of(git: &Git, dir: &Path) -> Result<Option<Checkout>> {
        let args = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir"];
        let ended = git.look(dir, &args).arg("--git-common-dir").end()?;
        if ended.code != Some(0) {
            let complaint = text(&ended.stderr);
            let none = NO_CHECKOUT.iter().any(|words| complaint.contains(words));
            let named = format!("git rev-parse in {}", dir.display());
            return if none { Ok(None) } else { Err(failed(&named, &ended)) };
        }
        let printed = utf8(&ended.stdout, dir)?;
        let [root, git_dir, common] = lines(&printed, dir)?;
        let said = Checkout {
            root: canonical(root)?,
            git_dir: canonical(git_dir)?,
            common: canonical(common)?,
        };
        let dir = std::fs::canonicalize(dir).at(dir)?;
        let meant = dir.ancestors().find(|above| lies_in(above));
        let Some(meant) = meant else {
            return Err(differs(git, &dir, &dir, &said.root));
        };
        if said.root != meant || leads_to(meant)? != said.git_dir {
            return Err(differs(git, &dir, meant, &said.root));
        }
        Ok(Some(said))
    }

    /// The worktree of a record, where it was made and as git sees it there.
    pub(crate) fn of_record(git: &Git, record: &Record) -> Result<Checkout> {
        let Place::There { .. } = place::look(record)? else {
            let text = format!("the worktree {} is gone", record.path.display());
            return Err(Error::new(Kind::NotFound, text));
        };
        let Some(said) = Checkout::of(git, &record.path)? else {
            let text = format!("git does not know {} as a checkout", record.path.display());
            return Err(Error::new(Kind::Refused, text).hint("look at it by hand"));
        };
        let admin = record.admin.as_deref().unwrap_or(Path::new(""));
        let admin = std::fs::canonicalize(admin).at(admin)?;
        if said.root != record.path || said.git_dir != admin {
            return Err(differs(git, &record.path, &record.path, &said.root));
        }
        if said.common != record.repository.common {
            let text =
                format!("{} belongs to {} now", record.path.display(), said.common.display());
            return Err(Error::new(Kind::Refused, text).hint("look at it by hand"));
        }
        Ok(said)
    }

    /// `Git::look` in it.
    pub fn look<'a>(&'a self, git: &'a Git, args: &[&str]) -> Call<'a> {
        self.pinned(git.look(&self.root, args))
    }

    /// `Git::act` in it.
    pub fn act<'a>(&'a self, git: &'a Git, args: &[&str]) -> Call<'a> {
        self.pinned(git.act(&self.root, args))
    }

    /// Lets the index learn the times of files whose content is as it knows it. What is changed, or goes
    /// through a filter that does not run, stays as it was.
    pub fn refresh(&self, git: &Git) -> Result<()> {
        // Written anew in any case, so that it is younger than the files.
        let args = ["update-index", "-q", "--refresh", "--force-write-index"];
        // Exit code 1: some files are changed.
        self.act(git, &args).long().end().map(|_| ())
    }

    /// Lets files that are as the user's own filters make them count as unchanged. No look runs a filter, so
    /// git must not have to compare contents: it does as long as a file is as young as the index
    /// (racy-git.txt of git's own documents). So the index is written anew in the next second, and only files
    /// of this very second are waited for. Older times for files, or a younger one for the index, would need
    /// no wait, but with them git passes over what somebody changes within this second.
    pub(crate) fn settle(&self, git: &Git) -> Result<()> {
        let look = |args| self.look(git, args);
        if look(&["status"]).filters_off()?.is_empty() {
            return Ok(());
        }
        let seen = changes(look(ARGS).long())?;
        let Some(wait) = wait_for(&self.root, &seen, clock::now().0) else { return Ok(()) };
        std::thread::sleep(wait);
        self.refresh(git)
    }

    fn pinned<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.env("GIT_DIR", &self.git_dir).env("GIT_WORK_TREE", &self.root)
    }
}

/// When the file itself was modified, in ms since 1970; none before, as for one that is not there.
fn modified(file: &Path) -> Option<u64> {
    let at = std::fs::symlink_metadata(file).ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// How long to wait for the youngest of the files that git knows; none where it knows none of these.
fn wait_for(root: &Path, seen: &[Change], now_ms: u64) -> Option<Duration> {
    let mut known = seen.iter().filter(|change| !change.untracked).peekable();
    known.peek()?;
    let youngest = known.filter_map(|change| modified(&root.join(&change.path))).max();
    Some(youngest.map(|youngest| until_older(youngest, now_ms)).unwrap_or_default())
}

/// How long to wait until an index that is written then is younger than a file of this time, as git compares
/// them. No wait of ours makes a file of the future older.
fn until_older(file_ms: u64, now_ms: u64) -> Duration {
    let step = INDEX_TIME_STEP.as_secs();
    let next = Duration::from_secs((file_ms / 1_000 / step + 1) * step);
    match next.saturating_sub(Duration::from_millis(now_ms)) {
        Duration::ZERO => Duration::ZERO,
        left => left.min(INDEX_TIME_STEP) + TICK,
    }
}

fn lies_in(dir: &Path) -> bool {
    std::fs::symlink_metadata(dir.join(".git")).is_ok()
}

/// The directory that `.git` is, or that it names.
fn leads_to(root: &Path) -> Result<PathBuf> {
    let dot_git = root.join(".git");
    if std::fs::metadata(&dot_git).at(&dot_git)?.is_dir() {
        return std::fs::canonicalize(&dot_git).at(&dot_git);
    }
    let named = place::pointer(&dot_git, "gitdir: ")?;
    std::fs::canonicalize(&named).at(&named)
}

const OF_THE_MAIN_CHECKOUT: &str = "core.worktree belongs to the main checkout alone: set it there with `git config --worktree \
     core.worktree <directory>`, and take it out with `git config --unset core.worktree`; nothing \
     was changed";

/// The refusal, with the setting that git says it follows.
fn differs(git: &Git, dir: &Path, meant: &Path, said: &Path) -> Error {
    let call = git.look(dir, &["config", "--show-origin", "--get-all", "core.worktree"]);
    let set = match call.end() {
        Ok(ended) if ended.code == Some(0) => {
            text(&ended.stdout).replace('\t', " says ").trim().to_owned()
        }
        Ok(_) | Err(_) => String::new(),
    };
    let (why, hint) = match set.is_empty() {
        true => (String::new(), "look at the `.git` there; nothing was changed"),
        false => (format!("; core.worktree: {set}"), OF_THE_MAIN_CHECKOUT),
    };
    let text = format!("git takes {} for the checkout of {}{why}", said.display(), meant.display());
    Error::new(Kind::Refused, text).hint(hint)
}

/// Refuses a repository whose linked worktrees would all be taken for its main checkout. Every one is
/// looked at by itself too; this is told before one is made.
pub(crate) fn refuse_shared(git: &Git, repository: &Repository) -> Result<()> {
    let file = repository.common.join("config");
    let set = |name: &str| {
        let call = repository.look(git, &["config", "--includes", "--file"]).arg(&file);
        call.arg("--get").arg(name).find()
    };
    // git-worktree(1): without this extension the setting is the main checkout's alone.
    if set("extensions.worktreeConfig")?.as_deref().is_none_or(|on| on == "false") {
        return Ok(());
    }
    let Some(worktree) = set("core.worktree")? else { return Ok(()) };
    let text = format!(
        "core.worktree in {} says {worktree} for every worktree, because extensions.worktreeConfig is \
         set: git would take that for the checkout of a new one",
        file.display()
    );
    Err(Error::new(Kind::Refused, text).hint(OF_THE_MAIN_CHECKOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_this_very_second_are_waited_for() {
        let ms = |left: u64| Duration::from_millis(left) + TICK;
        for (file, now, expected) in [
            (5_000, 5_000, ms(1_000)),
            (5_999, 5_999, ms(1)),
            (5_000, 5_400, ms(600)),
            (5_900, 5_901, ms(99)),
            (5_999, 6_000, Duration::ZERO),
            (1_000, 9_000, Duration::ZERO),
            // Set for the future: no wait of ours makes it older.
            (9_000, 5_000, ms(1_000)),
            (u64::MAX, 5_000, ms(1_000)),
        ] {
            assert_eq!(until_older(file, now), expected, "{file} at {now}");
        }
    }

    #[test]
    fn only_files_that_git_knows_are_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let change = |name: &str, untracked| {
            let change = Change { path: name.into(), untracked, letters: *b".M", submodule: false };
            std::fs::write(dir.path().join(name), "x").unwrap();
            change
        };
        let (new, known) = (change("new", true), change("known", false));
        let gone = Change { path: "gone".into(), ..known.clone() };
        let now = modified(&dir.path().join("known")).unwrap();
        let wait = |seen: &[Change]| wait_for(dir.path(), seen, now);
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(std::slice::from_ref(&new)), None, "nobody waits for a new file");
        assert!(wait(&[new, known]).unwrap() > TICK);
        assert_eq!(wait(&[gone]), Some(Duration::ZERO));
    }
}
