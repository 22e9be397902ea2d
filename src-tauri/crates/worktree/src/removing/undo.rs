//! Bringing a removed worktree back: files, index, HEAD, branch, logs, unfinished operations.
//!
//! Promise: nothing that is there now is overwritten; a step that fails leaves the rest aside, and
//! undo may be asked for again.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Environment, Git};
use crate::git_program::written_refs::refuse_symbolic;
use crate::looking::absence::Grounds;
use crate::looking::place;
use crate::making::ports::free_block;
use crate::removing::ledger::{Ledger, Record, Removed};
use crate::removing::remove::worktrees;
use crate::removing::{named, rescue};
use nightshift_platform::files::{rename_exclusive, write_durably};
use nightshift_platform::private;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Brings back what was removed last under `id`: a session's id, the beginning of one, a name, or the exact id
/// of a removal.
pub fn undo(git: &Git, ledger: &Ledger, id: &str) -> Result<Record> {
    let _turn = ledger.lock()?;
    let removed = newest(ledger, id)?;
    let mut record = removed.record.clone();
    if let Some(there) = ledger.record(&record.id)? {
        let text = format!("{} has the worktree {} now", record.id, there.path.display());
        return Err(Error::new(Kind::Taken, text).hint("remove that one first"));
    }
    refuse_links(&removed)?;
    if removed.had_tree
        && !removed.tree().exists()
        && std::fs::symlink_metadata(&record.path).is_err()
    {
        let text = format!("the files of {} are not at {}", id, removed.tree().display());
        let hint = format!("what was uncommitted is in git: {}", removed.rescue_ref);
        return Err(Error::new(Kind::NotFound, text).hint(hint));
    }
    let there = std::fs::symlink_metadata(&record.path).is_ok();
    if there && (removed.tree().exists() || !removed.had_tree) {
        let text = format!("something is at {} already", record.path.display());
        return Err(Error::new(Kind::Taken, text).hint("move it away, then undo again"));
    }
    let branch = format!("refs/heads/{}", record.branch);
    let written = [branch.as_str(), removed.rescue_ref.as_str()];
    refuse_symbolic(git, &record.repository.checkout(), &written)?;
    refuse_way(&record.path)?;
    restore_branch(git, &removed)?;
    record.admin = restore_admin(&removed)?;
    restore_tree(&removed, &record)?;
    // Before anybody hears that it is back.
    if let Err(error) = place::look(&record) {
        take_back(&removed, &record)?;
        return Err(error);
    }
    record.grounds = Grounds::of(&record.path, &record.repository.common);
    let (records, _) = ledger.records();
    let taken: Vec<_> = records.iter().filter_map(|r| r.ports).collect();
    if let Some(ports) = record.ports.filter(|ports| ports.meet(&taken)) {
        record.ports = free_block(&record.path.to_string_lossy(), ports.count(), &taken);
    }
    ledger.save(&record)?;
    ledger.forget_removed(&removed.id)?;
    std::fs::remove_dir(&removed.aside).at(&removed.aside)?;
    rescue::forget(git, &record, &removed.rescue_ref, &removed.rescue_commit)?;
    Ok(record)
}

fn newest(ledger: &Ledger, id: &str) -> Result<Removed> {
    let (mut all, damaged) = ledger.removed();
    let exact = |removed: &Removed| removed.id == id.trim() && removed.id != removed.record.id;
    if let Some(at) = all.iter().position(exact) {
        return Ok(all.swap_remove(at));
    }
    let meant = named::meant(all.iter().map(|removed| &removed.record), id)?;
    let of_session = all.into_iter().filter(|removed| Some(&removed.record.id) == meant.as_ref());
    let newest = of_session.max_by_key(|removed| removed.removed_at);
    newest.ok_or_else(|| damaged.into_iter().next().unwrap_or_else(|| no_removal(ledger, id)))
}

fn no_removal(ledger: &Ledger, id: &str) -> Error {
    let (there, _) = ledger.records();
    let meant = named::meant(&there, id).ok().flatten();
    let text = format!("nothing was removed under `{}`", id.escape_debug());
    match there.iter().find(|record| Some(&record.id) == meant.as_ref()) {
        Some(Record { id, path, .. }) => {
            let text = format!("{text}: the worktree of {id} is there, {}", path.display());
            Error::new(Kind::NotFound, text).hint("there is nothing to bring back")
        }
        None => Error::new(Kind::NotFound, text)
            .hint("`nightshift worktrees` lists what can be brought back"),
    }
}

fn restore_branch(git: &Git, removed: &Removed) -> Result<()> {
    let (true, Some(tip)) = (removed.branch_deleted, &removed.branch_tip) else { return Ok(()) };
    let record = &removed.record;
    let repository = &record.repository;
    let name = format!("refs/heads/{}", record.branch);
    if worktrees(git, record)?.contains(&format!("branch {name}")) {
        let text = format!("the branch {} is checked out elsewhere", record.branch);
        return Err(Error::new(Kind::Taken, text).hint("check out another there, then undo again"));
    }
    let there = repository.look(git, &["rev-parse", "--verify", "--quiet", &name]).find()?;
    match there {
        Some(at) if at == *tip => Ok(()),
        Some(at) => {
            let text = format!("the branch {} is there again, at {at}", record.branch);
            Err(Error::new(Kind::Taken, text).hint("rename that branch, then undo again"))
        }
        None => {
            let zero = "0".repeat(tip.len());
            let args = ["update-ref", "-m", "removal undone", &name, tip, &zero];
            repository.act(git, &args).read().map(|_| ())
        }
    }
}

/// git's own notes go back, under another name when theirs is taken.
fn restore_admin(removed: &Removed) -> Result<Option<PathBuf>> {
    let Some(old) = &removed.record.admin else { return Ok(None) };
    let aside = removed.admin();
    let parent = old.parent().unwrap_or(old);
    std::fs::create_dir_all(parent).at(parent)?;
    if !aside.exists() {
        return Ok(Some(old.clone()));
    }
    let name = old.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 1..=crate::limits::NAME_TRIES {
        let admin = parent.join(crate::making::name::numbered(&name, n));
        match rename_exclusive(&aside, &admin) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            renamed => return renamed.at(&admin).map(|()| Some(admin)),
        }
    }
    Err(Error::new(Kind::Taken, format!("{} is full", parent.display())))
}

/// Refuses where the way to `path`, as far as it is there, leads through a link: the worktree would come back
/// somewhere else.
fn refuse_way(path: &Path) -> Result<()> {
    let mut above = path.ancestors().skip(1);
    let there = above.find(|part| std::fs::symlink_metadata(part).is_ok()).unwrap_or(path);
    let real = std::fs::canonicalize(there).at(there)?;
    if real == there && real.is_dir() {
        return Ok(());
    }
    let text = format!(
        "{} leads to {}, which is not where the worktree was; nothing was moved",
        there.display(),
        real.display()
    );
    Err(Error::new(Kind::Refused, text).hint("remove that link, then undo again"))
}

/// Refuses where what was put aside is not there itself any more: a link in its place would be brought back
/// instead, and what it leads to is anybody's.
fn refuse_links(removed: &Removed) -> Result<()> {
    let all = removed.aside.parent().unwrap_or(&removed.aside);
    for aside in [all, &removed.aside, &removed.tree(), &removed.admin()] {
        match std::fs::symlink_metadata(aside) {
            Ok(there) if there.is_dir() => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(there) => {
                let what = if there.is_symlink() { "a symbolic link" } else { "no directory" };
                let text = format!("{} is {what}; nothing was changed", aside.display());
                let hint =
                    format!("move it away; what was uncommitted is in git: {}", removed.rescue_ref);
                return Err(Error::new(Kind::Refused, text).hint(hint));
            }
            Err(error) => return Err(Error::io(aside, &error)),
        }
    }
    Ok(())
}

/// Puts aside again what was just brought back.
fn take_back(removed: &Removed, record: &Record) -> Result<()> {
    if removed.had_tree {
        rename_exclusive(&record.path, &removed.tree()).at(&record.path)?;
    }
    match &record.admin {
        Some(admin) => rename_exclusive(admin, &removed.admin()).at(admin),
        None => Ok(()),
    }
}

fn restore_tree(removed: &Removed, record: &Record) -> Result<()> {
    let path = &record.path;
    let parent = path.parent().unwrap_or(path);
    private::create_dir_all(&Environment::new(), parent).at(parent)?;
    if !removed.had_tree {
        return Ok(());
    }
    let dot_git = path.join(".git");
    match rename_exclusive(&removed.tree(), path) {
        Ok(()) => {}
        // Brought back by an undo that was cut off.
        Err(error) if error.kind() == ErrorKind::NotFound && path.exists() => {}
        Err(error) => {
            if let Some(admin) = &record.admin {
                rename_exclusive(admin, &removed.admin()).at(admin)?;
            }
            return Err(Error::io(path, &error));
        }
    }
    match &record.admin {
        Some(admin) if place::pointer(&dot_git, "gitdir: ").ok().as_ref() != Some(admin) => {
            repoint(&dot_git, admin)
        }
        Some(_) | None => Ok(()),
    }
}

fn repoint(dot_git: &Path, admin: &Path) -> Result<()> {
    let line = format!("gitdir: {}\n", admin.display());
    write_durably(dot_git, line.as_bytes()).at(dot_git)
}
