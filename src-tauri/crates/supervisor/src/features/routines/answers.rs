//! What people ask about routines: why one does or does not run, when all run next, whether a run could begin.
//!
//! Promise: an answer says what the loop goes by, and changes nothing.

use super::{due, prepare, start, views};
use crate::clients::ConnId;
use crate::core::{Core, effects};
use crate::inbox::Inbox;
use crate::ports::storage::fault;
use crate::ports::world::{Job, Lane};
use nightshift_protocol::routine::{
    CalendarTime, RoutineCalendar, RoutineCheck, RoutineResult, RoutineTest, RoutineWhy,
};
use nightshift_protocol::{Fault, Reply};
use nightshift_routines::health::became;
use nightshift_routines::occurrence::State;
use nightshift_store::RowsWanted;

/// Times of one calendar: as many as anybody reads, and they fit into one frame.
const CALENDAR_MAX: usize = 1_000;

pub(crate) fn why(core: &Core, id: &str) -> Result<RoutineResult, Fault> {
    let Some(routine) = core.routines.list.get(id) else {
        return super::acts::view(core, id);
    };
    let view = views::routine(core, id).map_err(|e| fault(&e))?;
    let next_run_at = view.as_ref().and_then(|view| view.next_run_at);
    let mut reasons = holds(core, id);
    let runs = reasons.is_empty() && next_run_at.is_some();
    if reasons.is_empty() {
        let when = routine.definition.as_deref().map(views::when).unwrap_or_default();
        reasons.push(match next_run_at {
            Some(_) => format!("it comes due by itself: {when}"),
            None => "nothing starts it by itself: it has no time to come; add a [[trigger]], or run it by hand".to_owned(),
        });
    }
    reasons.extend(under_way(core, id));
    for problem in &routine.problems {
        let force = match routine.definition.is_some() {
            true => "; the last definition without mistakes stays in force",
            false => "",
        };
        reasons.push(format!("its file has a mistake: {problem}{force}"));
    }
    let wanted = RowsWanted { routine: Some(id), before: None, limit: 1 };
    let rows = core.store.rows(wanted).map_err(|e| fault(&e))?;
    let last = rows.first().map(|row| views::run_with_events(core, row)).transpose();
    let last_run = last.map_err(|e| fault(&e))?;
    let routine = routine.row.name.clone();
    Ok(RoutineResult::Why(Box::new(RoutineWhy { routine, runs, next_run_at, reasons, last_run })))
}

/// What keeps its times from starting it.
fn holds(core: &Core, id: &str) -> Vec<String> {
    let Some(routine) = core.routines.list.get(id) else { return Vec::new() };
    let (name, standing) = (&routine.row.name, &routine.row.standing);
    let mut holds = Vec::new();
    let mut hold = |is: bool, why: String| {
        if is {
            holds.push(why);
        }
    };
    hold(standing.gone, "its file is not there any more".to_owned());
    hold(
        routine.definition.is_none() && !standing.gone,
        "its definition has mistakes, and never was without".to_owned(),
    );
    hold(
        standing.disabled,
        format!("it is disabled: `nightshift routines enable {name}` plans its times again"),
    );
    if let Some(pause) = &standing.paused {
        let note = if pause.note.is_empty() { String::new() } else { format!(" ({})", pause.note) };
        hold(true, format!("it is paused{note}: `nightshift routines resume {name}` ends that"));
    }
    hold(
        core.schedules_paused,
        "everything that starts on a schedule is paused: `nightshift schedules resume` ends that"
            .to_owned(),
    );
    hold(
        core.timers.is_off(),
        "schedules are turned off by a variable of the supervisor".to_owned(),
    );
    if let Some(definition) = &routine.definition {
        let most = definition.policy.max_per_day;
        let since_ms = start::day_begins_ms(core, definition);
        let today = core.store.counted_runs(id, since_ms).unwrap_or_default();
        hold(today >= most, format!("it had its {most} runs of today (max_per_day)"));
    }
    holds
}

/// Its rows that are not over.
fn under_way(core: &Core, id: &str) -> Vec<String> {
    let its = core.routines.runs.values().filter(|run| run.it().routine == id);
    let words = |run: &super::Run| {
        let it = run.it();
        let session = it.session.as_deref().unwrap_or_default();
        match (it.state, run.held, run.waits) {
            (State::Due, Some(held), _) => {
                format!("run {} is due and waits: {}", it.id, held.words())
            }
            (State::Due, None, _) => format!("run {} is {}", it.id, became(it)),
            (_, _, true) => {
                format!("run {} waits for your answer: nightshift attach {session}", it.id)
            }
            _ => format!("run {} is {}: {session}", it.id, it.state.name()),
        }
    };
    its.map(words).collect()
}

pub(crate) fn calendar(core: &Core, until: i64) -> RoutineResult {
    let mut times = Vec::new();
    let mut more = false;
    for (id, routine) in &core.routines.list {
        let plays = routine.is_planned() && routine.row.standing.paused.is_none();
        if !plays || core.schedules_paused {
            continue;
        }
        let upcoming = due::upcoming(core, id, CALENDAR_MAX);
        more |= upcoming.len() == CALENDAR_MAX
            && upcoming.last().is_some_and(|it| it.start_ms <= until);
        let name = &routine.row.name;
        times.extend(
            upcoming.into_iter().filter(|it| it.start_ms <= until).map(|it| CalendarTime {
                routine: name.clone(),
                at: it.start_ms,
                due_at: it.due_ms,
            }),
        );
    }
    times.sort_by(|a, b| (a.at, &a.routine).cmp(&(b.at, &b.routine)));
    more |= times.len() > CALENDAR_MAX;
    times.truncate(CALENDAR_MAX);
    RoutineResult::Calendar(RoutineCalendar { times, more })
}

/// Looks for all that a run would begin with, beside the loop, and starts nothing but the precheck.
pub(crate) fn test(core: &mut Core, asked: (ConnId, u64), id: &str) -> Result<(), Fault> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let name = routine.row.name.clone();
    let mut checks: Vec<RoutineCheck> = Vec::new();
    for problem in &routine.problems {
        checks.push(check("definition", Err(problem.to_string())));
    }
    if checks.is_empty() {
        checks.push(match &routine.definition {
            Some(definition) => check("definition", Ok(views::when(definition))),
            None => check("definition", Err("its file is not there".to_owned())),
        });
    }
    let definition = routine.definition.clone().filter(|_| !routine.row.standing.gone);
    let (files, registry) = (core.world.routine_files(), core.registry.clone());
    let trust = prepare::Trust::new(core.worktrees.clone(), effects::wanted(core));
    let owner = due::fresh_id(core);
    let (conn, request) = asked;
    let work = move || {
        if let Some(definition) = &definition {
            checks.extend(prepare::test(&owner, definition, &*files, (&registry, &trust)));
        }
        let ok = checks.iter().all(|check| check.ok);
        let tested = RoutineTest { routine: name, ok, checks };
        let result = Ok(Reply::Routines { result: Box::new(RoutineResult::Tested(tested)) });
        Inbox::Answer { conn, request, result }
    };
    let place = format!("what a run of {id} begins with");
    core.world.run(Job::for_request(asked, Lane::Routines, place, work));
    Ok(())
}

pub(super) fn check(what: &str, found: Result<String, String>) -> RoutineCheck {
    let ok = found.is_ok();
    RoutineCheck { what: what.to_owned(), ok, words: found.unwrap_or_else(|why| why) }
}
