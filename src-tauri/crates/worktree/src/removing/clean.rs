//! Ending what is over: worktrees without a session, removals that can no longer be undone.
//!
//! Promise: worktrees go the same way as by hand (`remove`, carefully); files are deleted only here,
//! only after their time, one file system deep and never through a link.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::Git;
use crate::git_program::written_refs::refuse_symbolic;
use crate::limits::{DAY_MS, UNDO_DAYS};
use crate::looking::absence;
use crate::looking::absence::Absence;
use crate::looking::inspect::Policy;
use crate::looking::repository::Repository;
use crate::removing::expiry::expire_rescues;
use crate::removing::ledger::{Ledger, Record, RemovalPhase, Removed};
use crate::removing::remove::{Removal, recover, remove};
use crate::removing::rescue;
use nightshift_platform::mounts;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a cleaning did.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Worktrees without a session, and what became of each.
    pub orphans: Vec<(Record, Removal)>,
    /// Removals whose time was over: deleted for good.
    pub expired: Vec<Removed>,
    pub problems: Vec<Error>,
}

/// Cleans up at time `now_ms`. Worktrees of `sessions` are left alone.
pub fn clean(
    git: &Git,
    ledger: &Ledger,
    sessions: &BTreeSet<String>,
    orphans: bool,
    now_ms: u64,
    log: &Path,
) -> Cleaned {
    let mut cleaned = Cleaned { problems: recover(git, ledger), ..Cleaned::default() };
    let (records, problems) = ledger.records();
    cleaned.problems.extend(problems);
    let (removed, _) = ledger.removed();
    let all = records.iter().chain(removed.iter().map(|r| &r.record));
    let repositories: BTreeSet<&Path> = all.map(|r| r.repository.common.as_path()).collect();
    for common in repositories.into_iter().filter(|common| common.exists()) {
        if let Err(error) = expire_rescues(git, common, now_ms) {
            cleaned.problems.push(error);
        }
    }
    let orphaned = |record: &Record| orphans && !sessions.contains(&record.id);
    for record in records.into_iter().filter(orphaned) {
        match remove(git, ledger, &record.id, Policy::Careful, log) {
            Ok(removal) => cleaned.orphans.push((record, removal)),
            Err(error) => cleaned.problems.push(error),
        }
    }
    let (removed, _) = ledger.removed();
    let over = |r: &Removed| {
        r.phase == RemovalPhase::Done && now_ms.saturating_sub(r.removed_at) > UNDO_DAYS * DAY_MS
    };
    for removed in removed.into_iter().filter(over) {
        match purge(git, ledger, &removed) {
            Ok(()) => cleaned.expired.push(removed),
            Err(error) => cleaned.problems.push(error),
        }
    }
    cleaned
}

/// Deletes a removed worktree for good.
pub fn purge(git: &Git, ledger: &Ledger, removed: &Removed) -> Result<()> {
    let _turn = ledger.lock()?;
    let record = &removed.record;
    let Repository { root, common } = &record.repository;
    // Then the rescue went with the whole repository.
    let is_gone = absence::look(common, root, &record.grounds.repository)? == Some(Absence::Proven);
    if !is_gone {
        refuse_symbolic(git, &record.repository.checkout(), &[&removed.rescue_ref])?;
    }
    let aside = &removed.aside;
    if std::fs::symlink_metadata(aside).is_ok() {
        let real = std::fs::canonicalize(aside).at(aside)?;
        let mounted = mounts::at_or_below(&real).at(aside)?;
        if real != *aside || !mounted.is_empty() {
            let text = format!("{} leads elsewhere; it was not deleted", aside.display());
            return Err(Error::new(Kind::Refused, text).hint("look at it by hand"));
        }
        delete(aside)?;
    }
    if !is_gone {
        rescue::forget(git, record, &removed.rescue_ref, &removed.rescue_commit)?;
    }
    ledger.forget_removed(&removed.id)
}

/// Package caches make their directories read-only: that must not keep them for ever.
fn delete(dir: &Path) -> Result<()> {
    if std::fs::remove_dir_all(dir).is_ok() {
        return Ok(());
    }
    let mut next = vec![dir.to_owned()];
    while let Some(dir) = next.pop() {
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).at(&dir)?;
        for entry in std::fs::read_dir(&dir).at(&dir)? {
            let entry = entry.at(&dir)?;
            if entry.file_type().at(&dir)?.is_dir() {
                next.push(entry.path());
            }
        }
    }
    std::fs::remove_dir_all(dir).at(dir)
}
