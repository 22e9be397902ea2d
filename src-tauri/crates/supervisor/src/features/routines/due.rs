//! Due times: looks at the clocks, and the rows that they give.
//!
//! Promise: the rows of a plan and its marks are one commit; a plan that was not committed is made again the same.

use super::{accept, views, wall_ms};
use crate::core::Core;
use jiff::tz::TimeZone;
use nightshift_automation::ClockReading;
use nightshift_routines::occurrence::{Event, LateCause, Occurrence, Origin, step};
use nightshift_routines::plan::{Facts, Known, Plan, Planned, RowChange, Upcoming, Verdict};
use nightshift_routines::plan::{next_after, plan};
use nightshift_store::ledger::LedgerEvent;
use nightshift_store::{LedgerRow, LedgerWrite, RoutineRow, StoreError};
use std::cell::Cell;

/// Takes a look when it is time to, and makes the rows of what has come due.
pub(super) fn on_tick(core: &mut Core) -> Result<(), StoreError> {
    if !wants_look(core) {
        return Ok(());
    }
    let look = core.timers.look();
    let last = core.routines.last_look.clone();
    let happened = last.as_ref().is_none_or(|last| look.happened_since(last).is_some());
    let due = core.routines.list.iter().filter(|(_, routine)| {
        let has_come = routine.next_ms.is_some_and(|at_ms| at_ms <= look.wall_ms);
        routine.is_planned() && (happened || has_come)
    });
    let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
    for id in due {
        plan_at(core, &id, &look, last.as_ref())?;
    }
    core.routines.last_look = Some(look);
    Ok(())
}

fn wants_look(core: &Core) -> bool {
    let it = &core.routines;
    let mut planned = it.list.values().filter(|routine| routine.is_planned()).peekable();
    if planned.peek().is_none() {
        return false;
    }
    let wall = wall_ms();
    let has_come = planned.any(|routine| routine.next_ms.is_some_and(|at_ms| at_ms <= wall));
    has_come || it.last_look.as_ref().is_none_or(|last| is_stale(core, last, wall))
}

fn is_stale(core: &Core, last: &ClockReading, wall: i64) -> bool {
    let most = i64::try_from(super::WALL_LOOK.as_millis()).unwrap_or(i64::MAX);
    let timed = core.routines.list.values().any(|it| it.is_planned() && it.next_ms.is_some());
    timed && (wall.saturating_sub(last.wall_ms)).abs() >= most
}

/// Everything that came due for a routine until now has its row after this.
pub(super) fn settle(core: &mut Core, id: &str) -> Result<(), StoreError> {
    if core.routines.list.get(id).is_none_or(|routine| !routine.is_planned()) {
        return Ok(());
    }
    let (look, last) = (core.timers.look(), core.routines.last_look.clone());
    plan_at(core, id, &look, last.as_ref())
}

/// What stands in a plan's facts beside the routine itself.
struct Moment<'a> {
    look: &'a ClockReading,
    last: Option<&'a ClockReading>,
}

fn planned(core: &Core, id: &str, moment: &Moment<'_>) -> Result<Option<Plan>, StoreError> {
    let failed = Cell::new(None);
    let plan = with_facts(core, id, moment, &failed, plan);
    match failed.take() {
        Some(error) => Err(error),
        None => Ok(plan),
    }
}

fn with_facts<T>(
    core: &Core,
    id: &str,
    moment: &Moment<'_>,
    failed: &Cell<Option<StoreError>>,
    make: impl FnOnce(&Facts<'_>) -> T,
) -> Option<T> {
    let routine = core.routines.list.get(id)?;
    let definition = routine.definition.as_ref()?;
    let standing = &routine.row.standing;
    let row = |due_ms| match core.store.is_missed(id, due_ms) {
        Ok(Some(true)) => Some(Known::Missed),
        Ok(Some(false)) => Some(Known::Decided),
        // Its row was kept long enough.
        Ok(None) => standing.forgotten_ms.is_some_and(|at| due_ms <= at).then_some(Known::Decided),
        Err(error) => {
            failed.set(Some(error));
            Some(Known::Decided)
        }
    };
    let (machine, spans) = (core.timers.zone(), routine.spans());
    Some(make(&Facts {
        routine: id,
        definition,
        marks: &standing.marks,
        before: moment.last,
        now: moment.look,
        machine: &machine,
        zones: &|name| TimeZone::get(name).ok(),
        spans: &spans,
        row: &row,
    }))
}

fn plan_at(
    core: &mut Core,
    id: &str,
    look: &ClockReading,
    last: Option<&ClockReading>,
) -> Result<(), StoreError> {
    let moment = Moment { look, last };
    loop {
        let Some(plan) = planned(core, id, &moment)? else { return Ok(()) };
        let more = plan.more;
        take(core, id, plan, look)?;
        if !more {
            return Ok(());
        }
    }
}

/// Commits what a plan says. One that gives no rows changes nothing that would not be found again.
fn take(core: &mut Core, id: &str, plan: Plan, look: &ClockReading) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    let mut events = Vec::new();
    for planned in &plan.occurrences {
        let row = row_of(core, id, planned, look.wall_ms)?;
        let text = match planned.late.map(LateCause::words) {
            Some(cause) => format!("{}, late because {cause}", views::happened(&row.occurrence)),
            None => views::happened(&row.occurrence),
        };
        let occurrence = row.occurrence.id.clone();
        events.push(LedgerEvent { occurrence, at_ms: look.wall_ms, text });
        rows.push(row);
    }
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let mut row: RoutineRow = routine.standing_only();
    row.standing.marks = plan.marks;
    if !rows.is_empty() {
        let look = serde_json::to_string(look).ok();
        let routines = vec![row.clone()];
        let write =
            LedgerWrite { routines, rows: rows.clone(), events, look, ..LedgerWrite::default() };
        super::commit(core, write)?;
    }
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row.standing = row.standing;
        routine.next_ms = plan.next_ms;
    }
    accept(core, rows);
    Ok(())
}

fn row_of(core: &Core, id: &str, planned: &Planned, now_ms: i64) -> Result<LedgerRow, StoreError> {
    let known = match planned.row {
        RowChange::New => None,
        RowChange::Again => core.store.due_row(id, planned.due_ms)?,
    };
    let mut row = match known {
        Some(row) => {
            let reopened = step(&row.occurrence, Event::Reopen, now_ms);
            let occurrence = reopened.unwrap_or(row.occurrence);
            LedgerRow { occurrence, one_off: row.one_off, text: row.text, ..row }
        }
        None => {
            let (trigger, due_ms) = (planned.trigger.clone(), planned.due_ms);
            let origin = Origin::Schedule { trigger, due_ms };
            LedgerRow::of(Occurrence::due(&fresh_id(core), id, origin))
        }
    };
    row.one_off = planned.one_off;
    row.occurrence.late_cause = planned.late;
    if let Verdict::Skip(reason) = planned.verdict
        && let Ok(skipped) = step(&row.occurrence, Event::Skip { reason }, now_ms)
    {
        row.occurrence = skipped;
    }
    Ok(row)
}

/// An id that names nothing yet.
pub(super) fn fresh_id(core: &Core) -> String {
    format!("run_{}", core.world.fresh_uuid().simple())
}

/// The next due times of a routine, without any change.
pub(super) fn upcoming(core: &Core, id: &str, count: usize) -> Vec<Upcoming> {
    let look = core.timers.look();
    let moment = Moment { look: &look, last: core.routines.last_look.as_ref() };
    let failed = Cell::new(None);
    let found = with_facts(core, id, &moment, &failed, |facts| next_after(facts, count));
    found.unwrap_or_default()
}

/// After a change of the routine: when it is due next.
pub(super) fn find_next(core: &mut Core, id: &str) {
    let next_ms = upcoming(core, id, 1).first().map(|next| next.start_ms);
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.next_ms = next_ms.filter(|_| routine.is_planned());
    }
    super::watch::look_again(core, id);
    super::outside::stir(core);
}
