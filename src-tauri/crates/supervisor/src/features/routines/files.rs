//! Definitions: the directory is read beside the loop, and what it holds counts from then on.
//!
//! Promises: a definition counts when it was read whole and has no mistake; else the last good one stays in force;
//! what is new never fires the past; before one is exchanged the old one decides what came due.

use super::{Heard, Routine, announce, due, support, wait_for_room, wall_ms};
use crate::clients::ConnId;
use crate::core::Core;
use crate::features::conditions::{self, Condition};
use crate::inbox::Inbox;
use crate::ports::routines::{DefinitionFile, FoundDefinitions};
use crate::ports::world::{Job, Lane};
use jiff::tz::TimeZone;
use nightshift_model::quoted::quoted;
use nightshift_protocol::routine::RoutineAct;
use nightshift_protocol::{Fault, NoticeLevel};
use nightshift_routines::definition::{ID_PREFIX, check_name, hash};
use nightshift_routines::{Definition, Problem, definition};
use nightshift_store::ledger::RoutineStanding;
use nightshift_store::{LedgerWrite, RoutineRow, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a text defines: nothing where it asks for what this version cannot do.
pub(super) fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    let definition = definition::parse(text, &|name| TimeZone::get(name).ok())?;
    let lacking = support::lacking(&definition, text);
    if lacking.is_empty() { Ok(definition) } else { Err(lacking) }
}

/// Begins a look at the directory when one is wanted and none is under way.
pub(super) fn on_tick(core: &mut Core) {
    if !core.routines.wanted || core.routines.reading {
        return;
    }
    (core.routines.wanted, core.routines.reading) = (false, true);
    core.routines.looks += 1;
    let (files, look) = (core.world.routine_files(), core.routines.looks);
    let work =
        Box::new(move || Inbox::Routines(Heard::FilesSeen { look, found: Ok(files.read()) }));
    let failed =
        Box::new(move |fault: Fault| Inbox::Routines(Heard::FilesSeen { look, found: Err(fault) }));
    let place = "the definitions of routines".to_owned();
    core.world.run(Job { lane: Lane::Routines, place, work, failed });
}

/// A look at the directory is over.
pub(super) fn looked(core: &mut Core, look: u64, found: Result<FoundDefinitions, Fault>) {
    core.routines.reading = false;
    if look < core.routines.written {
        core.routines.wanted = true;
    } else if look > core.routines.applied {
        core.routines.applied = look;
        seen(core, found);
    }
}

/// A request waits until the directory was looked at: what somebody has just written counts for it.
pub(crate) fn look_first(core: &mut Core, (conn, request): (ConnId, u64), act: RoutineAct) {
    core.routines.looks += 1;
    let (files, look) = (core.world.routine_files(), core.routines.looks);
    let (act, without) = (Box::new(act.clone()), Box::new(act));
    let work = Box::new(move || {
        let found = Ok(files.read());
        Inbox::Routines(Heard::Looked { conn, request, act, look, found })
    });
    // Its disk does not answer: what is known counts.
    let failed = Box::new(move |fault: Fault| {
        Inbox::Routines(Heard::Looked { conn, request, act: without, look, found: Err(fault) })
    });
    let place = "the definitions of routines".to_owned();
    core.world.run(Job { lane: Lane::Routines, place, work, failed });
}

/// What was found for a client. Later words count more.
pub(super) fn looked_for_client(
    core: &mut Core,
    look: u64,
    found: Result<FoundDefinitions, Fault>,
) {
    if look > core.routines.applied.max(core.routines.written) {
        core.routines.applied = look;
        seen(core, found);
    }
}

/// The directory was read, or cannot be: then everything stays as it was.
pub(super) fn seen(core: &mut Core, found: Result<FoundDefinitions, Fault>) {
    let found = match found {
        Ok(found) => found,
        Err(fault) => return say(core, vec![fault.to_string()]),
    };
    core.routines.place.clone_from(&found.place);
    if let Some(why) = found.unread {
        return say(core, vec![format!("{why}; routines stay as they were")]);
    }
    let nameless =
        |name: &String| format!("{}/{name} defines no routine: its name is not UTF-8", found.place);
    let mut unfit: Vec<String> = found.unnamed.iter().map(nameless).collect();
    let mut names = BTreeSet::new();
    for file in found.files {
        if let Err(why) = check_name(&file.name) {
            let name = quoted(&format!("{}.md", file.name));
            unfit.push(format!("in {} {name} defines no routine: {why}", found.place));
            continue;
        }
        names.insert(file.name.clone());
        if let Err(e) = take(core, file) {
            core.routines.wanted = true;
            return wait_for_room(core, &e);
        }
    }
    say(core, unfit);
    let ids = core.routines.list.iter().filter(|(_, it)| !names.contains(&it.row.name));
    let ids: Vec<String> = ids.map(|(id, _)| id.clone()).collect();
    for id in ids {
        if let Err(e) = gone(core, &id) {
            core.routines.wanted = true;
            return wait_for_room(core, &e);
        }
    }
    announce::tell(core);
}

fn say(core: &mut Core, unfit: Vec<String>) {
    let said = unfit.iter().map(|text| (NoticeLevel::Error, text.clone())).collect();
    core.routines.unfit = unfit;
    conditions::hold(core, &Condition::Definitions, said);
}

fn id_of(core: &Core, name: &str) -> Option<String> {
    let found = core.routines.list.iter().find(|(_, routine)| routine.row.name == name);
    found.map(|(id, _)| id.clone())
}

/// Takes a file as it is now.
fn take(core: &mut Core, file: DefinitionFile) -> Result<(), StoreError> {
    let known = id_of(core, &file.name);
    let routine = known.as_ref().and_then(|id| core.routines.list.get_mut(id));
    if let (Some(routine), Ok(text)) = (routine, &file.text)
        && routine.row.definition.as_ref() == Some(text)
        && routine.definition.is_some()
        && !routine.row.standing.gone
    {
        routine.problems.clear();
        return Ok(());
    }
    let parsed = file.text.map_err(|problem| vec![problem]).and_then(|text| {
        let definition = parse(&text)?;
        Ok((text, definition))
    });
    match known {
        None => add(core, file.name, parsed),
        Some(id) => exchange(core, &id, parsed),
    }
}

type Parsed = Result<(String, Definition), Vec<Problem>>;

fn add(core: &mut Core, name: String, parsed: Parsed) -> Result<(), StoreError> {
    let id = format!("{ID_PREFIX}{}", core.world.fresh_uuid().simple());
    let look = core.timers.look();
    let mut standing = RoutineStanding {
        since_ms: look.wall_ms,
        known: Some(String::new()),
        disabled: core.routines.writing.get(&name).copied().unwrap_or_default(),
        ..RoutineStanding::default()
    };
    let (text, definition, problems) = match parsed {
        Ok((text, definition)) => {
            standing.hash = hash(&text).unwrap_or_default();
            standing.marks = standing.marks.armed(&definition, &look);
            (Some(text), Some(Arc::new(definition)), Vec::new())
        }
        Err(problems) => (None, None, problems),
    };
    let row = RoutineRow { id: id.clone(), name, definition: text, standing };
    let write = LedgerWrite { routines: vec![row.clone()], ..LedgerWrite::default() };
    super::commit(core, write)?;
    let routine = Routine { row, definition, problems, next_ms: None, watch_ms: None };
    core.routines.list.insert(id.clone(), routine);
    due::find_next(core, &id);
    Ok(())
}

/// The file of a routine is another one, or is there again.
fn exchange(core: &mut Core, id: &str, parsed: Parsed) -> Result<(), StoreError> {
    // What came due until now is the old definition's to decide.
    due::settle(core, id)?;
    let look = core.timers.look();
    let Some(routine) = core.routines.list.get_mut(id) else { return Ok(()) };
    let was_gone = routine.row.standing.gone;
    let (text, definition) = match parsed {
        Ok((text, definition)) => (text, Arc::new(definition)),
        Err(problems) => {
            routine.problems = problems;
            let (Some(text), Some(definition), true) =
                (routine.row.definition.clone(), routine.definition.clone(), was_gone)
            else {
                return Ok(());
            };
            // The last good one is in force again, as one that begins now.
            (text, definition)
        }
    };
    let mut row = routine.row.clone();
    let before = row.standing.marks.clone();
    row.standing.marks = match was_gone {
        true => before.rearmed(&definition, &look),
        false => before.armed(&definition, &look),
    };
    let same = before.triggers.keys().eq(row.standing.marks.triggers.keys());
    if was_gone || !same {
        row.standing.since_ms = wall_ms();
        row.standing.told_ms = None;
    }
    row.standing.gone = false;
    row.standing.known.get_or_insert(row.standing.hash.clone());
    row.standing.hash = hash(&text).unwrap_or_default();
    let good = row.definition.as_ref() != Some(&text);
    row.definition = Some(text);
    let write = LedgerWrite { routines: vec![row.clone()], ..LedgerWrite::default() };
    super::commit(core, write)?;
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row = row;
        routine.definition = Some(definition);
        if good {
            routine.problems.clear();
        }
    }
    due::find_next(core, id);
    Ok(())
}

/// Its file is not there any more: what came due before still has its rows.
fn gone(core: &mut Core, id: &str) -> Result<(), StoreError> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    if routine.row.definition.is_none() {
        // It never was one: nothing of it ran, and nothing of it stays.
        let write = LedgerWrite { removed: vec![id.to_owned()], ..LedgerWrite::default() };
        super::commit(core, write)?;
        core.routines.list.remove(id);
        return Ok(());
    }
    if routine.row.standing.gone {
        return Ok(());
    }
    due::settle(core, id)?;
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let mut row = routine.standing_only();
    row.standing.gone = true;
    let write = LedgerWrite { routines: vec![row.clone()], ..LedgerWrite::default() };
    super::commit(core, write)?;
    if let Some(routine) = core.routines.list.get_mut(id) {
        routine.row.standing = row.standing;
        routine.problems.clear();
    }
    due::find_next(core, id);
    Ok(())
}

/// Directories of runs whose rows are forgotten are not needed any more.
pub(super) fn clear_scratch(core: &Core, occurrences: Vec<String>) {
    let files = core.world.routine_files();
    let work = Box::new(move || {
        files.clear_scratch(&occurrences);
        Inbox::Routines(Heard::ScratchCleared)
    });
    let failed = Box::new(|_| Inbox::Routines(Heard::ScratchCleared));
    let place = "directories of runs of routines".to_owned();
    core.world.run(Job { lane: Lane::Directories, place, work, failed });
}
