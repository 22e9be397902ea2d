//! Runs under way: what their sessions come to, and those that do not begin or do not end in time.
//!
//! Promises: a run ends once; one that is tried again has no session left that could go on beside the next; a run's
//! deadline counts from its claim and ends it whatever stands still, a precheck, a setup or its host.

use super::outcome::{self, Seen};
use super::{Ending, Run, start};
use crate::core::Core;
use crate::handlers;
use nightshift_model::{
    Command, Event as SessionEvent, Liveness, Lodging, Session, SessionId, State as SessionState,
};
use nightshift_platform::clock;
use nightshift_protocol::NoticeLevel;
use nightshift_routines::occurrence::{ErrorType, Event, START_WITHIN_MS, State};
use nightshift_store::StoreError;
use std::time::Duration;

/// A session whose agent has not been heard of for this long has not started.
const START_WITHIN: Duration = Duration::from_millis(START_WITHIN_MS.unsigned_abs());

/// A session that was asked to end has ended after this time, unless its host stands still: its processes get 3 s to end
/// by themselves, and the record of their end waits for a disk.
const END_WITHIN: Duration = Duration::from_secs(20);
/// Archived runs of one routine whose conversations are kept: two days of an hourly one. A board holds some thousand
/// sessions, and those that somebody looks at come first.
const ARCHIVED_MAX: usize = 50;

/// Time until a run has to have begun, or has to be over.
pub(super) fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let runs = core.routines.runs.values();
    let times = runs.filter_map(|run| match (run.it().state, run.ending) {
        (State::Claimed, None) => run.deadline,
        (State::Starting, None) => {
            let begins = (!waits_for_ground(core, run)).then_some(run.since + START_WITHIN);
            begins.into_iter().chain(run.deadline).min()
        }
        (State::Running, None) => run.deadline,
        (State::Starting | State::Running, Some(_)) => gives_up_at(run),
        _ => None,
    });
    times.map(|at| at.saturating_sub(now)).min()
}

/// When a run counts as over though its session has not ended.
fn gives_up_at(run: &Run) -> Option<Duration> {
    let asked_at = run.asked_at? + END_WITHIN;
    match run.ending? {
        Ending::Failed(_) => Some(asked_at),
        // What takes its place waits, as long as its own time lasts.
        Ending::Displaced => Some(run.deadline?.max(asked_at)),
    }
}

pub(super) fn on_tick(core: &mut Core, now: Duration) -> Result<(), StoreError> {
    let active = core.routines.runs.values().filter(|run| run.it().state.is_active());
    let active: Vec<String> = active.map(|run| run.it().id.clone()).collect();
    for id in active {
        follow(core, &id, now)?;
    }
    Ok(())
}

fn follow(core: &mut Core, id: &str, now: Duration) -> Result<(), StoreError> {
    give_time(core, id, now);
    let Some(run) = core.routines.runs.get(id) else { return Ok(()) };
    match run.it().state {
        // Its claim was an earlier supervisor's, or could not be followed up: it is due again.
        State::Claimed if !run.preparing => start::end(core, id, Event::Release, None),
        State::Claimed if run.deadline.is_some_and(|at| now >= at) => {
            let message = "the deadline passed before its session was made".to_owned();
            let event = outcome::failed(core, id, ErrorType::Deadline, message, None);
            event.map_or(Ok(()), |event| start::end(core, id, event, None))
        }
        State::Starting | State::Running => {
            let session = outcome::session_of(run).and_then(|id| core.sessions.get(&id));
            match session.map(|entry| &entry.session) {
                None => start::end(core, id, Event::Lose, None),
                Some(session) => {
                    let begun = outcome::has_begun(run);
                    let ended = has_ended(session);
                    let given_up = gives_up_at(run).is_some_and(|at| now >= at);
                    match (run.ending, ended) {
                        (Some(ending), true) => over(core, id, ending),
                        (Some(ending), false) if given_up => over_without(core, id, ending),
                        (Some(_), false) if session.stopping => Ok(()),
                        // It was not told yet: the disk took nothing.
                        (Some(_), false) => {
                            start::stop(core, id);
                            Ok(())
                        }
                        (None, _) => {
                            let seen = outcome::seen(session, begun);
                            let waits = outcome::waits_for_user(session);
                            note_wait(core, id, waits);
                            take(core, id, seen, now)
                        }
                    }
                }
            }
        }
        _ => Ok(()),
    }
}

/// No process is left that could go on with it.
fn has_ended(session: &Session) -> bool {
    let gone = matches!(session.liveness, Liveness::Gone { .. });
    session.is_over() && gone && !session.stopping
}

/// A run that waits for its user makes room for others.
fn note_wait(core: &mut Core, id: &str, waits: bool) {
    let Some(run) = core.routines.runs.get_mut(id).filter(|run| run.waits != waits) else { return };
    run.waits = waits;
    core.routines.stirred = true;
}

/// When its time is over: its whole deadline from when it is first followed, less what is gone of it.
pub(super) fn give_time(core: &mut Core, id: &str, now: Duration) {
    let Some(run) = core.routines.runs.get(id).filter(|run| run.deadline.is_none()) else { return };
    let it = run.it();
    let Some(claimed_ms) = it.claimed_ms else { return };
    let routine = core.routines.list.get(&it.routine);
    let Some(definition) = routine.and_then(|routine| routine.definition.as_ref()) else { return };
    let whole_ms = definition.policy.deadline_ms;
    let gone_ms = super::wall_ms().saturating_sub(claimed_ms).clamp(0, whole_ms);
    let left = Duration::from_millis((whole_ms - gone_ms).unsigned_abs());
    if let Some(run) = core.routines.runs.get_mut(id) {
        run.deadline = Some(now + left);
    }
}

fn over(core: &mut Core, id: &str, ending: Ending) -> Result<(), StoreError> {
    let event = match ending {
        Ending::Displaced => Some(Event::Cancel),
        Ending::Failed(error) => {
            outcome::failed(core, id, error, format!("{}; it was ended", error.words()), None)
        }
    };
    event.map_or(Ok(()), |event| start::end(core, id, event, None))
}

/// Its session was asked to end and does not: whatever stands still holds up neither the run nor what waits for it.
fn over_without(core: &mut Core, id: &str, ending: Ending) -> Result<(), StoreError> {
    let run = core.routines.runs.get(id);
    let session = run.and_then(outcome::session_of).and_then(|id| core.sessions.get(&id));
    let Some(session) = session.map(|entry| &entry.session) else { return Ok(()) };
    let why = match &session.liveness {
        Liveness::Unknown { why, way_out, .. } if way_out.is_empty() => why.clone(),
        Liveness::Unknown { why, way_out, .. } => format!("{why}; {way_out}"),
        Liveness::Alive { .. } | Liveness::Gone { .. } => {
            "it was asked to, and its host says nothing".to_owned()
        }
    };
    let text = format!("session {} ({}) does not end: {why}", session.id, session.name);
    let error = match ending {
        Ending::Failed(error) => error,
        Ending::Displaced => ErrorType::Deadline,
    };
    let message = format!("{}; {text}", error.words());
    let event = outcome::failed(core, id, error, message, None);
    // Another try beside a session that may go on would be a second one.
    let event = event.map(|event| match event {
        Event::Fail { error, message, .. } => Event::Fail { error, message, retry_at_ms: None },
        event => event,
    });
    event.map_or(Ok(()), |event| start::end(core, id, event, None))?;
    core.notice(NoticeLevel::Error, format!("a run of a routine is over, but its {text}"));
    Ok(())
}

fn take(core: &mut Core, id: &str, seen: Seen, now: Duration) -> Result<(), StoreError> {
    let event = match seen {
        Seen::Alive => Some(Event::SignOfLife),
        Seen::End(outcome, reason) => Some(Event::End { outcome, reason }),
        Seen::Cancelled => cancelled(core, id),
        Seen::Failed(error, message, trouble) => outcome::failed(core, id, error, message, trouble),
        Seen::Untrusted(question) => untrusted(core, id, &question),
        Seen::Nothing => None,
    };
    let Some(event) = event else {
        look_at_times(core, id, now);
        return Ok(());
    };
    let (begins, fails) = (matches!(event, Event::SignOfLife), matches!(event, Event::Fail { .. }));
    let session = core.routines.runs.get(id).and_then(outcome::session_of);
    let clean = outcome::is_clean(core, id, &event);
    start::end(core, id, event, None)?;
    if let Some(session) = session.as_ref().filter(|_| clean) {
        archive(core, id, session);
    }
    if begins {
        // The same session may say more by now.
        return follow(core, id, now);
    }
    if let Some(session) = session.filter(|_| fails) {
        // Nothing of a try that failed goes on beside the next.
        start::stop_session(core, id, &session);
    }
    Ok(())
}

/// It leaves the board: nothing is to be done about it. What it said can still be opened from the routine.
fn archive(core: &mut Core, id: &str, session: &SessionId) {
    let event = SessionEvent::Command(Command::Archive);
    if let Err(fault) = core.apply(session, event, clock::now(), 0) {
        tracing::warn!(session = %session, "run {id} stays on the board: {fault}");
        return;
    }
    if let Some(oldest) = one_too_many(core, session) {
        handlers::take_off(core, &oldest);
    }
}

/// The oldest archived run of the same routine, where there are more than are kept.
fn one_too_many(core: &Core, session: &SessionId) -> Option<SessionId> {
    let archived = |session: &Session| {
        let run = session.unattended.as_deref().filter(|run| run.archived)?;
        (!session.pinned && session.removing.is_none()).then(|| run.routine.clone())
    };
    let routine = archived(&core.sessions.get(session)?.session)?;
    let its = core.sessions.values().map(|entry| &entry.session);
    let mut its: Vec<&Session> =
        its.filter(|session| archived(session).as_ref() == Some(&routine)).collect();
    its.sort_by_key(|session| session.created_at);
    (its.len() > ARCHIVED_MAX).then(|| its.first().map(|session| session.id.clone()))?
}

/// Ended by somebody, or by an earlier supervisor because its time was over.
fn cancelled(core: &Core, id: &str) -> Option<Event> {
    let run = core.routines.runs.get(id)?;
    let session = &core.sessions.get(&outcome::session_of(run)?)?.session;
    if session.state != SessionState::Stopped {
        // Interrupted: what its user does with it is no run any more.
        return Some(Event::Cancel);
    }
    if !has_ended(session) {
        return None;
    }
    let routine = core.routines.list.get(&run.it().routine);
    let definition = routine.and_then(|routine| routine.definition.as_ref())?;
    let ended_ms = i64::try_from(session.state_since.0).unwrap_or(i64::MAX);
    let took_ms = run.it().claimed_ms.map_or(0, |at_ms| ended_ms.saturating_sub(at_ms));
    match took_ms >= definition.policy.deadline_ms {
        true => {
            let words = ErrorType::Deadline.words().to_owned();
            outcome::failed(core, id, ErrorType::Deadline, words, None)
        }
        false => Some(Event::Cancel),
    }
}

/// Nobody is there to trust its repository. Where the routine asks its user, the question stays open.
fn untrusted(core: &Core, id: &str, question: &str) -> Option<Event> {
    let session = outcome::session_of(core.routines.runs.get(id)?)?;
    let session = &core.sessions.get(&session)?.session;
    if session.unattended.as_ref().is_some_and(|unattended| unattended.asks) {
        return None;
    }
    let message = format!("{question} (see `nightshift trust show {}`)", session.cwd);
    outcome::failed(core, id, ErrorType::NotTrusted, message, None)
}

/// Its worktree is being made or set up, or it waits for its user: that is no silence of the agent's.
fn waits_for_ground(core: &Core, run: &Run) -> bool {
    let session = outcome::session_of(run).and_then(|id| core.sessions.get(&id));
    let Some(session) = session.map(|entry| &entry.session) else { return false };
    let making = match &session.lodging {
        Some(Lodging::Undecided { .. }) => session.trust.is_some(),
        Some(Lodging::Worktree(worktree)) => worktree.setting_up,
        Some(Lodging::Directory { .. }) | None => false,
    };
    run.preparing || making || matches!(session.state, SessionState::NeedsInput { .. })
}

fn look_at_times(core: &mut Core, id: &str, now: Duration) {
    let Some(run) = core.routines.runs.get(id).filter(|run| run.ending.is_none()) else { return };
    let silent = run.it().state == State::Starting
        && !waits_for_ground(core, run)
        && now >= run.since + START_WITHIN;
    let late = run.deadline.is_some_and(|at| now >= at);
    let error = match (late, silent) {
        (true, _) => ErrorType::Deadline,
        (false, true) => ErrorType::NoStart,
        (false, false) => return,
    };
    if let Some(run) = core.routines.runs.get_mut(id) {
        run.ending = Some(Ending::Failed(error));
        run.asked_at = Some(now);
    }
    start::stop(core, id);
}
