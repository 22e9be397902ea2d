//! The state machine of an occurrence: one event in, the changed row or a refusal out.
//!
//! Promise: total and pure; its whole behaviour is the golden table `tests/golden/occurrence.txt`.

use super::{ErrorType, Judgement, Occurrence, RunError, SkipReason, State};

/// A session whose agent has not been heard of for this long has not started (`ErrorType::NoStart`).
pub const START_WITHIN_MS: i64 = 60_000;

/// Neither jitter nor a retry nor a weekly usage limit waits longer: beyond it the clock was set back since, and
/// what waits would wait for a time that means nothing any more.
pub const WAIT_MAX_MS: i64 = 8 * 24 * 60 * 60 * 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A supervisor takes it, by this definition. Committed before anything is done.
    Claim {
        definition_hash: String,
    },
    /// The claim's supervisor is gone and there is no session: it is due again.
    Release,
    /// Its session was made, in the same commit.
    Start {
        session: String,
    },
    /// The agent's first sign of life.
    SignOfLife,
    /// The run came to its end by itself.
    End {
        outcome: Judgement,
        reason: String,
    },
    /// A verdict that was not there at the end.
    Judge {
        outcome: Judgement,
        reason: String,
    },
    /// With `retry_at_ms` (from `retry_at_ms`) it is due again then.
    Fail {
        error: ErrorType,
        message: String,
        retry_at_ms: Option<i64>,
    },
    Skip {
        reason: SkipReason,
    },
    Cancel,
    /// Its session is gone and nobody knows how it ended.
    Lose,
    /// The clock was set back before its time, which will come again.
    Reopen,
}

impl Event {
    pub fn name(&self) -> &'static str {
        match self {
            Event::Claim { .. } => "claim",
            Event::Release => "release",
            Event::Start { .. } => "start",
            Event::SignOfLife => "sign of life",
            Event::End { .. } => "end",
            Event::Judge { .. } => "judge",
            Event::Fail { .. } => "fail",
            Event::Skip { .. } => "skip",
            Event::Cancel => "cancel",
            Event::Lose => "lose",
            Event::Reopen => "reopen",
        }
    }
}

/// A move that makes no sense; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("occurrence {id} is {} and takes no `{event}`", .state.name())]
pub struct Refused {
    pub id: String,
    pub state: State,
    pub event: &'static str,
}

/// `now_ms` is the wall time of the event.
pub fn step(before: &Occurrence, event: Event, now_ms: i64) -> Result<Occurrence, Refused> {
    let refused = Refused { id: before.id.clone(), state: before.state, event: event.name() };
    let row = before.clone();
    match before.state {
        State::Due => due(row, event, now_ms),
        State::Claimed => claimed(row, event, now_ms),
        State::Starting => starting(row, event, now_ms),
        State::Running => running(row, event, now_ms),
        State::Finished => finished(row, event),
        State::Skipped => skipped(row, event),
        State::Failed | State::Cancelled | State::Abandoned => None,
    }
    .ok_or(refused)
}

fn due(mut row: Occurrence, event: Event, now_ms: i64) -> Option<Occurrence> {
    match event {
        Event::Claim { definition_hash } => {
            let waits_ms =
                row.not_before_ms.map_or(0, |not_before_ms| not_before_ms.saturating_sub(now_ms));
            if (1..=WAIT_MAX_MS).contains(&waits_ms) {
                return None;
            }
            row.state = State::Claimed;
            row.claimed_ms = Some(now_ms);
            row.definition_hash = Some(definition_hash);
            Some(row)
        }
        Event::Skip { reason } => Some(skip(row, reason, now_ms)),
        Event::Cancel => Some(over(row, State::Cancelled, now_ms)),
        Event::Release | Event::Start { .. } | Event::SignOfLife | Event::End { .. } => None,
        Event::Judge { .. } | Event::Fail { .. } | Event::Lose | Event::Reopen => None,
    }
}

fn claimed(mut row: Occurrence, event: Event, now_ms: i64) -> Option<Occurrence> {
    match event {
        Event::Release => {
            row.state = State::Due;
            row.claimed_ms = None;
            row.definition_hash = None;
            Some(row)
        }
        Event::Start { session } => {
            row.state = State::Starting;
            row.session = Some(session);
            Some(row)
        }
        Event::Fail { error, message, retry_at_ms } => {
            Some(fail(row, error, message, retry_at_ms, now_ms))
        }
        Event::Skip { reason } => Some(skip(row, reason, now_ms)),
        Event::Cancel => Some(over(row, State::Cancelled, now_ms)),
        Event::Claim { .. } | Event::SignOfLife | Event::End { .. } | Event::Judge { .. } => None,
        Event::Lose | Event::Reopen => None,
    }
}

fn starting(mut row: Occurrence, event: Event, now_ms: i64) -> Option<Occurrence> {
    match event {
        Event::SignOfLife => {
            row.state = State::Running;
            row.started_ms = Some(now_ms);
            row.error = None;
            Some(row)
        }
        Event::Fail { error, message, retry_at_ms } => {
            Some(fail(row, error, message, retry_at_ms, now_ms))
        }
        Event::Cancel => Some(over(row, State::Cancelled, now_ms)),
        Event::Lose => Some(over(row, State::Abandoned, now_ms)),
        Event::Claim { .. } | Event::Release | Event::Start { .. } | Event::End { .. } => None,
        Event::Judge { .. } | Event::Skip { .. } | Event::Reopen => None,
    }
}

fn running(mut row: Occurrence, event: Event, now_ms: i64) -> Option<Occurrence> {
    match event {
        Event::End { outcome, reason } => {
            row.outcome = Some(outcome);
            row.outcome_reason = Some(reason);
            Some(over(row, State::Finished, now_ms))
        }
        Event::Fail { error, message, retry_at_ms } => {
            Some(fail(row, error, message, retry_at_ms, now_ms))
        }
        Event::Cancel => Some(over(row, State::Cancelled, now_ms)),
        Event::Lose => Some(over(row, State::Abandoned, now_ms)),
        Event::Claim { .. } | Event::Release | Event::Start { .. } | Event::SignOfLife => None,
        Event::Judge { .. } | Event::Skip { .. } | Event::Reopen => None,
    }
}

/// A verdict that was given stays.
fn finished(mut row: Occurrence, event: Event) -> Option<Occurrence> {
    match event {
        Event::Judge { outcome, reason } if row.outcome == Some(Judgement::NotJudged) => {
            row.outcome = Some(outcome);
            row.outcome_reason = Some(reason);
            Some(row)
        }
        _ => None,
    }
}

/// Only what was missed for its lateness can come again; what was decided otherwise stays decided.
fn skipped(mut row: Occurrence, event: Event) -> Option<Occurrence> {
    let was_missed = row.reason.is_some_and(SkipReason::is_missed);
    if event != Event::Reopen || !was_missed {
        return None;
    }
    row.state = State::Due;
    row.reason = None;
    row.late_cause = None;
    row.finished_ms = None;
    Some(row)
}

impl SkipReason {
    /// It did not run because it was seen late, and for nothing else.
    pub fn is_missed(self) -> bool {
        matches!(self, SkipReason::TooLate | SkipReason::Superseded | SkipReason::SupervisorDown)
    }
}

fn skip(mut row: Occurrence, reason: SkipReason, now_ms: i64) -> Occurrence {
    row.reason = Some(reason);
    over(row, State::Skipped, now_ms)
}

/// Of the try that failed only its error is kept: its session is that of the next try's row no more.
fn fail(
    mut row: Occurrence,
    kind: ErrorType,
    message: String,
    retry_at_ms: Option<i64>,
    now_ms: i64,
) -> Occurrence {
    row.error = Some(RunError { kind, message });
    let Some(at_ms) = retry_at_ms.filter(|_| kind.may_pass()) else {
        return over(row, State::Failed, now_ms);
    };
    row.state = State::Due;
    row.attempt = row.attempt.saturating_add(1);
    row.not_before_ms = Some(at_ms);
    row.claimed_ms = None;
    row.started_ms = None;
    row.session = None;
    row.definition_hash = None;
    row
}

fn over(mut row: Occurrence, state: State, now_ms: i64) -> Occurrence {
    row.state = state;
    row.finished_ms = Some(now_ms);
    row
}
