//! Routines as clients see them: what is asked of them, and what is answered.
//!
//! Promise: field names are those of `--json`. Times are wall milliseconds. Must not know: how any of it is decided.

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
    /// Takes the definition's file away, and all that is known of the routine.
    Remove {
        routine: String,
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

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoutineList {
    pub routines: Vec<RoutineView>,
    /// What is wrong with the directory, and with files in it that define no routine.
    pub problems: Vec<String>,
}

/// A mistake in a definition. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineProblem {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub next_run_at: Option<i64>,
    /// The zone its times are meant in.
    pub timezone: String,
    pub triggers: Vec<TriggerView>,
    pub last_run: Option<RunView>,
    /// Mistakes of its file as it is now. The last definition without any stays in force.
    pub problems: Vec<RoutineProblem>,
    /// What is probably not meant; keeps nothing from running.
    pub remarks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerView {
    /// `schedule`, `api` or `github`.
    pub kind: String,
    /// Its content in one line.
    pub trigger: String,
    /// As people say it.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutineDetail {
    pub routine: RoutineView,
    /// The file of its definition.
    pub file: String,
    /// The definition in force; none while there never was one without mistakes.
    pub definition: Option<String>,
    /// The next due times, with their jitter.
    pub upcoming: Vec<i64>,
}

/// What became of an occurrence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub due_at: Option<i64>,
    pub claimed_at: Option<i64>,
    pub started_at: Option<i64>,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTrigger {
    /// `schedule`, `api`, `github`, `manual` or `replay`.
    pub kind: String,
    pub due_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunErrorView {
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    pub at: i64,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    pub runs: Vec<RunView>,
    /// For the page after this one; none when this is the last.
    pub next: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    pub occurrence: String,
    /// None while it waits for a place or for the run before it.
    pub session: Option<String>,
    /// What it waits for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}
