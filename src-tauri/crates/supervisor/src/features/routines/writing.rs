//! Definitions as a form shows and changes them: key by key, beside the loop.
//!
//! Promises: what is saved has no mistake; comments and everything that was not changed stay as they were written; a
//! file that changed meanwhile is edited as it is now. Must not know: state of a routine, what starts.

use super::acts::{self, Written};
use super::files;
use crate::clients::ConnId;
use crate::core::Core;
use crate::ports::routines::RoutineFiles;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_protocol::routine::{
    FieldProblem, RoutineEdit, RoutineForm, RoutineResult, SchedulePreview, TriggerForm,
};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_routines::Definition;
use nightshift_routines::definition::{
    Base, Edit, Jitter, Repository, Trigger, WorktreeUse, Wrong, check_name, duration, edit_all,
    hash,
};
use nightshift_routines::phrases::{self, PhraseError};
use nightshift_routines::plan::{Facts, Marks, next_after};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Due times that a preview shows, as many as of a routine that is there.
const UPCOMING: usize = 5;
/// A schedule and the prompt that may stand behind it; more is no line that somebody typed.
const SCHEDULE_MAX_CHARS: usize = 10_000;

/// What is to be saved, and for whom.
pub struct Wanted {
    /// The name of the routine that is there; none: a new one.
    pub routine: Option<String>,
    pub name: String,
    pub edits: Vec<RoutineEdit>,
    /// Nothing is written.
    pub check: bool,
}

pub fn preview(
    core: &Core,
    schedule: &str,
    timezone: Option<String>,
) -> Result<RoutineResult, Fault> {
    let wrong = |message: String| Fault::new(FaultCode::Invalid, message);
    if schedule.chars().count() > SCHEDULE_MAX_CHARS {
        return Err(Fault::new(
            FaultCode::Limit,
            format!("a schedule has at most {SCHEDULE_MAX_CHARS} characters"),
        ));
    }
    let machine = core.timers.zone();
    let zone = match &timezone {
        Some(name) => TimeZone::get(name).map_err(|_| {
            wrong(format!("`{name}` is no time zone; write an IANA name such as `Europe/Berlin`"))
        })?,
        None => machine.clone(),
    };
    let look = core.timers.look();
    let now = Timestamp::from_millisecond(look.wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let read = phrases::read_schedule(schedule, zone.to_datetime(now));
    let (trigger, rest) = read.map_err(|error: PhraseError| wrong(error.to_string()))?;
    let form = trigger_form(&trigger);
    let mut definition = Definition::new("preview");
    definition.timezone.clone_from(&timezone);
    definition.policy.jitter = Jitter::None;
    definition.triggers = vec![trigger];
    let upcoming = next_after(
        &Facts {
            routine: "",
            definition: &definition,
            marks: &Marks::default().armed(&definition, &look),
            before: None,
            now: &look,
            machine: &machine,
            zones: &|name| TimeZone::get(name).ok(),
            spans: &[],
            row: &|_| None,
        },
        UPCOMING,
    );
    let named = zone.iana_name().map(str::to_owned);
    Ok(RoutineResult::Preview(SchedulePreview {
        kind: form.kind,
        value: form.value,
        words: form.words,
        timezone: timezone.or(named).unwrap_or_default(),
        upcoming: upcoming.iter().map(|next| next.start_ms).collect(),
        rest: rest.to_owned(),
    }))
}

/// Answered when it is written and counts, or with what is wrong.
pub fn save(core: &mut Core, asked: (ConnId, u64), wanted: Wanted) -> Result<(), Fault> {
    let edits: Result<Vec<Edit>, Fault> = wanted.edits.iter().map(edit_of).collect();
    let edits = edits?;
    let routine = wanted.routine.as_ref().and_then(|id| core.routines.list.get(id));
    let known = routine.map(|routine| routine.row.name.clone());
    let name = known.clone().unwrap_or_else(|| wanted.name.clone());
    let mut unfit = Vec::new();
    if known.is_none() {
        let taken =
            core.routines.list.values().any(|it| it.row.name == name && !it.row.standing.gone);
        let taken =
            taken.then(|| format!("there is a routine `{name}` already; choose another name"));
        unfit.extend(check_name(&name).err().or(taken).map(|message| field("name", message)));
    }
    let (writer, check) = (core.world.routine_files(), wanted.check);
    let names = match check {
        true => BTreeMap::new(),
        false => BTreeMap::from([(name.clone(), false)]),
    };
    acts::write(core, asked, names, move || {
        write(&*writer, (&name, known.is_none()), &edits, (check, unfit))
    });
    Ok(())
}

fn edit_of(edit: &RoutineEdit) -> Result<Edit, Fault> {
    let value = edit.value.as_deref().map(serde_json::from_str).transpose();
    let value = value.map_err(|e| {
        Fault::new(FaultCode::Invalid, format!("`{}` has no value: {e}", edit.path.join(".")))
    })?;
    Ok(Edit { path: edit.path.clone(), value })
}

/// `unfit`: what is wrong already.
fn write(
    files: &dyn RoutineFiles,
    (name, new): (&str, bool),
    edits: &[Edit],
    (check, mut unfit): (bool, Vec<FieldProblem>),
) -> Result<Written, Fault> {
    let zones = |name: &str| TimeZone::get(name).ok();
    let wrong = RefCell::new(Vec::new());
    // Gives back what it was given where nothing is to be written.
    let edited = |before: &str| {
        let mistakes = |text: &str| files::parse(text).err().unwrap_or_default();
        let text = edit_all(before, edits, &zones, mistakes).unwrap_or_else(|mistakes| {
            wrong.borrow_mut().extend(mistakes.into_iter().map(told));
            before.to_owned()
        });
        let writes = !check && unfit.is_empty() && wrong.borrow().is_empty();
        Ok(if writes { text } else { before.to_owned() })
    };
    let text = if new { edited("")? } else { files.change(name, &edited)? };
    let wrong = wrong.take();
    unfit.extend(wrong);
    if check || !unfit.is_empty() {
        return Ok(Written::Unfit(unfit));
    }
    if new {
        files.create(name, &text)?;
    }
    Ok(Written::Saved { hash: hash(&text), name: name.to_owned(), found: files.read() })
}

fn told(wrong: Wrong) -> FieldProblem {
    field(&wrong.path.join("."), wrong.problem.message)
}

fn field(field: &str, message: String) -> FieldProblem {
    FieldProblem { field: field.to_owned(), message }
}

/// A word of a closed list as it stands in the file.
fn word(value: impl Serialize) -> String {
    let json = serde_json::to_value(value).ok();
    json.and_then(|json| json.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn form(definition: &Definition) -> RoutineForm {
    let policy = &definition.policy;
    RoutineForm {
        description: definition.description.clone(),
        agent: definition.agent.clone(),
        model: definition.model.clone(),
        mode: definition.mode.clone(),
        repository: definition.repository.as_ref().map(Repository::as_str).map(str::to_owned),
        base: match &definition.base {
            Base::Default => "default".to_owned(),
            Base::Head => "head".to_owned(),
            Base::Branch(branch) => branch.clone(),
        },
        worktree: match definition.worktree {
            WorktreeUse::PerRun => "per-run".to_owned(),
            WorktreeUse::None => "none".to_owned(),
        },
        timezone: definition.timezone.clone(),
        triggers: definition.triggers.iter().map(trigger_form).collect(),
        missed: word(policy.missed),
        overlap: word(policy.overlap),
        deadline: duration::write(policy.deadline_ms),
        retries: policy.retries,
        max_per_day: policy.max_per_day,
        turns: policy.budget.turns,
        minutes: policy.budget.minutes,
        allow: definition.permissions.allow.clone(),
        otherwise: word(definition.permissions.otherwise),
        setup: definition.environment.setup.clone(),
        precheck: definition.environment.precheck.clone(),
        goal: definition.outcome.goal.clone(),
        check: definition.outcome.check.clone(),
        notify: word(definition.outcome.notify),
        prompt: definition.prompt.clone(),
    }
}

fn trigger_form(trigger: &Trigger) -> TriggerForm {
    let (kind, value) = match trigger {
        Trigger::Schedule { cron } => ("schedule", cron.as_str().to_owned()),
        Trigger::Every { period_ms } => ("every", duration::write(*period_ms)),
        Trigger::At { at } => ("at", at.strftime("%Y-%m-%dT%H:%M").to_string()),
        Trigger::Api => ("api", String::new()),
        Trigger::Github(_) => ("github", trigger.key().0),
    };
    TriggerForm { kind: kind.to_owned(), value, words: phrases::words(trigger) }
}
