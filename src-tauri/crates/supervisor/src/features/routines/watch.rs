//! The watchdog: a routine that went quiet says so, one that keeps failing pauses itself; and rows that were kept long
//! enough are forgotten.

use super::{commit, due, wall_ms};
use crate::core::Core;
use nightshift_protocol::NoticeLevel;
use nightshift_routines::health::{Alarm, FAILING, Facts, cadence_ms, next_watch_ms, watch};
use nightshift_routines::occurrence::Occurrence;
use nightshift_store::ledger::Pause;
use nightshift_store::{LedgerWrite, RowsWanted, StoreError};

/// Rows by which a routine's health is told.
const ROWS: usize = 20;
/// Due times of which the longest pause is a routine's cadence: a week of working days, with room.
const CADENCE_TIMES: usize = 12;
/// History of a routine: this long ...
const KEEP_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// ... or so many rows, whichever is more.
const KEEP_ROWS: i64 = 1_000;
/// Rows forgotten at once.
const FORGET_MAX: i64 = 500;

/// Something about the routine has changed: it is looked at with the next tick.
pub(super) fn look_again(core: &mut Core, id: &str) {
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.watch_ms = Some(i64::MIN);
    }
}

pub(super) fn on_tick(core: &mut Core) -> Result<(), StoreError> {
    let wall = wall_ms();
    let due = core.routines.list.iter();
    let due = due.filter(|(_, routine)| routine.watch_ms.is_some_and(|at_ms| at_ms <= wall));
    let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
    for id in due {
        look_at(core, &id, wall)?;
    }
    Ok(())
}

/// The newest rows of a routine.
pub(super) fn rows(core: &Core, id: &str) -> Result<Vec<Occurrence>, StoreError> {
    let wanted = RowsWanted { routine: Some(id), before: None, limit: ROWS };
    Ok(core.store.rows(wanted)?.into_iter().map(|row| row.occurrence).collect())
}

/// What health goes by.
pub(super) fn with_facts<T>(
    core: &Core,
    id: &str,
    rows: &[Occurrence],
    make: impl FnOnce(&Facts<'_>) -> T,
) -> Option<T> {
    let standing = &core.routines.list.get(id)?.row.standing;
    let upcoming = due::upcoming(core, id, CADENCE_TIMES);
    let times: Vec<i64> = upcoming.iter().map(|next| next.due_ms).collect();
    Some(make(&Facts {
        paused: standing.paused.as_ref().map(|pause| pause.note.as_str()),
        disabled: standing.disabled || standing.gone,
        cadence_ms: cadence_ms(&times),
        since_ms: standing.since_ms,
        rows,
        now_ms: wall_ms(),
    }))
}

fn look_at(core: &mut Core, id: &str, wall: i64) -> Result<(), StoreError> {
    let rows = rows(core, id)?;
    let told_ms = core.routines.list.get(id).and_then(|routine| routine.row.standing.told_ms);
    let looked = with_facts(core, id, &rows, |facts| (watch(facts, told_ms), next_watch_ms(facts)));
    let Some((alarm, next_ms)) = looked else { return Ok(()) };
    match alarm {
        Some(Alarm::Pause { reason }) => pause(core, id, &reason, wall)?,
        Some(Alarm::Quiet { told, reason }) => quiet(core, id, told, &reason)?,
        None => {}
    }
    forget(core, id, wall)?;
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.watch_ms = next_ms;
    }
    Ok(())
}

fn pause(core: &mut Core, id: &str, reason: &str, wall: i64) -> Result<(), StoreError> {
    due::settle(core, id)?;
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let mut row = routine.standing_only();
    row.standing.paused = Some(Pause { since_ms: wall, note: FAILING.to_owned() });
    let write = LedgerWrite { routines: vec![row.clone()], ..LedgerWrite::default() };
    commit(core, write)?;
    let name = row.name.clone();
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row.standing = row.standing;
    }
    let text = format!(
        "routine {name} is paused: {reason}; see `nightshift routines runs {name}`, then `nightshift routines resume {name}`"
    );
    core.notice(NoticeLevel::Error, text);
    Ok(())
}

fn quiet(core: &mut Core, id: &str, told: i64, reason: &str) -> Result<(), StoreError> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let mut row = routine.standing_only();
    row.standing.told_ms = Some(told);
    let write = LedgerWrite { routines: vec![row.clone()], ..LedgerWrite::default() };
    commit(core, write)?;
    let text = format!("routine {} is quiet: {reason}", row.name);
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row.standing = row.standing;
    }
    core.notice(NoticeLevel::Warning, text);
    Ok(())
}

/// Takes the oldest rows away that were kept long enough. Their due times stay decided.
fn forget(core: &mut Core, id: &str, wall: i64) -> Result<(), StoreError> {
    let before_ms = wall.saturating_sub(KEEP_MS);
    let past = core.store.past_rows(id, before_ms, (KEEP_ROWS, FORGET_MAX))?;
    let Some(routine) = core.routines.list.get(id).filter(|_| !past.is_empty()) else {
        return Ok(());
    };
    let mut row = routine.standing_only();
    let latest = past.iter().filter_map(|(_, due_ms)| *due_ms).max();
    row.standing.forgotten_ms = row.standing.forgotten_ms.max(latest);
    let forgotten: Vec<String> = past.into_iter().map(|(id, _)| id).collect();
    let routines = vec![row.clone()];
    let write = LedgerWrite { routines, forgotten: forgotten.clone(), ..LedgerWrite::default() };
    commit(core, write)?;
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row.standing = row.standing;
    }
    super::files::clear_scratch(core, forgotten);
    Ok(())
}
