//! Where sessions live: between the supervisor's words (sessions, faults, views) and worktrees.
//!
//! Promise: nothing but questions about worktrees, each of which may take seconds; the answers are
//! plain data. The supervisor asks beside its loop and needs to know nothing of git.
//! Must not know: the loop, the database, agents.

mod room;
mod trust;
mod view;

use nightshift_supervisor::ports::worktrees::{Dweller, Leave, MainCheckout, Worktrees};
pub use room::{NotPrepared, Prepared};

use nightshift_model::Millis;
use nightshift_model::limits::NAME_MAX_CHARS;
use nightshift_model::naming::{given_name, one_line};
use nightshift_platform::dirs::{self, Home};
use nightshift_platform::spawn::own_environment;
use nightshift_platform::{Identity, clock};
use nightshift_protocol::{
    Environment, Fault, FaultCode, Reply, WhichWorktree, WorktreeFate, WorktreeList,
    WorktreeMeasure, WorktreeState, WorktreesCleaned,
};
use nightshift_trust::{Found, Group, identity};
use nightshift_worktree as worktree;
use nightshift_worktree::{Git, Kind, Ledger, Looker, Policy, Reader, Removal, Wanted as Glanced};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The supervisor's worktrees, and the one reader of repositories that it looks with. Clones share it.
#[derive(Clone, Debug)]
pub struct LocalWorktrees {
    ledger: PathBuf,
    log: PathBuf,
    trust: PathBuf,
    reader: Arc<Reader>,
}

impl LocalWorktrees {
    /// `binary` is our own program: the reader is the same file.
    pub fn of(home: &Home, binary: &Path) -> LocalWorktrees {
        LocalWorktrees {
            ledger: home.state.join("worktrees"),
            log: home.state.join("worktrees/teardown.log"),
            trust: home.state.join("trust"),
            reader: worktree::reader(binary),
        }
    }

    fn ledger(&self) -> Result<Ledger, Fault> {
        Ledger::open(&self.ledger).map_err(|e| fault(&e))
    }

    /// Locks the worktree for the session's host.
    pub fn hold(&self, moved: &Prepared, host: Identity) -> Result<(), Fault> {
        moved.record.as_ref().map_or(Ok(()), |r| worktree::hold(r, host)).map_err(|e| fault(&e))
    }

    /// Its session has no host and gets none: nobody holds the worktree. What cannot be released now is at
    /// the next start.
    pub fn release(&self, moved: &Prepared) {
        if let Some(record) = &moved.record {
            worktree::release(record).ok();
        }
    }

    /// Releases worktrees whose host is gone.
    pub fn release_stale(&self) {
        if let Ok(ledger) = self.ledger() {
            worktree::repair(&ledger);
        }
    }

    /// What is due at a start: stale locks, removals that were cut off, undo whose time is over.
    /// Returns what went wrong.
    pub fn tidy_up(&self) -> Vec<String> {
        if !self.ledger.exists() {
            return Vec::new();
        }
        let Ok(ledger) = self.ledger() else { return Vec::new() };
        worktree::repair(&ledger);
        let (git, none) = (git(&Environment::new()), BTreeSet::new());
        let cleaned = worktree::clean(&git, &ledger, &none, false, clock::now().0, &self.log);
        cleaned.problems.iter().map(ToString::to_string).collect()
    }

    fn looker(&self, env: &Environment) -> Looker {
        Looker::new(git(env), Arc::clone(&self.reader))
    }

    /// Gives a record of an older version its scripts, where the user trusts them. One that keeps none
    /// runs none.
    fn adopt(&self, ledger: &Ledger, mut record: worktree::Record, env: &Environment) {
        let repository = record.repository.root.clone();
        let identity = identity(&record.repository.common);
        let trusted = |scripts: &worktree::Scripts| {
            let mut found = Found { repository, identity, ..Found::default() };
            found.add(trust::scripts(scripts));
            self.trusted().trusts(&found, Group::Scripts)
        };
        // Said where its teardown is not run.
        worktree::adopt_scripts(&git(env), ledger, &mut record, trusted).ok();
    }
}

impl Worktrees for LocalWorktrees {
    /// The main checkout as it is now; none when that cannot be told.
    fn look(&self, main_checkout: &Path) -> Option<MainCheckout> {
        MainCheckout::look(&self.looker(&Environment::new()), main_checkout).ok()
    }

    fn check_base(&self, dir: &Path, base: &str, env: &Environment) -> Result<(), Fault> {
        worktree::check_base(&git(env), dir, base).map_err(|e| fault(&e))
    }

    /// The session has ended for good: its worktree goes, if it may and shall. What cannot be found out
    /// keeps it. None when it never had one.
    /// `name` is what the session was called at last: by that, too, its removal can be undone.
    fn leave(
        &self,
        id: &str,
        name: Option<&str>,
        leave: Leave,
        dwellers: &[Dweller],
        env: &Environment,
    ) -> Option<WorktreeFate> {
        let ledger = match self.ledger() {
            Ok(ledger) => ledger,
            Err(fault) => return Some(view::unknown(id, &fault.to_string())),
        };
        let mut record = match ledger.record(id) {
            Ok(record) => record?,
            Err(error) => return Some(view::unknown(id, &error.to_string())),
        };
        if let Some(name) = name {
            // Without it, its id is left.
            worktree::name_session(&ledger, &mut record, name).ok();
        }
        let policy = match leave {
            Leave::Careful => Policy::Careful,
            Leave::Discard => Policy::Discard,
            Leave::Keep => return Some(view::wanted(&record)),
        };
        let (needed_by, was_used_by) = dwelling_in(&record, dwellers);
        if !needed_by.is_empty() {
            return Some(view::lived_in(&record, &needed_by));
        }
        self.adopt(&ledger, record.clone(), env);
        let removal = worktree::remove(&git(env), &ledger, id, policy, &self.log);
        Some(match removal {
            Ok(removal) => view::told_of(view::fate(&record, &removal), &was_used_by),
            Err(error) => view::failed(&record, &error),
        })
    }

    /// The id of the worktree that is meant by an id, the beginning of one, or a name.
    fn named(&self, named: &str) -> Result<String, Fault> {
        let ledger = self.ledger()?;
        let meant = |named: &str| worktree::named(&ledger, named).map_err(|e| fault(&e));
        let found = match (meant(named)?, given_name(named)) {
            (None, Some(given)) => meant(&given)?,
            (found, _) => found,
        };
        found.ok_or_else(|| {
            let named = one_line(named, NAME_MAX_CHARS);
            Fault::new(FaultCode::NotFound, format!("there is no worktree of `{named}`"))
                .hint("list them with `nightshift worktrees`")
        })
    }

    fn inspect(&self, id: &str, dwellers: &[Dweller]) -> Result<WorktreeState, Fault> {
        let Some(record) = self.ledger()?.record(id).map_err(|e| fault(&e))? else {
            return Err(Fault::new(FaultCode::NotFound, format!("{id} has no worktree")));
        };
        let state = view::state(&record, &worktree::inspect(&git(&Environment::new()), &record));
        let (needed_by, _) = dwelling_in(&record, dwellers);
        Ok(view::kept_by(state, &needed_by))
    }

    /// All worktrees of the ledger's repositories and of those with a main checkout in `roots`.
    /// `sessions` are those on the board.
    fn list(
        &self,
        sessions: &BTreeSet<String>,
        roots: &BTreeSet<PathBuf>,
        sizes: bool,
    ) -> Result<WorktreeList, Fault> {
        let ledger = self.ledger()?;
        let looker = self.looker(&Environment::new());
        let (listed, mut problems) = worktree::list(&looker, &ledger, roots);
        let mut worktrees: Vec<_> = listed.iter().map(|one| view::listed(one, sessions)).collect();
        if sizes {
            let glanced: Vec<_> = listed.iter().map(glanced).collect();
            let glances = worktree::glances(&looker, &glanced);
            for (view, glance) in worktrees.iter_mut().zip(glances) {
                view::measured(view, &glance);
            }
        }
        let count = |dir: &Path| sizes.then(|| bytes(dir)).flatten();
        let (removed, damaged) = ledger.removed();
        problems.extend(damaged);
        let removed = removed.iter().map(|one| view::removed(one, count(&one.aside))).collect();
        let problems = problems.iter().map(ToString::to_string).collect();
        Ok(WorktreeList { worktrees, removed, problems })
    }

    /// What takes time to find out about one of those that `list` names.
    fn measure(
        &self,
        which: &WhichWorktree,
        roots: &BTreeSet<PathBuf>,
    ) -> Result<WorktreeMeasure, Fault> {
        let (ledger, looker) = (self.ledger()?, self.looker(&Environment::new()));
        let unknown = |what: &str| {
            Fault::new(FaultCode::NotFound, format!("there is no worktree {what} any more"))
        };
        let path = match which {
            WhichWorktree::Removed { id } => {
                let (removed, _) = ledger.removed();
                let one = removed.iter().find(|one| one.id == *id).ok_or_else(|| unknown(id))?;
                return Ok(WorktreeMeasure {
                    bytes: bytes(&one.aside),
                    ..WorktreeMeasure::default()
                });
            }
            WhichWorktree::Made { path } => path,
        };
        // Only what is listed is looked at: a path from outside is not.
        let (listed, _) = worktree::list(&looker, &ledger, roots);
        let one =
            listed.iter().find(|one| text(&one.path) == *path).ok_or_else(|| unknown(path))?;
        let glance = worktree::glances(&looker, &[glanced(one)]).pop().unwrap_or_default();
        let seen = glance.seen.as_ref();
        let keeps = |policy| seen.map(|s| view::keeps(s, policy)).unwrap_or_default();
        let (keeps, blocks) = (keeps(Policy::Careful), keeps(Policy::Discard));
        Ok(WorktreeMeasure { bytes: glance.bytes, keeps, blocks })
    }

    /// Removes worktrees without a session as far as nothing would be lost.
    fn clean(&self, dwellers: &[Dweller]) -> Result<WorktreesCleaned, Fault> {
        let ledger = self.ledger()?;
        let git = git(&Environment::new());
        let mut left_alone: BTreeSet<String> = dwellers.iter().map(|one| one.id.clone()).collect();
        let mut lived_in = Vec::new();
        for record in ledger.records().0 {
            let (needed_by, _) = dwelling_in(&record, dwellers);
            if !needed_by.is_empty() && left_alone.insert(record.id.clone()) {
                lived_in.push(view::lived_in(&record, &needed_by));
            }
        }
        let cleaned = worktree::clean(&git, &ledger, &left_alone, true, clock::now().0, &self.log);
        let fate = |(record, removal): &(_, Removal)| view::fate(record, removal);
        Ok(WorktreesCleaned {
            orphans: cleaned.orphans.iter().map(fate).chain(lived_in).collect(),
            expired: cleaned.expired.iter().map(|r| text(&r.record.path)).collect(),
            problems: cleaned.problems.iter().map(ToString::to_string).collect(),
        })
    }

    fn undo(&self, id: &str) -> Result<Reply, Fault> {
        let (git, ledger) = (git(&Environment::new()), self.ledger()?);
        let undo = |id: &str| worktree::undo(&git, &ledger, id);
        let record = match (undo(id), given_name(id)) {
            // As names are kept: a long one is cut, blanks count once.
            (Err(error), Some(given)) if error.kind == Kind::NotFound && given != id => {
                undo(&given).map_err(|_| error)
            }
            (done, _) => done,
        };
        let record = record.map_err(|e| fault(&e))?;
        let (path, branch) = (text(&record.path), record.branch);
        Ok(Reply::WorktreeRestored { id: record.id, path, branch })
    }
}

/// Which other sessions work in this worktree: those that need it, and those that have ended for good.
fn dwelling_in<'a>(
    record: &worktree::Record,
    dwellers: &'a [Dweller],
) -> (Vec<&'a Dweller>, Vec<&'a Dweller>) {
    let is_in =
        |one: &&Dweller| one.id != record.id && dirs::is_below(&one.directory, &record.path);
    dwellers.iter().filter(is_in).partition(|one| !one.is_over)
}

fn glanced(one: &worktree::Listed) -> Glanced<'_> {
    Glanced { path: &one.path, record: one.record.as_ref() }
}

fn bytes(dir: &Path) -> Option<u64> {
    worktree::size(dir, &AtomicBool::new(false)).ok().map(|size| size.bytes)
}

/// git in the session's environment; in our own where that is not known (any more).
fn git(env: &Environment) -> Git {
    if env.is_empty() {
        return Git::new(&own_environment());
    }
    Git::new(&env.iter().map(|(name, value)| (name.into(), value.into())).collect())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn fault(error: &worktree::Error) -> Fault {
    let code = match error.kind {
        Kind::Refused | Kind::Taken | Kind::Busy => FaultCode::Refused,
        Kind::NotFound => FaultCode::NotFound,
        Kind::Ambiguous => FaultCode::Ambiguous,
        Kind::Git | Kind::Script | Kind::Io => FaultCode::Io,
    };
    let fault = Fault::new(code, error.message.clone());
    if error.hint.is_empty() { fault } else { fault.hint(error.hint.clone()) }
}

/// When a removal of `at` can no longer be undone.
fn undo_until(at: u64) -> Millis {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    Millis(at.saturating_add(worktree::UNDO_DAYS * DAY_MS))
}
