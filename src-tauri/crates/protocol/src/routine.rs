//! Routines as clients see them: what is asked of them, and what is answered.
//!
//! Promise: field names are those of `--json`. Times are wall milliseconds. Must not know: how any of it is decided.

use crate::intake::{OutsideAct, OutsideResult};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a client wants of routines. `routine` is a name or an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RoutineAct {
    List,
    Show {
        routine: String,
    },
    /// Writes a new definition; one that is there, or has mistakes, is refused.
    Create {
        name: String,
        text: String,
    },
    Enable {
        routine: String,
    },
    Disable {
        routine: String,
    },
    Pause {
        routine: String,
        note: String,
    },
    Resume {
        routine: String,
    },
    /// Runs it now. Answered when its session is there, or when it is known why there is none yet.
    Run {
        routine: String,
        /// For the agent, as data from outside.
        #[serde(default)]
        text: Option<String>,
    },
    /// Its occurrences, newest first.
    Runs {
        routine: String,
        /// The `next` of the page before.
        #[serde(default)]
        before: Option<i64>,
        limit: u32,
    },
    /// Edits single keys of the definition's file; everything else in it stays as it was written.
    Update {
        routine: String,
        change: RoutineChange,
    },
    /// The whole text of the definition's file, in place of `before`; refused where that has changed meanwhile.
    Replace {
        routine: String,
        text: String,
        before: String,
    },
    /// Why it runs or does not run next, and what became of the last time.
    Why {
        routine: String,
    },
    /// Whether a run could begin now: nothing is started but its precheck.
    Test {
        routine: String,
    },
    /// The due times of all routines up to this wall time.
    Calendar {
        until: i64,
    },
    /// Makes routines of what other programs have planned. They are disabled until their user enables them.
    Import {
        sources: Vec<ImportSource>,
        /// Only says what would be made.
        dry: bool,
    },
    /// What a phrase, a cron expression or a time means as a trigger, and when it would come due.
    Preview {
        /// What is written for it; words behind the schedule are given back.
        schedule: String,
        /// None: the machine's.
        #[serde(default)]
        timezone: Option<String>,
    },
    /// Sets keys of a definition, or of a new one, and keeps everything else in it as it is written. All of them
    /// are set, or none.
    Save {
        /// None: a new one.
        #[serde(default)]
        routine: Option<String>,
        /// Of a new one.
        #[serde(default)]
        name: String,
        edits: Vec<RoutineEdit>,
        /// Only says what would be wrong.
        #[serde(default)]
        check: bool,
    },
    /// Takes the definition's file away, and all that is known of the routine.
    Remove {
        routine: String,
    },
    /// Runs what a delivery brought once more, as an occurrence of its own; answered as `Run` is.
    Replay {
        delivery: String,
    },
    /// What comes from outside: tokens, deliveries, what listens.
    Outside {
        act: OutsideAct,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RoutineResult {
    Routines(RoutineList),
    Routine(Box<RoutineDetail>),
    Changed { routine: Box<RoutineView> },
    Started(RunStarted),
    Runs(RunPage),
    Removed { id: String, name: String },
    Why(Box<RoutineWhy>),
    Tested(RoutineTest),
    Calendar(RoutineCalendar),
    Imported { routines: Vec<ImportedRoutine> },
    Preview(SchedulePreview),
    Saved(Box<RoutineSaved>),
    Outside { result: Box<OutsideResult> },
}

/// What is changed in a definition's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoutineChange {
    /// Keys such as `agent` or `outcome.goal`, with their new text; none takes the key out.
    pub keys: BTreeMap<String, Option<String>>,
    /// In place of the times that it has; empty: those stay.
    pub times: Vec<TimeGiven>,
    pub prompt: Option<String>,
}

/// `schedule`, `every` or `at`, with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeGiven {
    pub kind: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutineWhy {
    pub routine: String,
    /// It comes due by itself, and would start then.
    pub runs: bool,
    pub next_run_at: Option<i64>,
    /// One sentence each, the weightiest first.
    pub reasons: Vec<String>,
    pub last_run: Option<RunView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineTest {
    pub routine: String,
    /// A run could begin now.
    pub ok: bool,
    pub checks: Vec<RoutineCheck>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineCheck {
    /// `definition`, `environment`, `directory`, `agent`, `trust`, `precheck` or `base`.
    pub what: String,
    pub ok: bool,
    pub words: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineCalendar {
    /// In order.
    pub times: Vec<CalendarTime>,
    /// There are more than are listed.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarTime {
    pub routine: String,
    /// When it starts, jitter included; and what its trigger names.
    pub at: i64,
    pub due_at: i64,
}

/// A file in which another program keeps what it has planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSource {
    /// `claude-desktop`, `claude-code` or `codex`.
    pub from: String,
    /// Where it was found, for people.
    pub path: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedRoutine {
    pub from: String,
    pub path: String,
    pub name: String,
    /// Its definition; empty where none can be made.
    pub text: String,
    /// What cannot be kept.
    pub lost: Vec<String>,
    /// It was written.
    pub made: bool,
    /// Why it was not, or cannot be.
    pub error: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RoutineList {
    pub routines: Vec<RoutineView>,
    /// What is wrong with the directory, and with files in it that define no routine.
    pub problems: Vec<String>,
}

/// A mistake in a definition. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RoutineProblem {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RoutineView {
    /// `trig_…`
    pub id: String,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub paused: bool,
    /// Why it is paused, where somebody said so.
    pub note: Option<String>,
    pub health: String,
    pub health_reason: String,
    /// None: nothing comes by itself now.
    #[specta(type = Option<u32>)]
    pub next_run_at: Option<i64>,
    /// The zone its times are meant in.
    pub timezone: String,
    pub triggers: Vec<TriggerView>,
    pub last_run: Option<RunView>,
    /// Its newest runs, the newest last.
    #[serde(default)]
    pub recent: Vec<RecentRun>,
    /// Mistakes of its file as it is now. The last definition without any stays in force.
    pub problems: Vec<RoutineProblem>,
    /// What is probably not meant; keeps nothing from running.
    pub remarks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct TriggerView {
    /// `schedule`, `api` or `github`.
    pub kind: String,
    /// Its content in one line.
    pub trigger: String,
    /// As people say it.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RoutineDetail {
    pub routine: RoutineView,
    /// The file of its definition.
    pub file: String,
    /// The definition in force; none while there never was one without mistakes.
    pub definition: Option<String>,
    /// The same key by key; none while there never was one without mistakes.
    #[serde(default)]
    pub form: Option<RoutineForm>,
    /// The next due times, with their jitter.
    #[specta(type = Vec<u32>)]
    pub upcoming: Vec<i64>,
    /// Where a call with a token fires it, and where GitHub may send what happens; none without such a trigger, or
    /// before anything has listened.
    #[serde(default)]
    pub fire_url: Option<String>,
    #[serde(default)]
    pub webhook_url: Option<String>,
}

/// A run as a mark in a row of marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RecentRun {
    pub id: String,
    pub state: String,
    pub outcome: Option<String>,
    /// When it was due, or asked for.
    #[specta(type = Option<u32>)]
    pub at: Option<i64>,
    /// What became of it.
    pub words: String,
}

/// One key of a definition. `prompt` is the text below the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RoutineEdit {
    /// A number is a place in a list: `["trigger", "0"]`.
    pub path: Vec<String>,
    /// As JSON; none takes the key out.
    pub value: Option<String>,
}

/// What came of a `Save`: the routine as it is now, or the mistakes for which nothing was written. Neither: it was
/// only checked, and there are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RoutineSaved {
    pub routine: Option<RoutineView>,
    pub problems: Vec<FieldProblem>,
}

/// A mistake in what was to be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct FieldProblem {
    /// The key with dots, `name` for the routine's own; empty where it belongs to none.
    pub field: String,
    pub message: String,
}

/// A schedule as it is understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct SchedulePreview {
    /// The key of the trigger: `schedule`, `every` or `at`.
    pub kind: String,
    pub value: String,
    pub words: String,
    /// In which its times are meant.
    pub timezone: String,
    /// The next due times, without jitter.
    #[specta(type = Vec<u32>)]
    pub upcoming: Vec<i64>,
    /// What stands behind the schedule.
    pub rest: String,
}

/// A definition as a form shows it: defaults filled in, none where nothing is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct RoutineForm {
    pub description: String,
    pub agent: Option<String>,
    pub model: Option<String>,
    pub mode: Option<String>,
    pub repository: Option<String>,
    /// `default`, `head` or a branch.
    pub base: String,
    /// `per-run` or `none`.
    pub worktree: String,
    pub timezone: Option<String>,
    pub triggers: Vec<TriggerForm>,
    pub missed: String,
    pub overlap: String,
    pub deadline: String,
    pub retries: u32,
    pub max_per_day: u32,
    pub turns: Option<u32>,
    pub minutes: Option<u32>,
    pub allow: Vec<String>,
    pub otherwise: String,
    pub setup: Option<String>,
    pub precheck: Option<String>,
    pub goal: Option<String>,
    pub check: Option<String>,
    pub notify: String,
    pub prompt: String,
}

/// One `[[trigger]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct TriggerForm {
    /// `schedule`, `every`, `at`, `api` or `github`.
    pub kind: String,
    /// Of the first three as it is written; of the others in one line.
    pub value: String,
    /// As people say it.
    pub words: String,
}

/// What became of an occurrence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RunView {
    pub id: String,
    /// The routine's name.
    pub routine: String,
    pub trigger: RunTrigger,
    pub state: String,
    /// Why it was skipped, or why it is due and has not started yet, as a word; and why it was late.
    pub reason: Option<String>,
    pub late_cause: Option<String>,
    /// `met`, `not_met`, `impossible` or `not_judged`; none before the run is over.
    pub outcome: Option<String>,
    pub outcome_reason: Option<String>,
    pub session: Option<String>,
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub claimed_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub started_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub finished_at: Option<i64>,
    /// Tries that failed before this one.
    pub attempt: u32,
    pub error: Option<RunErrorView>,
    /// What the run asked for and did not get.
    pub denials: Vec<String>,
    /// What became of it, in words.
    pub words: String,
    /// What happened, oldest first; only in a page of runs.
    pub events: Vec<RunEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RunTrigger {
    /// `schedule`, `api`, `github`, `manual` or `replay`.
    pub kind: String,
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    /// The delivery that it replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<String>,
    /// What happened on GitHub, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RunErrorView {
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RunEvent {
    #[specta(type = u32)]
    pub at: i64,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct RunPage {
    pub runs: Vec<RunView>,
    /// For the page after this one; none when this is the last.
    #[specta(type = Option<u32>)]
    pub next: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct RunStarted {
    pub occurrence: String,
    /// None while it waits for a place or for the run before it.
    pub session: Option<String>,
    /// What it waits for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}
