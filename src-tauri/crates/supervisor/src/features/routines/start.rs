//! Starts: which waiting rows begin now, and the session that each of them gets.
//!
//! Promises: a row is claimed before anything is done for it; its session and the word that it is its session are one
//! commit; a session that an earlier supervisor wrote down and never started is started, and no other beside it.

use super::prepare::{self, Prepared, Unready};
use super::{Ending, Run, accept, changed, commit, outcome, wait_for_room, wall_ms};
use crate::core::{Core, effects};
use crate::handlers;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use nightshift_model::naming::one_line;
use nightshift_model::standing::{Bounds, Goal, GoalPhase, Origin, Spent};
use nightshift_model::{
    AgentWork, Command, Effect, Event as SessionEvent, Evidence, Lodging, Prompt, Session,
    SessionId, Source, State as SessionState, Unattended, Wish, Work, limits,
};
use nightshift_platform::clock;
use nightshift_protocol::Fault;
use nightshift_routines::Definition;
use nightshift_routines::definition::{Base, Otherwise, Per, WorktreeUse};
use nightshift_routines::occurrence::{
    Admission, Candidate, ErrorType, Event, Origin as Cause, Running, StandingOfRoutine, State,
    WAIT_MAX_MS, admit, overlap_key, step,
};
use nightshift_routines::payload::{Outside, first_turn};
use nightshift_store::ledger::LedgerEvent;
use nightshift_store::{LedgerRow, StoreError, Write};
use std::collections::BTreeMap;

/// Routine runs at one time: each has an agent and what that starts.
const RUNNING_MAX: usize = 4;
/// Letters of a run's id in the names of its session and worktree: enough to tell those of a routine apart.
const SHORT_ID: usize = 6;
/// Turns that a run gets for its goal unless its budget says otherwise.
const TURNS: u32 = 1;

/// Decides about all rows that wait, when something has changed that they wait for.
pub(super) fn on_tick(core: &mut Core) -> Result<(), StoreError> {
    let wall = wall_ms();
    // What lies too far ahead waits for a time that means nothing since the clock was set back.
    let comes = |at_ms: i64| (1..=WAIT_MAX_MS).contains(&at_ms.saturating_sub(wall));
    let has_come = core.routines.admit_ms.is_some_and(|at_ms| !comes(at_ms));
    if !core.routines.stirred && !has_come {
        return Ok(());
    }
    // Until it is stored that it was decided.
    core.routines.stirred = true;
    core.routines.admit_ms = core.routines.runs.values().filter_map(|run| later(run, wall)).min();
    let candidates = candidates(core, wall);
    let running = running(core);
    let standings = standings(core, &candidates)?;
    let admitted = admit(&candidates, &running, &standings, RUNNING_MAX);
    let mut rows = Vec::new();
    let mut displaced = Vec::new();
    for (candidate, admission) in candidates.iter().zip(admitted) {
        let Some(run) = core.routines.runs.get(&candidate.id) else { continue };
        let event = match admission {
            Admission::Wait(_) => continue,
            Admission::Skip(reason) => Event::Skip { reason },
            Admission::Start { cancel } if cancel.is_empty() => {
                let hash = core.routines.list.get(&candidate.routine);
                let definition_hash =
                    hash.map(|routine| routine.row.standing.hash.clone()).unwrap_or_default();
                Event::Claim { definition_hash }
            }
            // It starts once they are gone.
            Admission::Start { cancel } => {
                displaced.extend(cancel);
                continue;
            }
        };
        match step(run.it(), event, wall) {
            Ok(occurrence) => rows.push(LedgerRow { occurrence, ..run.row.clone() }),
            Err(refused) => tracing::error!("{refused}"),
        }
    }
    if !rows.is_empty() {
        commit(core, changed(rows.clone(), wall))?;
    }
    core.routines.stirred = false;
    let claimed = rows.iter().filter(|row| row.occurrence.state == State::Claimed);
    let claimed: Vec<String> = claimed.map(|row| row.occurrence.id.clone()).collect();
    let some = rows.iter().any(|row| row.occurrence.state.is_over());
    accept(core, rows);
    // What was skipped makes no room; whatever else did stirs again.
    core.routines.stirred = some && core.routines.runs.values().any(|run| waits(run, wall));
    claimed.iter().for_each(|id| prepare::begin(core, id));
    displaced.iter().for_each(|id| displace(core, id));
    Ok(())
}

fn waits(run: &Run, wall: i64) -> bool {
    run.it().state == State::Due && later(run, wall).is_none()
}

/// When a waiting row may start, where that is still to come.
fn later(run: &Run, wall: i64) -> Option<i64> {
    let it = run.it();
    let at_ms = it.not_before_ms.filter(|_| it.state == State::Due)?;
    (1..=WAIT_MAX_MS).contains(&at_ms.saturating_sub(wall)).then_some(at_ms)
}

fn candidates(core: &Core, wall: i64) -> Vec<Candidate> {
    let ready = core.routines.runs.values().filter(|run| waits(run, wall));
    ready.filter_map(|run| candidate(core, run)).collect()
}

fn candidate(core: &Core, run: &Run) -> Option<Candidate> {
    let it = run.it();
    let definition = core.routines.list.get(&it.routine)?.definition.as_ref()?;
    let policy = &definition.policy;
    let by_hand = matches!(it.origin, Cause::Manual | Cause::Replay { .. });
    let due_ms = match &it.origin {
        Cause::Schedule { due_ms, .. } => *due_ms,
        Cause::Api { .. } | Cause::Github { .. } | Cause::Manual | Cause::Replay { .. } => {
            run.row.n
        }
    };
    Some(Candidate {
        id: it.id.clone(),
        routine: it.routine.clone(),
        key: key(policy.per, &run.row),
        pull_request: pull_request(&run.row),
        due_ms,
        overlap: policy.overlap,
        by_hand,
        one_off: run.row.one_off,
    })
}

/// What the run must not overlap with.
fn key(per: Per, row: &LedgerRow) -> String {
    let event = row.event.as_deref();
    let (repository, number) =
        (event.map(|event| event.repository.as_str()), event.and_then(|event| event.number));
    overlap_key(per, &row.occurrence.routine, repository, number)
}

fn pull_request(row: &LedgerRow) -> Option<String> {
    row.event.as_deref()?.pull_request()
}

fn running(core: &Core) -> Vec<Running> {
    let active = core.routines.runs.values().filter(|run| run.it().state.is_active());
    let running = |run: &Run| {
        let it = run.it();
        let routine = core.routines.list.get(&it.routine);
        let definition = routine.and_then(|routine| routine.definition.as_ref());
        let per = definition.map(|definition| definition.policy.per);
        let per = per.unwrap_or(Per::Routine);
        Running {
            id: it.id.clone(),
            routine: it.routine.clone(),
            key: key(per, &run.row),
            pull_request: pull_request(&run.row),
        }
    };
    active.map(running).collect()
}

fn standings(
    core: &Core,
    candidates: &[Candidate],
) -> Result<BTreeMap<String, StandingOfRoutine>, StoreError> {
    let mut standings = BTreeMap::new();
    let all_paused = core.schedules_paused || core.timers.is_off();
    for candidate in candidates {
        let id = &candidate.routine;
        let Some(routine) = core.routines.list.get(id).filter(|_| !standings.contains_key(id))
        else {
            continue;
        };
        let Some(definition) = &routine.definition else { continue };
        let since_ms = day_begins_ms(core, definition);
        let standing = StandingOfRoutine {
            paused: routine.row.standing.paused.is_some() || all_paused,
            disabled: routine.row.standing.disabled || routine.row.standing.gone,
            budget_spent: false,
            runs_today: core.store.counted_runs(id, since_ms)?,
            max_per_day: definition.policy.max_per_day,
        };
        standings.insert(id.clone(), standing);
    }
    Ok(standings)
}

/// The beginning of this day in the routine's zone.
pub(super) fn day_begins_ms(core: &Core, definition: &Definition) -> i64 {
    let zone = zone_of(core, definition);
    let now = Timestamp::from_millisecond(wall_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    let day = zone.to_datetime(now).date().to_datetime(Time::midnight());
    let begins = zone.to_timestamp(day).or_else(|_| now.checked_sub(24.hours()));
    begins.map(Timestamp::as_millisecond).unwrap_or_default()
}

/// In which a routine's times are meant.
pub(super) fn zone_of(core: &Core, definition: &Definition) -> TimeZone {
    let own = definition.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    own.unwrap_or_else(|| core.timers.zone())
}

/// A later occurrence takes its place.
fn displace(core: &mut Core, id: &str) {
    let Some(run) = core.routines.runs.get_mut(id) else { return };
    if run.ending.is_some() {
        return;
    }
    run.ending = Some(Ending::Displaced);
    stop(core, id);
}

/// Asks the run's session to end. What comes of it is followed.
pub(super) fn stop(core: &mut Core, id: &str) {
    if let Some(session) = core.routines.runs.get(id).and_then(outcome::session_of) {
        stop_session(core, id, &session);
    }
}

pub(super) fn stop_session(core: &mut Core, id: &str, session: &SessionId) {
    let is_over = |session: &Session| session.state == SessionState::Stopped;
    if core.sessions.get(session).is_none_or(|entry| is_over(&entry.session)) {
        return;
    }
    let asked = core.apply(session, SessionEvent::Command(Command::Stop), clock::now(), 0);
    if let Err(fault) = asked {
        tracing::warn!(session = %session, "the end of run {id} waits: {fault}");
    }
}

/// What the run begins with was found, or not.
pub(super) fn prepared(core: &mut Core, id: &str, result: Result<Box<Prepared>, Unready>) {
    let Some(run) = core.routines.runs.get_mut(id).filter(|run| run.preparing) else { return };
    run.preparing = false;
    let state = run.it().state;
    let went = match (state, result) {
        (State::Claimed, _) if run.ending.is_some() => end(core, id, Event::Cancel, None),
        (State::Claimed, Ok(prepared)) => begin(core, id, *prepared),
        (State::Claimed, Err(Unready::Skipped(reason, why))) => {
            end(core, id, Event::Skip { reason }, Some(why))
        }
        (State::Claimed | State::Starting, Err(Unready::Failed(error, message))) => {
            let session = core.routines.runs.get(id).and_then(outcome::session_of);
            let event = outcome::failed(core, id, error, message, None);
            let went = event.map_or(Ok(()), |event| end(core, id, event, None));
            if let (Ok(()), Some(session)) = (&went, session) {
                // It was written down and never started.
                stop_session(core, id, &session);
            }
            went
        }
        (State::Starting, Ok(prepared)) => {
            start_at_last(core, id, *prepared);
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(e) = went {
        wait_for_room(core, &e);
    }
}

/// One event, stored.
pub(super) fn end(
    core: &mut Core,
    id: &str,
    event: Event,
    why: Option<String>,
) -> Result<(), StoreError> {
    let Some(run) = core.routines.runs.get(id) else { return Ok(()) };
    let at_ms = wall_ms();
    match step(run.it(), event, at_ms) {
        Ok(occurrence) => {
            let rows = vec![LedgerRow { occurrence, ..run.row.clone() }];
            let mut write = changed(rows.clone(), at_ms);
            let event = |text| LedgerEvent { occurrence: id.to_owned(), at_ms, text };
            write.events.extend(why.map(event));
            commit(core, write)?;
            accept(core, rows);
        }
        Err(refused) => tracing::error!("{refused}"),
    }
    Ok(())
}

/// The run's session, in one commit with its row.
fn begin(core: &mut Core, id: &str, prepared: Prepared) -> Result<(), StoreError> {
    let Some(run) = core.routines.runs.get(id) else { return Ok(()) };
    let row = run.row.clone();
    let Some(routine) = core.routines.list.get(&row.occurrence.routine) else { return Ok(()) };
    let (name, Some(definition)) = (routine.row.name.clone(), routine.definition.clone()) else {
        return Ok(());
    };
    let at_ms = wall_ms();
    let made = handlers::check_room(core).and_then(|()| session_id(core, &row));
    let (uuid, session_id) = match made {
        Ok(made) => made,
        Err(fault) => {
            let event = outcome::failed(core, id, ErrorType::NoStart, fault.to_string(), None);
            return event.map_or(Ok(()), |event| end(core, id, event, None));
        }
    };
    let Prepared { agent, cwd, env, note } = prepared;
    let work = work(core, (id, &name, &definition), &row, agent);
    let session = session(&row, (&name, &definition), (session_id, uuid), (work, cwd));
    let started = Event::Start { session: session.id.to_string() };
    let occurrence = match step(&row.occurrence, started, at_ms) {
        Ok(occurrence) => occurrence,
        Err(refused) => {
            tracing::error!("{refused}");
            return Ok(());
        }
    };
    let rows = vec![LedgerRow { occurrence, ..row }];
    let mut ledger = changed(rows.clone(), at_ms);
    let event = |text| LedgerEvent { occurrence: id.to_owned(), at_ms, text };
    ledger.events.extend(note.map(event));
    let session_id = session.id.clone();
    let why = Evidence {
        at: clock::now(),
        source: Source::Supervisor,
        state: session.state.word().to_owned(),
        text: format!("started by routine {name}"),
    };
    let write = Write { ledger, ..Write::default() };
    core.add_with(session, env, why, write)?;
    accept(core, rows);
    effects::act(core, &session_id, Effect::Launch);
    Ok(())
}

/// The one that whoever fired it was told, else a new one.
fn session_id(core: &Core, row: &LedgerRow) -> Result<(String, SessionId), Fault> {
    let told = row.session_uuid.clone();
    let told = told.and_then(|uuid| SessionId::of_uuid(&uuid).map(|id| (uuid, id)));
    let is_free = |id: &SessionId| !core.sessions.contains_key(id) && !core.world.has_directory(id);
    match told.filter(|(_, id)| is_free(id)) {
        Some(told) => Ok(told),
        None => handlers::fresh_id(core),
    }
}

fn work(
    core: &Core,
    (id, name, definition): (&str, &str, &Definition),
    row: &LedgerRow,
    agent: String,
) -> Work {
    let now = clock::now();
    let (default_model, default_mode) = core.registry.defaults_for(&agent);
    let spec = core.registry.find(&agent);
    let surface = spec.map(|spec| spec.protocol.surface()).unwrap_or_default();
    let event = row.event.as_deref().map(Outside::Github);
    let outside = event.or_else(|| row.text.as_deref().map(Outside::Fire));
    let mark = core.world.fresh_uuid().simple().to_string();
    let text = first_turn(&definition.prompt, outside, &mark).unwrap_or_else(|error| {
        tracing::error!("run {id} begins without its text: {error}");
        definition.prompt.clone()
    });
    let prompt = Prompt {
        origin: Origin::Routine,
        beside: Some(beside(name, definition)),
        ..Prompt::of_user(1, text, now)
    };
    let mut work = AgentWork {
        surface,
        model: definition.model.clone().or(default_model),
        permission_mode: definition.mode.clone().or(default_mode),
        ..AgentWork::beginning(agent, prompt)
    };
    work.standing.goal = goal(definition);
    Work::Agent(work)
}

/// What the agent is told beside its prompt.
fn beside(name: &str, definition: &Definition) -> String {
    let mut text = format!(
        "This is a run of the routine `{name}`. Nobody is watching: do not ask whether to go on, and say in your last \
         words what you did and what you could not do."
    );
    if let Some(goal) = &definition.outcome.goal {
        text.push_str(&format!(
            " Afterwards a judge reads this conversation, and nothing else, and says whether this holds: {goal}"
        ));
    }
    text
}

/// What the run is judged by: the goal, the check, or both. None: it is not judged.
fn goal(definition: &Definition) -> Option<Goal> {
    let (goal, check) = (definition.outcome.goal.clone(), definition.outcome.check.clone());
    let alone = check.as_deref().map(nightshift_automation::words::check_alone);
    let condition = goal.or(alone)?;
    let budget = &definition.policy.budget;
    let minutes = budget.minutes.map(|minutes| u64::from(minutes).saturating_mul(60_000));
    let deadline_ms = u64::try_from(definition.policy.deadline_ms).unwrap_or_default();
    let at = clock::now();
    Some(Goal {
        condition,
        check,
        set_at: at,
        ready_at: None,
        bounds: Bounds {
            turns: budget.turns.unwrap_or(TURNS),
            ms: minutes.unwrap_or(deadline_ms).min(deadline_ms),
            not_before: None,
        },
        phase: GoalPhase::Pursuing,
        counted_from: at,
        turns: 0,
        idle_turns: 0,
        same_reason: 0,
        check_ins: 0,
        failures: 0,
        spent: Spent::default(),
        evaluator: String::new(),
        verdicts: Vec::new(),
        advice: Vec::new(),
    })
}

fn session(
    row: &LedgerRow,
    (name, definition): (&str, &Definition),
    (id, uuid): (SessionId, String),
    (work, cwd): (Work, String),
) -> Session {
    let it = &row.occurrence;
    let letters = it.id.trim_start_matches("run_").chars().take(SHORT_ID);
    let mut called = format!("{name}-{}", letters.collect::<String>());
    // What an earlier try left stays, and its name with it.
    if it.attempt > 0 {
        called.push_str(&format!("-{}", it.attempt.saturating_add(1)));
    }
    let in_worktree = definition.repository.is_some() && definition.worktree == WorktreeUse::PerRun;
    let wish = match in_worktree {
        true => Wish::Named { name: called.clone() },
        false => Wish::Never,
    };
    let base = match &definition.base {
        Base::Default => Some("default".to_owned()),
        Base::Head => Some("head".to_owned()),
        Base::Branch(branch) => Some(branch.clone()),
    };
    let unattended = Unattended {
        routine: it.routine.clone(),
        name: name.to_owned(),
        occurrence: it.id.clone(),
        allow: definition.permissions.allow.clone(),
        asks: definition.permissions.otherwise == Otherwise::Ask,
        base: base.filter(|_| in_worktree),
        setup: definition.environment.setup.clone().filter(|_| in_worktree),
    };
    let asked = one_line(&definition.prompt, limits::LINE_MAX_CHARS);
    let session = Session::starting(id, uuid, called, work, cwd, asked, clock::now());
    Session {
        named_by_user: true,
        lodging: Some(Lodging::Undecided { wish }),
        unattended: Some(Box::new(unattended)),
        ..session
    }
}

/// Whether a session that was written down and never started is that of a run: then what it begins with is looked
/// for again, and it is started.
pub fn restarts(core: &mut Core, session: &SessionId) -> bool {
    let Some(entry) = core.sessions.get(session) else { return false };
    if entry.session.state != SessionState::Starting || entry.session.stopping {
        return false;
    }
    let is_its = |run: &&Run| run.it().session.as_deref() == Some(session.as_str());
    let run = core.routines.runs.values().find(is_its);
    let Some(id) = run.map(|run| run.it().id.clone()) else { return false };
    prepare::begin(core, &id);
    core.routines.runs.get(&id).is_some_and(|run| run.preparing)
}

fn start_at_last(core: &mut Core, id: &str, prepared: Prepared) {
    let Some(session) = core.routines.runs.get(id).and_then(outcome::session_of) else { return };
    let Some(entry) = core.sessions.get_mut(&session) else { return };
    if entry.session.state != SessionState::Starting || entry.link.is_some() {
        return;
    }
    entry.env = prepared.env;
    effects::act(core, &session, Effect::Launch);
}
