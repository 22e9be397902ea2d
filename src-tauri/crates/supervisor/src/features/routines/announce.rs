//! Definitions that nobody wrote by a verb of ours: hand-edited files count at once, and the user hears of each.
//!
//! Promise: no definition starts to count, or becomes another, unnoticed, whoever has written its file; the user is told
//! once for each content, and not of what they made by a verb or in the window.

use super::{Routine, commit, start, views};
use crate::core::Core;
use jiff::Timestamp;
use nightshift_protocol::NoticeLevel;
use nightshift_store::{LedgerWrite, RoutineRow};

/// Told one by one; more at once (a directory that was copied there) are one notice.
const ONE_BY_ONE: usize = 5;

/// The user has not heard of what its file says. A standing of an earlier version knows no definitions: then what is in
/// force is known.
fn is_unknown(routine: &Routine) -> bool {
    let standing = &routine.row.standing;
    let known = standing.known.as_ref();
    !standing.gone && routine.definition.is_some() && known.is_some_and(|it| *it != standing.hash)
}

/// Tells of all definitions that the user does not know yet. What is being written for a client is looked at once that
/// is over.
pub(super) fn tell(core: &mut Core) {
    let is_own = |row: &RoutineRow| {
        core.routines.own.contains(&(row.name.clone(), row.standing.hash.clone()))
    };
    let waits = |row: &RoutineRow| core.routines.writing.contains_key(&row.name) && !is_own(row);
    let unknown = core.routines.list.values().filter(|it| is_unknown(it) && !waits(&it.row));
    let (own, foreign): (Vec<&Routine>, Vec<&Routine>) = unknown.partition(|it| is_own(&it.row));
    let ids = |all: &[&Routine]| all.iter().map(|it| it.row.id.clone()).collect::<Vec<String>>();
    let (foreign, mut unknown) = (ids(&foreign), ids(&own));
    let texts: Vec<String> = foreign.iter().filter_map(|id| text(core, id)).collect();
    match texts.len() {
        0..=ONE_BY_ONE => {
            texts.into_iter().for_each(|text| core.notice(NoticeLevel::Warning, text));
        }
        count => {
            let text = format!(
                "{count} routines were added or changed in {}, by no verb of Nightshift's: see `nightshift routines list`",
                core.routines.place
            );
            core.notice(NoticeLevel::Warning, text);
        }
    }
    unknown.extend(foreign);
    know(core, &unknown);
}

/// From now on the user knows what their files say.
fn know(core: &mut Core, ids: &[String]) {
    let known = |id: &String| {
        let routine = core.routines.list.get(id)?;
        let mut row = routine.standing_only();
        row.standing.known = Some(row.standing.hash.clone());
        Some(row)
    };
    let routines: Vec<_> = ids.iter().filter_map(known).collect();
    if routines.is_empty() {
        return;
    }
    let write = LedgerWrite { routines: routines.clone(), ..LedgerWrite::default() };
    if let Err(e) = commit(core, write) {
        // They are told of once more by the next supervisor.
        tracing::warn!("that definitions were told of is not stored: {e}");
    }
    for row in routines {
        if let Some(routine) = core.routines.list.get_mut(&row.id) {
            routine.row.standing = row.standing;
        }
    }
}

/// `routine morning was added by no verb of Nightshift's: every day at 09:00, runs next at …`
fn text(core: &Core, id: &str) -> Option<String> {
    let routine = core.routines.list.get(id)?;
    let definition = routine.definition.as_deref()?;
    let name = &routine.row.name;
    let what = match routine.row.standing.known.as_deref() {
        None | Some("") => "added",
        Some(_) => "changed",
    };
    let next = match routine.next_ms.and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok()) {
        Some(at) if !routine.row.standing.disabled => {
            let zone = start::zone_of(core, definition);
            let (there, named) = (zone.to_datetime(at), zone.iana_name().unwrap_or_default());
            let (date, hour, minute) = (there.date(), there.hour(), there.minute());
            format!("runs next at {date} {hour:02}:{minute:02} {named}")
        }
        _ => "does not run by itself".to_owned(),
    };
    Some(format!(
        "routine {name} was {what} by no verb of Nightshift's: {}, {next}; see `nightshift routines show {name}`",
        views::when(definition)
    ))
}
