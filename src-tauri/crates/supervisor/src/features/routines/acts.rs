//! What people do with routines: made, enabled, paused, run by hand, removed.
//!
//! Promises: before a routine changes its past is decided by what it was; a reply means that the change is stored.

use super::{Heard, Routine, Waiting, commit, due, files, views, wall_ms};
use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::quoted;
use crate::inbox::Inbox;
use crate::ports::routines::FoundDefinitions;
use crate::ports::storage::fault;
use crate::ports::world::{Job, Lane};
use nightshift_protocol::routine::{RoutineResult, RunPage, RunStarted};
use nightshift_protocol::{Fault, FaultCode, Reply};
use nightshift_routines::definition::{Problem, check_name};
use nightshift_routines::health::became;
use nightshift_routines::occurrence::{Occurrence, Origin, State};
use nightshift_routines::payload::FIRE_TEXT_MAX_CHARS;
use nightshift_store::ledger::{LedgerEvent, Pause};
use nightshift_store::{LedgerRow, LedgerWrite, RowsWanted, StoreError};

/// Rows of one page.
const PAGE_MAX: u32 = 1_000;
/// A note stands in a line of a list.
const NOTE_MAX_CHARS: usize = 200;

/// A definition's file was written or removed.
pub enum Written {
    /// The directory as it is with the new file.
    Created {
        name: String,
        found: FoundDefinitions,
    },
    Removed {
        id: String,
    },
}

/// The routine of this name or id.
pub fn find(core: &Core, named: &str) -> Result<String, Fault> {
    let named = named.trim();
    if core.routines.list.contains_key(named) {
        return Ok(named.to_owned());
    }
    let found = core.routines.list.iter().find(|(_, routine)| routine.row.name == named);
    found.map(|(id, _)| id.clone()).ok_or_else(|| {
        Fault::new(FaultCode::NotFound, format!("no routine `{}`", quoted(named)))
            .hint("list them with `nightshift routines list`")
    })
}

fn stored<T>(result: Result<T, StoreError>) -> Result<T, Fault> {
    result.map_err(|e| fault(&e))
}

pub fn view(core: &Core, id: &str) -> Result<RoutineResult, Fault> {
    let view = stored(views::routine(core, id))?;
    let gone = || Fault::new(FaultCode::NotFound, "the routine is not there any more");
    Ok(RoutineResult::Changed { routine: Box::new(view.ok_or_else(gone)?) })
}

/// Changes how a routine stands, after what came due before was decided by how it stood.
fn change(
    core: &mut Core,
    id: &str,
    alter: impl FnOnce(&mut Routine, &nightshift_automation::ClockReading),
) -> Result<RoutineResult, Fault> {
    stored(due::settle(core, id))?;
    let look = core.timers.look();
    let Some(routine) = core.routines.list.get_mut(id) else { return view(core, id) };
    let before = routine.row.standing.clone();
    alter(routine, &look);
    let row = routine.standing_only();
    let write = LedgerWrite { routines: vec![row], ..LedgerWrite::default() };
    if let Err(e) = commit(core, write) {
        if let Some(routine) = core.routines.list.get_mut(id) {
            routine.row.standing = before;
        }
        return Err(fault(&e));
    }
    core.routines.stirred = true;
    due::find_next(core, id);
    view(core, id)
}

pub fn enable(core: &mut Core, id: &str, enabled: bool) -> Result<RoutineResult, Fault> {
    change(core, id, |routine, look| {
        let standing = &mut routine.row.standing;
        if enabled && standing.disabled {
            // Nothing of the time in which it was off comes due now.
            if let Some(definition) = &routine.definition {
                standing.marks = standing.marks.rearmed(definition, look);
            }
            standing.since_ms = look.wall_ms;
            standing.told_ms = None;
        }
        standing.disabled = !enabled;
    })
}

pub fn pause(core: &mut Core, id: &str, note: &str) -> Result<RoutineResult, Fault> {
    let note = note.trim().to_owned();
    if note.chars().count() > NOTE_MAX_CHARS || note.chars().any(char::is_control) {
        let message = format!("a note is one line of at most {NOTE_MAX_CHARS} characters");
        return Err(Fault::new(FaultCode::Invalid, message));
    }
    change(core, id, |routine, look| {
        let since_ms = routine.row.standing.paused.as_ref().map_or(look.wall_ms, |it| it.since_ms);
        routine.row.standing.paused = Some(Pause { since_ms, note });
    })
}

pub fn resume(core: &mut Core, id: &str) -> Result<RoutineResult, Fault> {
    change(core, id, |routine, look| {
        if routine.row.standing.paused.take().is_some() {
            routine.row.standing.since_ms = look.wall_ms;
            routine.row.standing.told_ms = None;
        }
    })
}

/// Whether there is a definition to run by.
pub(super) fn check_runnable(core: &Core, id: &str) -> Result<(), Fault> {
    let Some(routine) = core.routines.list.get(id) else {
        return Err(Fault::new(FaultCode::NotFound, "the routine is not there any more"));
    };
    let name = &routine.row.name;
    if routine.row.standing.gone || routine.definition.is_none() {
        let why = match routine.problems.first() {
            Some(problem) => format!("its definition has mistakes: {problem}"),
            None => "its file is not there".to_owned(),
        };
        return Err(Fault::new(FaultCode::Refused, format!("routine {name} cannot run: {why}"))
            .hint("mend its file, then try again"));
    }
    Ok(())
}

/// Makes an occurrence of its own; answered when it is known what becomes of it.
pub fn run(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    id: &str,
    text: Option<String>,
) -> Result<(), Fault> {
    check_runnable(core, id)?;
    if text.as_ref().is_some_and(|text| text.chars().count() > FIRE_TEXT_MAX_CHARS) {
        let message = format!("the text is longer than {FIRE_TEXT_MAX_CHARS} characters");
        return Err(Fault::new(FaultCode::Limit, message));
    }
    let occurrence = Occurrence::due(&due::fresh_id(core), id, Origin::Manual);
    let occurrence_id = occurrence.id.clone();
    let row = LedgerRow { one_off: true, text, ..LedgerRow::of(occurrence) };
    let (id, at_ms) = (occurrence_id.clone(), wall_ms());
    let events = vec![LedgerEvent { occurrence: id, at_ms, text: "asked for by hand".to_owned() }];
    let write = LedgerWrite { rows: vec![row.clone()], events, ..LedgerWrite::default() };
    stored(commit(core, write))?;
    super::accept(core, vec![row]);
    core.routines.waiting.push(Waiting { conn, request, occurrence: occurrence_id });
    Ok(())
}

/// What is answered to whoever waits for an occurrence; none while that is not known.
pub(super) fn what_became(core: &Core, occurrence: &str) -> Option<Result<Reply, Fault>> {
    let started = |session: Option<String>| {
        let started = RunStarted { occurrence: occurrence.to_owned(), session };
        Ok(Reply::Routines { result: Box::new(RoutineResult::Started(started)) })
    };
    let Some(run) = core.routines.runs.get(occurrence) else {
        let it = match core.store.row(occurrence) {
            Ok(Some(row)) => row.occurrence,
            Ok(None) => return Some(started(None)),
            Err(e) => return Some(Err(fault(&e))),
        };
        if it.session.is_some() {
            return Some(started(it.session));
        }
        let why =
            it.error.as_ref().map_or_else(String::new, |error| format!(": {}", error.message));
        let message = format!("it did not run: {}{why}", became(&it));
        return Some(Err(Fault::new(FaultCode::Refused, message)));
    };
    match run.it().state {
        State::Claimed => None,
        // The first admission has left it waiting, or a try has failed already.
        State::Due if core.routines.stirred => None,
        _ => Some(started(run.it().session.clone())),
    }
}

pub fn runs(
    core: &Core,
    id: &str,
    (before, limit): (Option<i64>, u32),
) -> Result<RoutineResult, Fault> {
    let limit = usize::try_from(limit.clamp(1, PAGE_MAX)).unwrap_or_default();
    let rows = stored(core.store.rows(RowsWanted { routine: Some(id), before, limit }))?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.n);
    let runs = rows.iter().map(|row| views::run_with_events(core, row));
    let runs = stored(runs.collect::<Result<Vec<_>, _>>())?;
    Ok(RoutineResult::Runs(RunPage { runs, next }))
}

pub fn detail(core: &Core, id: &str) -> Result<RoutineResult, Fault> {
    let detail = stored(views::detail(core, id))?;
    let gone = || Fault::new(FaultCode::NotFound, "the routine is not there any more");
    Ok(RoutineResult::Routine(Box::new(detail.ok_or_else(gone)?)))
}

pub fn list(core: &Core) -> Result<RoutineResult, Fault> {
    let mut ids: Vec<(&String, &String)> =
        core.routines.list.iter().map(|(id, routine)| (&routine.row.name, id)).collect();
    ids.sort();
    let views = ids.into_iter().map(|(_, id)| views::routine(core, id));
    let routines = stored(views.collect::<Result<Vec<_>, _>>())?;
    let routines = routines.into_iter().flatten().collect();
    let problems = core.routines.unfit.clone();
    Ok(RoutineResult::Routines(nightshift_protocol::routine::RoutineList { routines, problems }))
}

/// Writes a definition that has no mistake; answered when it counts.
pub fn create(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    name: &str,
    text: String,
) -> Result<(), Fault> {
    let wrong = |message: String| Fault::new(FaultCode::Invalid, message);
    check_name(name).map_err(wrong)?;
    if let Err(problems) = files::parse(&text) {
        let all: Vec<String> = problems.iter().map(Problem::to_string).collect();
        return Err(wrong(all.join("; ")).hint("correct it, then try again"));
    }
    let (writer, name) = (core.world.routine_files(), name.to_owned());
    let work = move || {
        let written = writer.create(&name, &text);
        let result = written.map(|()| Written::Created { name, found: writer.read() });
        Inbox::Routines(Heard::FileWritten { conn, request, result })
    };
    let place = "the definitions of routines";
    core.world.run(Job::for_request((conn, request), Lane::Routines, place, work));
    Ok(())
}

/// Takes the file away, then all that is known of the routine.
pub fn remove(core: &mut Core, (conn, request): (ConnId, u64), id: &str) -> Result<(), Fault> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let name = routine.row.name.clone();
    let mut active = core.routines.runs.values().filter(|run| run.it().routine == id);
    if let Some(run) = active.find(|run| run.it().state.is_active()) {
        let session = run.it().session.clone().unwrap_or_default();
        return Err(Fault::new(FaultCode::Refused, format!("routine {name} is running"))
            .hint(format!("wait for it, or end it with `nightshift stop {session}`")));
    }
    let (writer, id) = (core.world.routine_files(), id.to_owned());
    let work = move || {
        let result = writer.remove(&name).map(|()| Written::Removed { id });
        Inbox::Routines(Heard::FileWritten { conn, request, result })
    };
    let place = "the definitions of routines";
    core.world.run(Job::for_request((conn, request), Lane::Routines, place, work));
    Ok(())
}

/// The file is there, or gone.
pub fn written(core: &mut Core, (conn, request): (ConnId, u64), result: Result<Written, Fault>) {
    let answer = result.and_then(|written| match written {
        Written::Created { name, found } => {
            core.routines.looks += 1;
            files::seen(core, Ok(found));
            find(core, &name).and_then(|id| view(core, &id))
        }
        Written::Removed { id } => {
            core.routines.looks += 1;
            removed(core, &id)
        }
    });
    let answer = answer.map(|result| Reply::Routines { result: Box::new(result) });
    core.clients.answer(conn, request, answer);
}

fn removed(core: &mut Core, id: &str) -> Result<RoutineResult, Fault> {
    let name = core.routines.list.get(id).map(|routine| routine.row.name.clone());
    let write = LedgerWrite { removed: vec![id.to_owned()], ..LedgerWrite::default() };
    stored(commit(core, write))?;
    core.routines.list.remove(id);
    core.routines.outside.tokens.retain(|_, token| token.routine != id);
    super::outside::stir(core);
    core.routines.runs.retain(|_, run| run.it().routine != id);
    Ok(RoutineResult::Removed { id: id.to_owned(), name: name.unwrap_or_default() })
}
