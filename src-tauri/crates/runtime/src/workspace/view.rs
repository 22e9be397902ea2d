//! Worktrees as clients see them.

use crate::workspace::{text, undo_until};
use nightshift_model::Millis;
use nightshift_protocol::{Kept, RemovedWorktree, WorktreeFate, WorktreeState, WorktreeView};
use nightshift_supervisor::ports::worktrees::Dweller;
use nightshift_worktree::{
    Blocker, Error, Glance, Inspection, Listed, Policy, Record, Removal, Removed,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn kept(blocker: &Blocker) -> Kept {
    Kept { reason: blocker.word().to_owned(), text: blocker.to_string() }
}

fn unreadable(what: &str) -> Vec<Kept> {
    vec![Kept { reason: "unreadable".to_owned(), text: what.to_owned() }]
}

pub(crate) fn keeps(seen: &Inspection, policy: Policy) -> Vec<Kept> {
    seen.blockers(policy).iter().map(kept).collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| text(path)).collect()
}

pub(crate) fn fate(record: &Record, removal: &Removal) -> WorktreeFate {
    let fate = WorktreeFate {
        path: text(&record.path),
        branch: record.branch.clone(),
        kept: Vec::new(),
        uncommitted: Vec::new(),
        undo: None,
        notes: Vec::new(),
    };
    match removal {
        Removal::Removed { removed, uncommitted, notes } => WorktreeFate {
            uncommitted: texts(uncommitted),
            undo: Some(removed.id.clone()),
            notes: notes.clone(),
            ..fate
        },
        Removal::Forgotten { found } => WorktreeFate { notes: vec![found.clone()], ..fate },
        Removal::Kept { blockers } => {
            let named = |blocker: &Blocker| Kept { text: blocker.told(), ..kept(blocker) };
            WorktreeFate { kept: blockers.iter().map(named).collect(), ..fate }
        }
    }
}

/// It was not to go.
pub(crate) fn wanted(record: &Record) -> WorktreeFate {
    let kept = vec![Kept { reason: "wanted".to_owned(), text: "you asked to keep it".to_owned() }];
    WorktreeFate { kept, ..fate(record, &Removal::Kept { blockers: Vec::new() }) }
}

fn by_session(dweller: &&Dweller) -> Kept {
    let Dweller { id, name, .. } = dweller;
    Kept { reason: "session".to_owned(), text: format!("session {id} ({name}) works in it") }
}

/// It stays for other sessions.
pub(crate) fn lived_in(record: &Record, needed_by: &[&Dweller]) -> WorktreeFate {
    let kept = needed_by.iter().map(by_session).collect();
    WorktreeFate { kept, ..fate(record, &Removal::Kept { blockers: Vec::new() }) }
}

/// The same before anybody removes it.
pub(crate) fn kept_by(mut state: WorktreeState, needed_by: &[&Dweller]) -> WorktreeState {
    state.keeps.extend(needed_by.iter().map(by_session));
    state.blocks.extend(needed_by.iter().map(by_session));
    state
}

/// Names the sessions that had their directory in it.
pub(crate) fn told_of(mut fate: WorktreeFate, was_used_by: &[&Dweller]) -> WorktreeFate {
    if fate.kept.is_empty() {
        let note = |one: &&Dweller| format!("session {} ({}) ran in it", one.id, one.name);
        fate.notes.extend(was_used_by.iter().map(note));
    }
    fate
}

/// The removal went wrong: whatever is there stays.
pub(crate) fn failed(record: &Record, error: &Error) -> WorktreeFate {
    let kept = unreadable(&error.message);
    WorktreeFate { kept, ..fate(record, &Removal::Kept { blockers: Vec::new() }) }
}

/// Not even its record can be read.
pub(crate) fn unknown(id: &str, what: &str) -> WorktreeFate {
    WorktreeFate {
        path: format!("the worktree of {id}"),
        branch: String::new(),
        kept: unreadable(what),
        uncommitted: Vec::new(),
        undo: None,
        notes: Vec::new(),
    }
}

pub(crate) fn state(record: &Record, seen: &Inspection) -> WorktreeState {
    WorktreeState {
        path: text(&record.path),
        branch: seen.head.branch.clone(),
        uncommitted: texts(&seen.uncommitted()),
        unpushed: seen.unpushed.clone(),
        unpushed_count: count(seen.unpushed_count),
        stashes: count(seen.stashes),
        keeps: keeps(seen, Policy::Careful),
        blocks: keeps(seen, Policy::Discard),
    }
}

pub(crate) fn listed(one: &Listed, sessions: &BTreeSet<String>) -> WorktreeView {
    let record = one.record.as_ref();
    WorktreeView {
        path: text(&one.path),
        main_checkout: text(&one.root),
        branch: one.branch.clone(),
        commit: one.commit.clone(),
        session: record.map(|r| r.id.clone()),
        orphan: record.is_some_and(|r| !sessions.contains(&r.id)),
        missing: one.missing,
        lock: one.lock.clone(),
        created_at: record.map(|r| Millis(r.created_at)),
        bytes: None,
        first_port: record.and_then(|r| r.ports).map(|ports| ports.first),
        keeps: Vec::new(),
        ahead: one.ahead.map(count),
        behind: one.behind.map(count),
        uncommitted: None,
        unknown: one.unknown.clone(),
    }
}

/// What a glance found.
pub(crate) fn measured(view: &mut WorktreeView, glance: &Glance) {
    view.bytes = glance.bytes;
    let Some(seen) = &glance.seen else { return };
    view.keeps = keeps(seen, Policy::Careful);
    view.uncommitted = seen.unreadable.is_empty().then(|| count(seen.uncommitted().len()));
}

pub(crate) fn removed(one: &Removed, bytes: Option<u64>) -> RemovedWorktree {
    RemovedWorktree {
        id: one.id.clone(),
        path: text(&one.record.path),
        branch: one.record.branch.clone(),
        removed_at: Millis(one.removed_at),
        until: undo_until(one.removed_at),
        bytes,
    }
}
