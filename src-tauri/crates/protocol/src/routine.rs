//! Routines as clients see them: what is asked of them, and what is answered.
//!
//! Promise: field names are those of `--json`. Times are wall milliseconds. Must not know: how any of it is decided.

use crate::intake::{OutsideAct, OutsideResult};
use serde::{Deserialize, Serialize};

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
    Outside { result: Box<OutsideResult> },
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
    /// Where a call with a token fires it, and where GitHub may send what happens; none without such a trigger, or
    /// before anything has listened.
    #[serde(default)]
    pub fire_url: Option<String>,
    #[serde(default)]
    pub webhook_url: Option<String>,
}

/// What became of an occurrence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    pub id: String,
    /// The routine's name.
    pub routine: String,
    pub trigger: RunTrigger,
    pub state: String,
    /// Why it was skipped, as a word; and why it was late.
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
    /// The delivery that it replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<String>,
    /// What happened on GitHub, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
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
}
