//! Definitions that are changed for clients: key by key, as a whole, and those of other programs that are taken over.
//!
//! Promise: a file that has no mistake has none afterwards; comments and everything that was not meant stay as they were
//! written; what somebody else has written meanwhile stays.

use super::acts::{self, Written};
use super::{files, start, wall_ms};
use crate::clients::ConnId;
use crate::core::Core;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::routine::{
    ImportSource, ImportedRoutine, RoutineChange, RoutineResult, TimeGiven,
};
use nightshift_protocol::{Fault, FaultCode, Reply};
use nightshift_routines::definition::{self, EditError, Problem, Trigger, edit, hash, set_prompt};
use nightshift_routines::{Definition, import};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Files of other programs in one import, and their bytes: people write them.
const SOURCES_MAX: usize = 500;

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::Invalid, message)
}

/// What a text defines; all its mistakes in one fault.
pub(super) fn parsed(text: &str) -> Result<Definition, Fault> {
    files::parse(text).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(Problem::to_string).collect();
        invalid(all.join("; ")).hint("correct it, then try again")
    })
}

/// What somebody writes by a verb names what there is: an agent with this model and mode, and times to come.
pub(super) fn check_new(core: &Core, definition: &Definition) -> Result<(), Fault> {
    let (model, mode) = (definition.model.as_deref(), definition.mode.as_deref());
    let spec = match &definition.agent {
        Some(agent) => Some(core.registry.named(agent)?),
        None => core.registry.default_agent(&own_variables()).ok(),
    };
    if let Some(spec) = spec.filter(|_| model.is_some() || mode.is_some()) {
        spec.check_choices(model, mode)?;
    }
    let zone = start::zone_of(core, definition);
    let now = Timestamp::from_millisecond(wall_ms()).unwrap_or_default();
    for trigger in &definition.triggers {
        let Trigger::At { at } = trigger else { continue };
        let is_past = zone.to_timestamp(*at).is_ok_and(|at| at <= now);
        if is_past {
            let there = zone.to_datetime(now);
            let tomorrow = there.date().tomorrow().unwrap_or(there.date());
            return Err(invalid(format!("`{at}` is in the past: it is {} there", minutes(there)))
                .hint(format!("write a time to come, such as `{tomorrow}T09:00`")));
        }
    }
    Ok(())
}

fn minutes(at: jiff::civil::DateTime) -> String {
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// Edits single keys of a file; answered when it counts.
pub(crate) fn update(
    core: &mut Core,
    asked: (ConnId, u64),
    id: &str,
    change: RoutineChange,
) -> Result<(), Fault> {
    rewrite(core, asked, id, move |text| changed(text, &change))
}

/// The whole text of a file, in place of `before`.
pub(crate) fn replace(
    core: &mut Core,
    asked: (ConnId, u64),
    id: &str,
    (text, before): (String, String),
) -> Result<(), Fault> {
    let definition = parsed(&text)?;
    check_new(core, &definition)?;
    rewrite(core, asked, id, move |now| match now == before {
        true => Ok(text.clone()),
        false => Err(Fault::new(FaultCode::Refused, "its file was changed meanwhile")
            .hint("look at it, then try again")),
    })
}

fn rewrite(
    core: &mut Core,
    asked: (ConnId, u64),
    id: &str,
    edit: impl Fn(&str) -> Result<String, Fault> + Send + 'static,
) -> Result<(), Fault> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let name = routine.row.name.clone();
    if routine.row.standing.gone {
        let message = format!("the file of routine {name} is not there");
        return Err(Fault::new(FaultCode::NotFound, message));
    }
    let (writer, registry) = (core.world.routine_files(), core.registry.clone());
    acts::write(core, asked, BTreeMap::from([(name.clone(), false)]), move || {
        let edited = |before: &str| {
            let text = edit(before)?;
            // A file that had mistakes may be mended step by step.
            let was_fine = files::parse(before).is_ok();
            match files::parse(&text) {
                Ok(definition) => {
                    if let Some(agent) = &definition.agent {
                        let spec = registry.named(agent)?;
                        spec.check_choices(
                            definition.model.as_deref(),
                            definition.mode.as_deref(),
                        )?;
                    }
                }
                Err(_) if was_fine => drop(parsed(&text)?),
                Err(_) => {}
            }
            Ok(text)
        };
        let text = writer.change(&name, &edited)?;
        Ok(Written::Text { hash: hash(&text), found: writer.read(), name })
    });
    Ok(())
}

fn refused(error: EditError) -> Fault {
    invalid(error.to_string()).hint("correct it, then try again")
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// A file's text with these changes.
fn changed(text: &str, change: &RoutineChange) -> Result<String, Fault> {
    let mut text = text.to_owned();
    for (key, value) in &change.keys {
        let path: Vec<&str> = key.split('.').collect();
        let value = value.as_ref().map(|value| Json::String(value.clone()));
        text = edit(&text, &path, value.as_ref(), &zone).map_err(refused)?;
    }
    if let Some(prompt) = &change.prompt {
        text = set_prompt(&text, prompt, &zone).map_err(refused)?;
    }
    if change.times.is_empty() { Ok(text) } else { with_times(text, &change.times) }
}

/// Each new time takes the place of an old one; those left over go, further ones come last.
fn with_times(mut text: String, times: &[TimeGiven]) -> Result<String, Fault> {
    let definition = definition::parse(&text, &zone).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(Problem::to_string).collect();
        invalid(all.join("; ")).hint("mend its file, then try again")
    })?;
    let timed: Vec<usize> = (0..definition.triggers.len())
        .filter(|place| definition.triggers[*place].is_timed())
        .collect();
    for (n, time) in times.iter().enumerate() {
        let place = timed
            .get(n)
            .copied()
            .unwrap_or(definition.triggers.len() + n.saturating_sub(timed.len()));
        let (place, given) = (place.to_string(), time.value.as_str());
        let old = timed.get(n).map(|place| key_of(&definition.triggers[*place]));
        text = match old {
            // Only the value: what is said beside it stays.
            Some(kind) if kind == time.kind => {
                edit(&text, &["trigger", &place, kind], Some(&json!(given)), &zone)
            }
            _ => {
                let table = json!({ time.kind.clone(): given });
                edit(&text, &["trigger", &place], Some(&table), &zone)
            }
        }
        .map_err(refused)?;
    }
    for place in timed.iter().skip(times.len()).rev() {
        text = edit(&text, &["trigger", &place.to_string()], None, &zone).map_err(refused)?;
    }
    Ok(text)
}

fn key_of(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Schedule { .. } => "schedule",
        Trigger::Every { .. } => "every",
        Trigger::At { .. } => "at",
        Trigger::Api => "api",
        Trigger::Github(_) => "github",
    }
}

/// Takes over what other programs have planned; what is written is disabled until its user enables it.
pub(crate) fn import(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    sources: &[ImportSource],
    dry: bool,
) -> Result<(), Fault> {
    if sources.len() > SOURCES_MAX {
        let message = format!("{} files are more than {SOURCES_MAX} at once", sources.len());
        return Err(Fault::new(FaultCode::Limit, message));
    }
    let mut routines = converted(core, sources);
    if dry {
        let result = Box::new(RoutineResult::Imported { routines });
        core.clients.answer(conn, request, Ok(Reply::Routines { result }));
        return Ok(());
    }
    let made = routines.iter().filter(|routine| routine.error.is_none());
    let names = made.map(|routine| (routine.name.clone(), true)).collect();
    let writer = core.world.routine_files();
    acts::write(core, (conn, request), names, move || {
        for routine in routines.iter_mut().filter(|routine| routine.error.is_none()) {
            match writer.create(&routine.name, &routine.text) {
                Ok(()) => routine.made = true,
                Err(fault) => routine.error = Some(fault.to_string()),
            }
        }
        Ok(Written::Imported { routines, found: writer.read() })
    });
    Ok(())
}

/// As definitions, each with a name that nothing has yet.
fn converted(core: &Core, sources: &[ImportSource]) -> Vec<ImportedRoutine> {
    let known = core.routines.list.values().map(|routine| routine.row.name.clone());
    let mut taken: BTreeSet<String> = known.collect();
    let mut all = Vec::new();
    let files =
        sources.iter().map(|it| import::Source { from: &it.from, path: &it.path, text: &it.text });
    for found in import::convert(&files.collect::<Vec<_>>()) {
        let import::Found { from, path, name, text, lost, error } = found;
        let unfit = || parsed(&text).err().map(|fault| fault.to_string());
        let exists = || taken.contains(&name).then(|| format!("there is a routine {name} already"));
        let error = error.or_else(exists).or_else(unfit);
        if error.is_none() {
            taken.insert(name.clone());
        }
        all.push(ImportedRoutine { from, path, name, text, lost, made: false, error });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "+++\n# mine\nagent = \"claude\" # the best\n\n[[trigger]]\nschedule = \"0 9 * * *\" # early\n\n\
                        [[trigger]]\nevery = \"2h\"\n+++\nwork\n";

    fn time(kind: &str, value: &str) -> TimeGiven {
        TimeGiven { kind: kind.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn keys_are_changed_one_by_one_and_comments_stay() {
        let keys = BTreeMap::from([
            ("agent".to_owned(), Some("codex".to_owned())),
            ("outcome.goal".to_owned(), Some("it is done".to_owned())),
        ]);
        let change = RoutineChange { keys, prompt: Some("do it".to_owned()), times: Vec::new() };
        let text = changed(TEXT, &change).unwrap();
        for part in
            ["# mine\nagent = \"codex\" # the best", "goal = \"it is done\"", "+++\ndo it\n"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let keys = BTreeMap::from([("agent".to_owned(), None)]);
        let text = changed(&text, &RoutineChange { keys, ..RoutineChange::default() }).unwrap();
        assert!(!text.contains("codex") && text.contains("it is done"), "{text}");
        let keys = BTreeMap::from([("nonsense".to_owned(), Some("x".to_owned()))]);
        let fault = changed(TEXT, &RoutineChange { keys, ..RoutineChange::default() }).unwrap_err();
        assert!(fault.message.contains("nonsense"), "{fault}");
    }

    #[test]
    fn times_take_each_others_place() {
        let with = |times: &[TimeGiven]| {
            let text = with_times(TEXT.to_owned(), times).unwrap();
            let definition = files::parse(&text).unwrap();
            let all: Vec<String> = definition.triggers.iter().map(|it| it.key().0).collect();
            (text, all.len())
        };
        let (text, count) = with(&[time("schedule", "5 8 * * *")]);
        assert!(text.contains("\"5 8 * * *\" # early") && count == 1, "{text}");
        let (text, count) = with(&[time("at", "2090-01-01T09:00")]);
        assert!(text.contains("at = ") && count == 1, "{text}");
        let three = [time("every", "3h"), time("every", "5h"), time("schedule", "0 1 * * *")];
        let (text, count) = with(&three);
        assert!(text.contains("every = \"5h\"") && count == 3, "{text}");
        assert!(with_times(TEXT.to_owned(), &[time("every", "soon")]).is_err());
    }
}
