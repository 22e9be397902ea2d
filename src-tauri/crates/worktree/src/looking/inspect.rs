//! What is in a worktree, and what speaks against taking it away.
//!
//! Promise: only looks; whatever cannot be read stands in `unreadable` and blocks, whatever the
//! policy; no file outside the worktree is looked at through a link.

use crate::error::Result;
use crate::git_program::git::{Call, Git};
use crate::git_program::status::{ARGS, changes};
use crate::limits::NAMED_MAX;
use crate::looking::checkout::Checkout;
use crate::looking::embedded::{Embedded, embedded};
use crate::looking::place::Place;
use crate::looking::{hidden, place};
use crate::making::hold::Lock;
use crate::making::{hold, include};
use crate::removing::gone;
use crate::removing::gone::{Gone, Lost};
use crate::removing::ledger::Record;
use nightshift_platform::mounts;
use nightshift_platform::process::{Occupant, working_below};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files and directories of git's that say what is going on, and what that is called.
const OPERATIONS: &[(&str, &str)] = &[
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// None when detached.
    pub branch: Option<String>,
    pub commit: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The directory is gone; git still knows it.
    pub missing: bool,
    /// Then: it may be somewhere, with work in it.
    pub gone: Option<Gone>,
    /// Then: git has no notes of it either.
    pub lost: Option<Lost>,
    pub head: Head,
    /// Tracked files that are not as committed, staged or not.
    pub changed: Vec<PathBuf>,
    pub untracked: Vec<PathBuf>,
    /// Those of `changed` that a filter turns into what is committed, and its name: no look runs it, so
    /// whether they changed is not known.
    pub filtered: Vec<(PathBuf, String)>,
    /// Files that were copied in and have changed since.
    pub included_changed: Vec<PathBuf>,
    /// Changed files that git was told not to look at (`assume-unchanged`, `skip-worktree`).
    pub hidden: Vec<PathBuf>,
    /// Commits that are nowhere else, newest first, as `id subject`; at most `NAMED_MAX`.
    pub unpushed: Vec<String>,
    pub unpushed_count: usize,
    /// Stashes made on its branch; they stay in the repository.
    pub stashes: usize,
    /// A rebase, merge or the like is not finished.
    pub operation: Option<&'static str>,
    pub processes: Vec<Occupant>,
    pub embedded: Vec<Embedded>,
    /// Somebody else's lock, with its reason.
    pub foreign_lock: Option<String>,
    /// A process of ours holds it.
    pub held: bool,
    pub unreadable: Vec<String>,
}

/// Commits that are named in a message.
const COMMITS_SAID: usize = 3;

/// How far a removal may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Work that is nowhere else keeps the worktree: uncommitted changes, commits.
    Careful,
    /// It is rescued and goes.
    Discard,
}

/// Why a worktree stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocker {
    Uncommitted {
        files: Vec<PathBuf>,
        count: usize,
    },
    /// Files that a filter governs and that may be as committed: nobody but the filter could say.
    Filtered {
        files: Vec<PathBuf>,
        filter: String,
    },
    Operation {
        name: &'static str,
    },
    Unpushed {
        commits: Vec<String>,
        count: usize,
    },
    EmbeddedUnpushed {
        path: PathBuf,
        count: usize,
    },
    Occupied {
        by: Vec<Occupant>,
    },
    Locked {
        reason: String,
    },
    Held,
    /// Its directory is not where it was.
    Missing(Gone),
    /// The same, and git has no notes of it either.
    Lost(Lost),
    Unreadable {
        what: String,
    },
}

impl Blocker {
    /// A word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Blocker::Uncommitted { .. } | Blocker::Filtered { .. } => "uncommitted",
            Blocker::Operation { .. } => "operation",
            Blocker::Unpushed { .. } | Blocker::EmbeddedUnpushed { .. } => "unpushed",
            Blocker::Occupied { .. } => "occupied",
            Blocker::Locked { .. } => "locked",
            Blocker::Held => "held",
            Blocker::Missing(_) => "missing",
            Blocker::Lost(_) => "gone",
            Blocker::Unreadable { .. } => "unreadable",
        }
    }
}

impl Blocker {
    /// The same with what a look for people's eyes does not know: which commits these are.
    pub fn told(&self) -> String {
        let Blocker::Unpushed { commits, count } = self else { return self.to_string() };
        let named: Vec<_> = commits.iter().take(COMMITS_SAID).map(String::as_str).collect();
        let more = if *count > named.len() { ", …" } else { "" };
        format!("{self} ({}{more})", named.join(", "))
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Blocker::Uncommitted { files, count } => {
                let named: Vec<_> = files.iter().take(5).map(|p| p.display().to_string()).collect();
                let more = if *count > named.len() { ", …" } else { "" };
                let noun = if *count == 1 { "uncommitted change" } else { "uncommitted changes" };
                write!(f, "{count} {noun} ({}{more})", named.join(", "))
            }
            Blocker::Filtered { files, filter } => {
                let named: Vec<_> = files.iter().take(5).map(|p| p.display().to_string()).collect();
                let more = if files.len() > named.len() { ", …" } else { "" };
                let filter = filter.escape_debug();
                write!(
                    f,
                    "files that may have changed ({}{more}): only the filter {filter} could tell, and \
                     no program of a repository is run to find out",
                    named.join(", ")
                )
            }
            Blocker::Operation { name } => write!(f, "a {name} that is not finished"),
            Blocker::Unpushed { count, .. } => {
                let noun = if *count == 1 { "unpushed commit" } else { "unpushed commits" };
                write!(f, "{count} {noun}")
            }
            Blocker::EmbeddedUnpushed { path, count } => {
                write!(f, "{count} unpushed commits in the repository {}", path.display())
            }
            Blocker::Occupied { by } => {
                let name = |o: &Occupant| format!("{} (pid {})", o.name, o.identity.pid);
                let named: Vec<_> = by.iter().take(5).map(name).collect();
                write!(f, "processes that work in it: {}", named.join(", "))
            }
            Blocker::Locked { reason } if reason.is_empty() => write!(f, "a lock of git's"),
            Blocker::Locked { reason } => write!(f, "a lock: {reason}"),
            Blocker::Held => write!(f, "its session, which is still running"),
            Blocker::Missing(gone) => write!(f, "{gone}"),
            Blocker::Lost(lost) => write!(f, "{lost}"),
            Blocker::Unreadable { what } => write!(f, "a state that cannot be read: {what}"),
        }
    }
}

impl Inspection {
    /// Everything a user may have written and not committed.
    pub fn uncommitted(&self) -> Vec<PathBuf> {
        let embedded = self.embedded.iter().filter(|e| e.changed > 0).map(|e| &e.path);
        let mut files: Vec<PathBuf> = [&self.changed, &self.untracked, &self.included_changed]
            .into_iter()
            .flatten()
            .chain(&self.hidden)
            .chain(embedded)
            .cloned()
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// Nothing here that is not elsewhere too.
    pub fn is_clean(&self) -> bool {
        self.blockers(Policy::Careful).is_empty()
    }

    /// What speaks against removal, the gravest first. Empty: it may go.
    pub fn blockers(&self, policy: Policy) -> Vec<Blocker> {
        let mut blockers: Vec<Blocker> =
            self.unreadable.iter().map(|what| Blocker::Unreadable { what: what.clone() }).collect();
        if let Some(reason) = &self.foreign_lock {
            blockers.push(Blocker::Locked { reason: reason.clone() });
        }
        if self.held {
            blockers.push(Blocker::Held);
        }
        if !self.processes.is_empty() {
            blockers.push(Blocker::Occupied { by: self.processes.clone() });
        }
        if policy == Policy::Careful {
            if self.unpushed_count > 0 {
                let (commits, count) = (self.unpushed.clone(), self.unpushed_count);
                blockers.push(Blocker::Unpushed { commits, count });
            }
            for inner in self.embedded.iter().filter(|inner| inner.unpushed > 0) {
                let (path, count) = (inner.path.clone(), inner.unpushed);
                blockers.push(Blocker::EmbeddedUnpushed { path, count });
            }
            blockers.extend(self.operation.map(|name| Blocker::Operation { name }));
            let mut files = self.uncommitted();
            files.retain(|file| !self.filtered.iter().any(|(filtered, _)| filtered == file));
            let count = files.len();
            let filters: BTreeSet<&String> =
                self.filtered.iter().map(|(_, filter)| filter).collect();
            for filter in filters {
                let of = self.filtered.iter().filter(|(_, other)| other == filter);
                let files = of.map(|(file, _)| file.clone()).take(NAMED_MAX).collect();
                blockers.push(Blocker::Filtered { files, filter: filter.clone() });
            }
            if count > 0 {
                let files = files.into_iter().take(NAMED_MAX).collect();
                blockers.push(Blocker::Uncommitted { files, count });
            }
            blockers.extend(self.gone.clone().map(Blocker::Missing));
            let lost = self.lost.clone().filter(|lost| lost.doubt.is_some());
            blockers.extend(lost.map(Blocker::Lost));
        }
        blockers
    }
}

/// Where git is asked about a worktree: in it, or, when it is gone, about what is left.
pub(crate) struct Asked<'a> {
    git: &'a Git,
    record: &'a Record,
    missing: bool,
}

impl<'a> Asked<'a> {
    pub fn new(git: &'a Git, record: &'a Record, missing: bool) -> Asked<'a> {
        Asked { git, record, missing }
    }

    pub fn record(&self) -> &'a Record {
        self.record
    }

    pub fn look(&self, args: &[&str]) -> Call<'a> {
        self.pinned(self.git.look(self.dir(), args))
    }

    pub fn act(&self, args: &[&str]) -> Call<'a> {
        self.pinned(self.git.act(self.dir(), args))
    }

    fn dir(&self) -> &'a Path {
        if self.missing { &self.record.repository.common } else { &self.record.path }
    }

    /// Whatever a configuration says of it, git works on this worktree.
    fn pinned(&self, call: Call<'a>) -> Call<'a> {
        let Some(admin) = &self.record.admin else { return call };
        let call = call.env("GIT_DIR", admin);
        if self.missing { call } else { call.env("GIT_WORK_TREE", &self.record.path) }
    }
}

/// Looks at a worktree.
pub fn inspect(git: &Git, record: &Record) -> Inspection {
    let mut seen = Inspection::default();
    let missing = match place::look(record) {
        Ok(Place::Lost(traces)) => {
            seen.missing = true;
            seen.lost = Some(gone::lost(git, record, traces));
            return seen;
        }
        Ok(place) => place == Place::Missing,
        Err(error) => {
            seen.unreadable.push(error.message);
            return seen;
        }
    };
    seen.missing = missing;
    if !missing && let Err(error) = Checkout::of_record(git, record) {
        seen.unreadable.push(error.message);
        return seen;
    }
    let asked = Asked::new(git, record, missing);
    let looks: [fn(&Asked<'_>, &mut Inspection) -> Result<()>; 3] = [head, unpushed, stashes];
    for look in looks {
        if let Err(error) = look(&asked, &mut seen) {
            seen.unreadable.push(error.message);
        }
    }
    if let Err(error) = lock(record, &mut seen) {
        seen.unreadable.push(error.message);
    }
    if missing {
        if let Err(error) = gone::look(&asked, &mut seen) {
            seen.unreadable.push(error.message);
        }
    } else {
        if let Err(error) = surroundings(&asked, &mut seen) {
            seen.unreadable.push(error.message);
        }
        // What blocks anyway may also keep git waiting.
        if seen.unreadable.is_empty()
            && let Err(error) = files(&asked, &mut seen)
        {
            seen.unreadable.push(error.message);
        }
    }
    seen
}

fn head(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    seen.head.branch = asked.look(&["symbolic-ref", "--quiet", "--short", "HEAD"]).find()?;
    let verify = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
    seen.head.commit = asked.look(&verify).find()?;
    seen.operation = asked.record.admin.as_deref().and_then(operation);
    Ok(())
}

/// What is going on in the checkout whose git directory this is.
pub fn operation(admin: &Path) -> Option<&'static str> {
    let going = OPERATIONS.iter().find(|(file, _)| admin.join(file).exists());
    going.map(|(_, name)| *name)
}

/// Commits that no remote-tracking branch, no other branch and not the base has. The base is never
/// counted: it was there before.
fn unpushed(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let record = asked.record;
    let own = format!("refs/heads/{}", record.branch);
    let mut tips: Vec<String> = seen.head.commit.iter().cloned().collect();
    tips.extend(asked.look(&["rev-parse", "--verify", "--quiet", &own]).find()?);
    if tips.is_empty() {
        return Ok(());
    }
    let list = |args: &[&str]| {
        let mut call = asked.look(&["rev-list"]);
        for arg in args.iter().copied().chain(tips.iter().map(String::as_str)) {
            call = call.arg(arg);
        }
        call = call.arg("--not").arg("--remotes");
        let here = seen.head.branch.iter().chain([&record.branch]);
        for branch in here {
            call = call.arg(format!("--exclude={branch}"));
        }
        call.arg("--branches").arg(&record.base.commit)
    };
    let count = list(&["--count"]).line()?;
    seen.unpushed_count = count.parse().unwrap_or(usize::MAX);
    if seen.unpushed_count > 0 {
        let max = format!("--max-count={NAMED_MAX}");
        let lines = list(&["--no-commit-header", "--format=%h %s", &max]).line()?;
        seen.unpushed = lines.lines().map(str::to_owned).collect();
    }
    Ok(())
}

fn stashes(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let list = asked.look(&["stash", "list", "--format=%gs"]).line()?;
    // `WIP on <branch>: …` or `On <branch>: …`
    let mark = format!("n {}:", asked.record.branch);
    seen.stashes = list.lines().filter(|line| line.contains(&mark)).count();
    Ok(())
}

pub(crate) fn lock(record: &Record, seen: &mut Inspection) -> Result<()> {
    let Some(admin) = &record.admin else { return Ok(()) };
    match hold::read(admin)? {
        Some(Lock::Ours { alive }) => seen.held = alive,
        Some(Lock::Foreign { reason }) => seen.foreign_lock = Some(reason),
        None => {}
    }
    Ok(())
}

fn files(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let record = asked.record;
    for change in changes(asked.look(ARGS).long())? {
        let list = if change.untracked { &mut seen.untracked } else { &mut seen.changed };
        list.push(change.path);
    }
    seen.filtered = filtered(asked, &seen.changed)?;
    seen.hidden = hidden::changes(&record.path, |args| asked.look(args))?;
    seen.included_changed = include::changed(&record.path, &record.included)?;
    Ok(())
}

/// Those of `changed` that a filter with a program governs, and its name.
fn filtered(asked: &Asked<'_>, changed: &[PathBuf]) -> Result<Vec<(PathBuf, String)>> {
    let call = asked.look(&["check-attr", "-z", "--stdin", "filter"]);
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let filters = call.filters_off()?;
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for path in changed {
        names.extend_from_slice(path.as_os_str().as_bytes());
        names.push(0);
    }
    let printed = call.input(names).long().read()?;
    let printed: Vec<&[u8]> = printed.split(|&b| b == 0).collect();
    // Path, attribute, value.
    let (rows, _) = printed.as_chunks::<3>();
    let governed = rows.iter().filter(|[_, _, filter]| filters.contains(*filter));
    let named = |[path, _, filter]: &[&[u8]; 3]| {
        (PathBuf::from(OsStr::from_bytes(path)), String::from_utf8_lossy(filter).into_owned())
    };
    Ok(governed.map(named).collect())
}

fn surroundings(asked: &Asked<'_>, seen: &mut Inspection) -> Result<()> {
    let path = &asked.record.path;
    match working_below(path) {
        Ok(processes) => seen.processes = processes,
        Err(error) => seen.unreadable.push(format!("the list of processes: {error}")),
    }
    match mounts::at_or_below(path) {
        Ok(mounts) if mounts.is_empty() => {}
        Ok(mounts) => {
            let text = format!("{} is another file system", mounts[0].display());
            seen.unreadable.push(text);
        }
        Err(error) => seen.unreadable.push(format!("the list of mounts: {error}")),
    }
    let admin = asked.record.admin.as_deref().unwrap_or(path);
    let (embedded, wrong) = embedded(asked.git, path, admin);
    seen.embedded = embedded;
    seen.unreadable.extend(wrong);
    Ok(())
}
