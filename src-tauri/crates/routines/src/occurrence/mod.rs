//! Occurrences: one due time or event of a routine, and what became of it. One row of the ledger each.
//!
//! Promises: `step` is the only place that changes a state; a move that makes no sense is refused and says which
//! state refused it; whether the work was done (`outcome`) is apart from how the run ended (`state`).
//! Must not know: how a row is stored, what runs it.

mod admission;
mod reasons;
mod retry;
mod step;

pub use admission::{
    Admission, Candidate, Caps, Held, QUEUE_MAX, Running, StandingOfRoutine, admit, overlap_key,
};
pub use reasons::{ErrorType, LateCause, SkipReason};
pub use retry::{BACK_OFF_FIRST_MS, BACK_OFF_MAX_MS, retry_at_ms};
pub use step::{Event, Refused, START_WITHIN_MS, WAIT_MAX_MS, step};

use crate::definition::TriggerKey;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is to run, now or from `not_before_ms` on.
    Due,
    /// A supervisor has taken it; nothing was started.
    Claimed,
    /// Its session exists; the agent has not been heard of.
    Starting,
    /// The agent has given a sign of life.
    Running,
    /// The run came to its end by itself. Whether it did its work says `outcome`.
    Finished,
    Failed,
    /// It did not run, for `reason`.
    Skipped,
    /// Somebody, or a later occurrence, ended it.
    Cancelled,
    /// Its session is gone and nobody knows how it ended.
    Abandoned,
}

impl State {
    pub const ALL: [State; 9] = [
        State::Due,
        State::Claimed,
        State::Starting,
        State::Running,
        State::Finished,
        State::Failed,
        State::Skipped,
        State::Cancelled,
        State::Abandoned,
    ];

    /// Nothing comes after it by itself.
    pub fn is_over(self) -> bool {
        match self {
            State::Due | State::Claimed | State::Starting | State::Running => false,
            State::Finished | State::Failed | State::Skipped => true,
            State::Cancelled | State::Abandoned => true,
        }
    }

    /// It takes one of the places under the cap.
    pub fn is_active(self) -> bool {
        matches!(self, State::Claimed | State::Starting | State::Running)
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Due => "due",
            State::Claimed => "claimed",
            State::Starting => "starting",
            State::Running => "running",
            State::Finished => "finished",
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::Cancelled => "cancelled",
            State::Abandoned => "abandoned",
        }
    }
}

/// Whether a run did its work. Green is `Met` and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Met,
    NotMet,
    /// The agent cannot get there by itself.
    Impossible,
    /// There is no goal, or the judge could not be reached.
    NotJudged,
}

impl Judgement {
    pub fn words(self) -> &'static str {
        match self {
            Judgement::Met => "met",
            Judgement::NotMet => "not met",
            Judgement::Impossible => "impossible",
            Judgement::NotJudged => "not judged",
        }
    }
}

/// What brought an occurrence about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A due time of a timed trigger. Unique per routine and `due_ms`.
    Schedule { trigger: TriggerKey, due_ms: i64 },
    /// A fire. Unique per trigger and `idempotency_key`, where there is one.
    Api { trigger: TriggerKey, idempotency_key: Option<String> },
    /// Unique per trigger and `event_key`.
    Github { trigger: TriggerKey, event_key: String },
    /// The user, or an agent on the user's word.
    Manual,
    /// An earlier delivery, run once more.
    Replay { delivery: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    #[serde(rename = "type")]
    pub kind: ErrorType,
    /// One or two sentences for people.
    pub message: String,
}

/// A row of the ledger. Times are wall milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    pub id: String,
    /// `trig_…`
    pub routine: String,
    pub origin: Origin,
    pub state: State,
    /// Why it was skipped; only in `Skipped`.
    #[serde(default)]
    pub reason: Option<SkipReason>,
    /// Why it was, or would have been, late.
    #[serde(default)]
    pub late_cause: Option<LateCause>,
    /// It is not claimed earlier: its jitter, or the time of its next try.
    #[serde(default)]
    pub not_before_ms: Option<i64>,
    /// Tries that failed before this one.
    #[serde(default)]
    pub attempt: u32,
    #[serde(default)]
    pub claimed_ms: Option<i64>,
    /// The agent's first sign of life.
    #[serde(default)]
    pub started_ms: Option<i64>,
    /// When it was over, however.
    #[serde(default)]
    pub finished_ms: Option<i64>,
    #[serde(default)]
    pub session: Option<String>,
    /// Of the last try; kept while a retry is due.
    #[serde(default)]
    pub error: Option<RunError>,
    #[serde(default)]
    pub outcome: Option<Judgement>,
    #[serde(default)]
    pub outcome_reason: Option<String>,
    /// Of the definition by which it ran (`definition::hash`).
    #[serde(default)]
    pub definition_hash: Option<String>,
}

impl Occurrence {
    /// Due, and nothing else is known.
    pub fn due(id: &str, routine: &str, origin: Origin) -> Occurrence {
        Occurrence {
            id: id.to_owned(),
            routine: routine.to_owned(),
            origin,
            state: State::Due,
            reason: None,
            late_cause: None,
            not_before_ms: None,
            attempt: 0,
            claimed_ms: None,
            started_ms: None,
            finished_ms: None,
            session: None,
            error: None,
            outcome: None,
            outcome_reason: None,
            definition_hash: None,
        }
    }

    /// The work was done: the run ended by itself and its outcome is met.
    pub fn is_green(&self) -> bool {
        self.state == State::Finished && self.outcome == Some(Judgement::Met)
    }
}
