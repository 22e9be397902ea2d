//! `remove`: stops a session if need be, then takes it off the board with its directory.
//!
//! Promise: a session whose worktree stays, because work in it is nowhere else, stays too, so that its work can
//! be looked at, merged and published; only who asks for that gets a worktree without its session.

use crate::clients::ConnId;
use crate::clients::waiter::{Until, Waiter};
use crate::core::{Core, Entry};
use crate::features::conditions;
use crate::handlers::{Handled, Outcome, apply, find, stop, worktrees};
use crate::inbox::Inbox;
use crate::ports::worktrees::Leave;
use crate::ports::world::{Job, Lane};
use nightshift_model::{Command as SessionCommand, Liveness, Lodging, SessionId};
use nightshift_protocol::{BoardChange, Fault, FaultCode, Reply, WorktreeFate};
use nightshift_store::Write;

/// How far the removal of a session's worktree is.
pub enum Leaving {
    UnderWay,
    Done(Option<Box<WorktreeFate>>),
}

pub fn remove(core: &mut Core, session: &str, how: (bool, bool)) -> Outcome {
    let session = find(core, session)?;
    let leave = match how {
        (false, false) => Leave::Careful,
        (true, false) => Leave::Discard,
        (false, true) => Leave::Keep,
        (true, true) => {
            let text = "a worktree is either discarded or kept, not both";
            return Err(Fault::new(FaultCode::Invalid, text).hint("choose one of them"));
        }
    };
    // Before it is asked to end: from then on a supervisor that is killed leaves that to the next one.
    apply(core, &session, SessionCommand::Remove { leave: Some(leave) })?;
    if let Err(fault) = stop::ask_to_end(core, &session) {
        stays_after_all(core, &session);
        return Err(fault);
    }
    Ok(Handled::Later { session, until: Until::Removed })
}

/// Goes on with what an earlier supervisor was asked for and did not live to do.
pub fn go_on(core: &mut Core, id: &SessionId) {
    if let Err(fault) = apply(core, id, SessionCommand::StopLater) {
        tracing::warn!(session = %id, "it is removed once it has ended: {fault}");
    }
    take_off(core, id);
}

/// A try later must be asked for.
fn stays_after_all(core: &mut Core, id: &SessionId) {
    if let Err(fault) = apply(core, id, SessionCommand::Remove { leave: None }) {
        tracing::warn!(session = %id, "that it stays is not stored: {fault}");
    }
}

/// The same without anybody who asked for it: the session's time is over.
pub fn take_off(core: &mut Core, id: &SessionId) {
    let waiter = Waiter { conn: ConnId::NOBODY, request: 0, until: Until::Removed };
    core.waiters.push((id.clone(), waiter));
    core.answer_waiters(id);
}

/// Every process is gone: the worktree goes if it may, the record, then the directory. None while
/// the worktree is being looked at.
pub fn finish_removal(core: &mut Core, id: &SessionId) -> Option<Result<Reply, Fault>> {
    let Some(entry) = core.sessions.get_mut(id) else {
        // Another request was quicker.
        return Some(Ok(Reply::Removed { id: id.to_string(), worktree: None }));
    };
    let has_worktree = entry.session.lodging.as_ref().and_then(Lodging::worktree).is_some();
    match entry.room.leaving.take() {
        None if has_worktree => {
            entry.room.leaving = Some(Leaving::UnderWay);
            leave_worktree(core, id);
            None
        }
        Some(Leaving::UnderWay) => {
            entry.room.leaving = Some(Leaving::UnderWay);
            None
        }
        None => Some(take_record(core, id, None)),
        Some(Leaving::Done(Some(fate))) if !fate.kept.is_empty() => match leave_of(entry) {
            Leave::Keep => Some(take_record(core, id, Some(fate))),
            Leave::Careful | Leave::Discard => {
                let why = stays(id, &fate);
                stays_after_all(core, id);
                Some(Err(why))
            }
        },
        Some(Leaving::Done(fate)) => Some(take_record(core, id, fate)),
    }
}

fn leave_of(entry: &Entry) -> Leave {
    entry.session.removing.unwrap_or_default()
}

/// What the user decides about: what is in the way for other reasons is not asked about again.
const DECIDED: &[&str] = &["uncommitted", "operation", "unpushed", "missing"];
/// Nothing of it is where it was, and that it is lost is not proven.
const GONE: &str = "gone";
/// Another session works in it.
const LIVED_IN: &str = "session";

fn stays(id: &SessionId, fate: &WorktreeFate) -> Fault {
    let why: Vec<&str> = fate.kept.iter().map(|kept| kept.text.as_str()).collect();
    let text = format!(
        "session {id} is stopped and stays with its worktree {}: {}",
        fate.path,
        why.join("; ")
    );
    let forget = format!("`nightshift rm {id} --keep-worktree` forgets the session alone");
    if fate.kept.iter().any(|kept| kept.reason == GONE) {
        let hint = format!(
            "`nightshift rm {id} --discard` forgets both; everything on disk stays as it is"
        );
        return Fault::new(FaultCode::Refused, text).hint(hint);
    }
    if fate.kept.iter().any(|kept| kept.reason == LIVED_IN) {
        let hint = format!("remove the sessions in it first, then this one; or {forget}");
        return Fault::new(FaultCode::Refused, text).hint(hint);
    }
    let hint = match fate.kept.iter().all(|kept| DECIDED.contains(&kept.reason.as_str())) {
        true => format!(
            "commit, merge or push that; or `nightshift rm {id} --discard` removes all of it, with 30 days to \
             undo; or {forget}"
        ),
        false => format!("end that, then remove it again; or {forget}"),
    };
    Fault::new(FaultCode::Refused, text).hint(hint)
}

fn leave_worktree(core: &Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    let (session, trees) = (id.clone(), core.worktrees.clone());
    let (leave, env, name) = (leave_of(entry), entry.env.clone(), entry.session.name.clone());
    let dwellers = worktrees::dwellers(core);
    let (lost, place) = (session.clone(), format!("the worktree of session {id}"));
    let work = Box::new(move || {
        let fate = trees.leave(session.as_str(), Some(&name), leave, &dwellers, &env).map(Box::new);
        Inbox::WorktreeLeft { session, fate }
    });
    // On a disk that does not answer it stays, and the list of worktrees names it.
    let failed = Box::new(move |fault: Fault| {
        tracing::warn!(session = %lost, "its worktree stays: {fault}");
        Inbox::WorktreeLeft { session: lost, fate: None }
    });
    core.world.run(Job { lane: Lane::Worktrees, place, work, failed });
}

pub fn worktree_left(core: &mut Core, id: &SessionId, fate: Option<Box<WorktreeFate>>) {
    if let Some(entry) = core.sessions.get_mut(id) {
        // Started again meanwhile, its next removal looks anew.
        let gone = matches!(entry.session.liveness, Liveness::Gone { .. });
        entry.room.leaving = gone.then_some(Leaving::Done(fate));
        core.answer_waiters(id);
    }
}

fn take_record(
    core: &mut Core,
    id: &SessionId,
    fate: Option<Box<WorktreeFate>>,
) -> Result<Reply, Fault> {
    let wrong = |what: &str, e: String| {
        Fault::new(FaultCode::Io, format!("session {id} was not removed: {what}: {e}"))
            .hint("mend the state directory, then remove it again")
    };
    // A crash between the two steps leaves a marked directory, which the next start clears.
    core.world.mark_removed(id).map_err(|e| wrong("its directory", e.to_string()))?;
    let write = Write { removed: vec![id.clone()], ..Write::default() };
    if let Err(e) = core.store.commit(&write) {
        // It stays, and what it does from now on must not be deleted with a mark of today.
        if let Err(e) = core.world.unmark(id) {
            tracing::warn!(session = %id, "its mark of a removal stays: {e}");
        }
        return Err(wrong("its record", e.to_string()));
    }
    core.sessions.remove(id);
    conditions::review(core, id);
    core.conversations.forget_session(id);
    answer_the_others(core, id);
    if let Err(e) = core.world.clear_away(id) {
        tracing::warn!(session = %id, "directory not removed yet: {e}");
    }
    core.board.publish(&mut core.clients, BoardChange::Removed { id: id.to_string() });
    Ok(Reply::Removed { id: id.to_string(), worktree: fate.map(|fate| *fate) })
}

/// Whoever else waits for something of this session hears that it is gone.
fn answer_the_others(core: &mut Core, id: &SessionId) {
    let (others, left): (Vec<_>, Vec<_>) =
        std::mem::take(&mut core.waiters).into_iter().partition(|(of, _)| of == id);
    core.waiters = left;
    for (_, waiter) in others {
        let gone = Fault::new(FaultCode::NotFound, format!("session {id} was removed meanwhile"));
        core.clients.answer(waiter.conn, waiter.request, Err(gone));
    }
}
