//! The one way a worktree goes: inspect, tear down, rescue, move aside, verify, record.
//!
//! `git worktree remove` is not used. Without force it refuses what must be removable after a look,
//! and with force it deletes: ignored files at once, everything else one by one, so that a crash
//! leaves half of it. Here the whole directory is *renamed* into the repository's `.git/nightshift`,
//! and git's own notes about it (HEAD, index, logs, a rebase in progress) beside it. A rename is
//! atomic, moves a link instead of following it, keeps every byte whether git knows it or not, and
//! is undone by a rename back. `git worktree prune` is not used either: it would forget worktrees
//! on disks that are not mounted just now.
//!
//! Promise: at every moment all files are in the worktree or aside; nothing is deleted here.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Git, text};
use crate::git_program::written_refs::refuse_symbolic;
use crate::limits::{NAME_TRIES, RESCUES};
use crate::looking::checkout::Checkout;
use crate::looking::inspect::{Blocker, Inspection, Policy, inspect};
use crate::looking::place;
use crate::looking::place::Place;
use crate::making::scripts::tear_down;
use crate::removing::ledger::{Ledger, RECORD_VERSION, Record, RemovalPhase, Removed};
use crate::removing::owner;
use crate::removing::rescue;
use crate::removing::rescue::{Rescue, rescue};
use nightshift_platform::below;
use nightshift_platform::clock;
use nightshift_platform::files::{rename_exclusive, sync_directory};
use nightshift_platform::process::working_below;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Nothing of it could be kept aside but git's own notes.
const GONE_BEFORE: &str =
    "its directory was gone already; if it was moved, undo this removal, then put it back";

/// What became of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    Removed {
        removed: Box<Removed>,
        /// What was uncommitted and can be brought back.
        uncommitted: Vec<PathBuf>,
        /// What went wrong without stopping it: the teardown script.
        notes: Vec<String>,
    },
    /// Nothing was left of it but our record of it, which is gone now; or whatever there is stays, as was asked for.
    Forgotten { found: String },
    /// It is as it was.
    Kept { blockers: Vec<Blocker> },
}

/// Removes the worktree of `id` as far as `policy` allows. The output of its teardown script goes
/// to `log`.
pub fn remove(git: &Git, ledger: &Ledger, id: &str, policy: Policy, log: &Path) -> Result<Removal> {
    let Some(record) = ledger.record(id)? else {
        return Err(Error::new(Kind::NotFound, format!("no worktree was made for {id}")));
    };
    owner::refuse_others(&record, ledger)?;
    let branch = format!("refs/heads/{}", record.branch);
    refuse_symbolic(git, &record.repository.checkout(), &[&branch])?;
    let kept = |seen: &Inspection| {
        let blockers = seen.blockers(policy);
        (!blockers.is_empty()).then_some(Removal::Kept { blockers })
    };
    // Before the teardown: it must not run for a worktree that stays.
    let seen = inspect_refreshed(git, &record);
    if let Some(kept) = kept(&seen) {
        return Ok(kept);
    }
    if seen.lost.is_some() {
        return forget(git, ledger, &record, policy);
    }
    let mut notes = Vec::new();
    if !seen.missing {
        match tear_down(git, ledger, &record, log) {
            Ok(note) => notes.extend(note),
            Err(error) => notes.push(error.message),
        }
    }
    let _turn = ledger.lock()?;
    // Again: the script, the user or an agent may have changed something since.
    let seen = inspect_refreshed(git, &record);
    if let Some(kept) = kept(&seen) {
        return Ok(kept);
    }
    match take_away(git, ledger, &record, &seen)? {
        Taken::Away(removed) => {
            if removed.branch_tip.is_some() && !removed.branch_deleted {
                let branch = &removed.record.branch;
                notes.push(format!(
                    "branch {branch} kept: it is checked out elsewhere, or moved on"
                ));
            }
            if seen.missing {
                notes.push(GONE_BEFORE.to_owned());
            }
            let blockers = seen.blockers(Policy::Careful);
            let commits = blockers.iter().filter(|blocker| blocker.word() == "unpushed");
            notes.extend(commits.map(|commits| format!("gone with it: {}", commits.told())));
            let uncommitted = seen.uncommitted();
            Ok(Removal::Removed { removed, uncommitted, notes })
        }
        Taken::Back(blocker) => Ok(Removal::Kept { blockers: vec![blocker] }),
    }
}

/// Of a worktree that has neither directory nor notes of git's: there is nothing to keep aside.
fn forget(git: &Git, ledger: &Ledger, record: &Record, policy: Policy) -> Result<Removal> {
    let _turn = ledger.lock()?;
    let seen = inspect(git, record);
    let mut blockers = seen.blockers(policy);
    let lost = match seen.lost {
        Some(lost) if blockers.is_empty() => lost,
        Some(_) => return Ok(Removal::Kept { blockers }),
        None => {
            blockers.push(Blocker::Unreadable { what: "it came back meanwhile".to_owned() });
            return Ok(Removal::Kept { blockers });
        }
    };
    ledger.forget(&record.id)?;
    let found = match lost.doubt {
        None => format!("nothing was left of it: {}", lost.found),
        Some(_) => format!(
            "it was forgotten as you asked; whatever is on disk stays as it is: {}",
            lost.found
        ),
    };
    Ok(Removal::Forgotten { found })
}

/// Looks again where only a filter could tell whether files changed: the user's own, such as Git LFS, runs in
/// an act, and the index then knows which files are as committed.
fn inspect_refreshed(git: &Git, record: &Record) -> Inspection {
    let seen = inspect(git, record);
    let settle = || Checkout::of_record(git, record).and_then(|checkout| checkout.settle(git));
    if seen.filtered.is_empty() || settle().is_err() { seen } else { inspect(git, record) }
}

enum Taken {
    Away(Box<Removed>),
    /// Something came in between.
    Back(Blocker),
}

fn take_away(git: &Git, ledger: &Ledger, record: &Record, seen: &Inspection) -> Result<Taken> {
    let place = place::look(record)?;
    if !seen.missing {
        Checkout::of_record(git, record)?;
    }
    let id = free_id(git, ledger, record)?;
    let first = aside_of(record, &id);
    if let Err(error) = make_aside(&first, &record.repository.common) {
        return Ok(Taken::Back(Blocker::Unreadable { what: error.message }));
    }
    let saved = match rescue(git, record, seen, &id) {
        Ok(saved) => saved,
        Err(error) => {
            std::fs::remove_dir(&first).at(&first)?;
            let what = format!("it cannot be rescued: {}", error.message);
            return Ok(Taken::Back(Blocker::Unreadable { what }));
        }
    };
    let mut removed = prepared(record, id, saved, seen);
    if !seen.missing && crosses_devices(&record.path, &removed.aside)? {
        std::fs::remove_dir(&removed.aside).at(&removed.aside)?;
        removed.aside = beside(record, &removed.id);
        make_aside(&removed.aside, above(&record.path))?;
    }
    ledger.save_removed(&removed)?;
    if let Some(blocker) = move_tree(record, &removed, place)? {
        ledger.forget_removed(&removed.id)?;
        // All of it is in the worktree.
        rescue::forget(git, record, &removed.rescue_ref, &removed.rescue_commit)?;
        return Ok(Taken::Back(blocker));
    }
    finish(git, ledger, &mut removed)?;
    Ok(Taken::Away(Box::new(removed)))
}

fn prepared(record: &Record, id: String, saved: Rescue, seen: &Inspection) -> Removed {
    let Rescue { name, commit, branch_tip } = saved;
    Removed {
        version: RECORD_VERSION,
        aside: aside_of(record, &id),
        id,
        record: record.clone(),
        phase: RemovalPhase::Prepared,
        removed_at: clock::now().0,
        rescue_ref: name,
        rescue_commit: commit,
        branch_tip,
        branch_deleted: false,
        had_tree: !seen.missing,
    }
}

fn aside_of(record: &Record, id: &str) -> PathBuf {
    record.repository.common.join("nightshift").join("removed").join(id)
}

/// A worktree on another disk than its repository is kept on its own: a rename cannot leave it.
fn beside(record: &Record, id: &str) -> PathBuf {
    above(&record.path).join(".removed").join(id)
}

fn above(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes the directory that it goes to, below `root`. A link on the way would put it elsewhere.
fn make_aside(aside: &Path, root: &Path) -> Result<()> {
    let way = aside.strip_prefix(root).unwrap_or(aside);
    below::create(root, way).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotADirectory => "a part of that is not a directory".to_owned(),
            _ => error.to_string(),
        };
        let text = format!("{} cannot be made: {why}; nothing is put there", aside.display());
        Error::new(Kind::Refused, text).hint("see what is there, and remove it")
    })
}

fn crosses_devices(from: &Path, to: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::symlink_metadata(path).at(path).map(|m| m.dev());
    Ok(device(from)? != device(to)?)
}

fn free_id(git: &Git, ledger: &Ledger, record: &Record) -> Result<String> {
    let id = &record.id;
    let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let has_rescue = |candidate: &str| -> Result<bool> {
        let call = record.repository.look(git, &verify).arg(format!("{RESCUES}{candidate}"));
        call.find().map(|found| found.is_some())
    };
    let candidates = (1..=NAME_TRIES).map(|n| crate::making::name::numbered(id, n));
    for candidate in candidates {
        if ledger.removed_one(&candidate)?.is_none() && !has_rescue(&candidate)? {
            return Ok(candidate);
        }
    }
    Err(Error::new(Kind::Taken, format!("{id} was removed too often; clean up first")))
}

/// Renames the directory and looks whether it was the one that was inspected, with nobody in it.
fn move_tree(record: &Record, removed: &Removed, place: Place) -> Result<Option<Blocker>> {
    if !removed.had_tree {
        return Ok(None);
    }
    let tree = removed.tree();
    rename_exclusive(&record.path, &tree).at(&record.path)?;
    let what = arrived(&tree, place);
    if !matches!(what, Ok(None)) {
        rename_exclusive(&tree, &record.path).at(&record.path)?;
    }
    what
}

/// What is wrong with the directory that was moved to `tree`.
fn arrived(tree: &Path, place: Place) -> Result<Option<Blocker>> {
    let moved = std::fs::symlink_metadata(tree).at(tree)?;
    if std::fs::canonicalize(tree).at(tree)? != tree {
        let what = format!("{} leads elsewhere now", tree.display());
        return Ok(Some(Blocker::Unreadable { what }));
    }
    if place::of(&moved) != place {
        return Ok(Some(Blocker::Unreadable { what: "it was replaced meanwhile".to_owned() }));
    }
    let occupants = working_below(tree).at(tree)?;
    Ok((!occupants.is_empty()).then_some(Blocker::Occupied { by: occupants }))
}

/// From here on the removal only goes forward: the files are aside. May be run again after a crash.
pub(crate) fn finish(git: &Git, ledger: &Ledger, removed: &mut Removed) -> Result<()> {
    let record = removed.record.clone();
    if let Some(admin) = &record.admin {
        match rename_exclusive(admin, &removed.admin()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                copy_tree(admin, &removed.admin())?;
                std::fs::remove_dir_all(admin).at(admin)?;
            }
            renamed => renamed.at(admin)?,
        }
        let lock = removed.admin().join("locked");
        match std::fs::remove_file(&lock) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            unlocked => unlocked.at(&lock)?,
        }
    }
    // Renames of directories are durable once the directories above them are.
    for dir in [&removed.aside, record.path.parent().unwrap_or(&record.path)] {
        if dir.exists() {
            sync_directory(dir).at(dir)?;
        }
    }
    verify(git, &record)?;
    removed.branch_deleted |= delete_branch(git, removed)?;
    removed.phase = RemovalPhase::Done;
    ledger.save_removed(removed)?;
    ledger.forget(&record.id)
}

/// The rescue has it all; only while it is where it was, and checked out nowhere.
fn delete_branch(git: &Git, removed: &Removed) -> Result<bool> {
    let Some(tip) = &removed.branch_tip else { return Ok(false) };
    let record = &removed.record;
    let name = format!("refs/heads/{}", record.branch);
    if worktrees(git, record)?.contains(&format!("branch {name}")) {
        return Ok(false);
    }
    let call = record.repository.act(git, &["update-ref", "-d"]);
    let ended = call.arg(name).arg(tip).end()?;
    Ok(ended.code == Some(0))
}

fn verify(git: &Git, record: &Record) -> Result<()> {
    if std::fs::symlink_metadata(&record.path).is_ok() {
        let text = format!("something new is at {} already", record.path.display());
        return Err(Error::new(Kind::Taken, text).hint("what was removed can be brought back"));
    }
    let listed = format!("worktree {}", record.path.display());
    if worktrees(git, record)?.contains(&listed) {
        let text = format!("git still lists {}", record.path.display());
        return Err(Error::new(Kind::Git, text).hint("run `git worktree list` to see why"));
    }
    Ok(())
}

/// Lines of `git worktree list --porcelain`.
pub(crate) fn worktrees(git: &Git, record: &Record) -> Result<Vec<String>> {
    let list = record.repository.look(git, &["worktree", "list", "--porcelain", "-z"]).read()?;
    Ok(crate::git_program::git::pieces(&list).map(text).collect())
}

/// Only for git's own notes about a worktree on another disk: plain files and directories.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).at(to)?;
    for entry in std::fs::read_dir(from).at(from)? {
        let entry = entry.at(from)?;
        let target = to.join(entry.file_name());
        if entry.file_type().at(from)?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).at(&target)?;
        }
    }
    Ok(())
}

/// Removals that a crash cut off: those whose files are aside are finished, the others never were.
pub(crate) fn recover(git: &Git, ledger: &Ledger) -> Vec<Error> {
    let (removed, mut wrong) = ledger.removed();
    for mut removed in removed.into_iter().filter(|r| r.phase == RemovalPhase::Prepared) {
        let aside = removed.tree().exists() || removed.admin().exists();
        let done = if aside {
            finish(git, ledger, &mut removed)
        } else {
            // The rescue stays: it harms nobody and is named after what it holds.
            ledger.forget_removed(&removed.id)
        };
        wrong.extend(done.err());
    }
    wrong
}
