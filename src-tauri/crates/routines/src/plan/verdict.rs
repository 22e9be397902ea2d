//! What becomes of the due times that have come: run, or skipped for a reason.

use super::{Facts, Planned, Verdict};
use crate::definition::Missed;
use crate::occurrence::{LateCause, SkipReason};
use serde::{Deserialize, Serialize};

/// Late runs of one plan with `missed = "all"`; the latest count. More at once help nobody.
pub const CATCH_UP_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    Paused,
    Disabled,
}

/// A time in which nothing of the routine starts. Wall milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Span {
    pub kind: SpanKind,
    pub from_ms: i64,
    /// The end is not included. None: it goes on.
    pub to_ms: Option<i64>,
}

impl Span {
    /// All that came before a span which goes on was decided by the plan right before it, so whatever comes now
    /// comes within it, however the clock was set since.
    fn covers(&self, start_ms: i64) -> bool {
        self.to_ms.is_none_or(|to_ms| (self.from_ms..to_ms).contains(&start_ms))
    }
}

pub(super) fn decide(come: &mut [Planned], facts: &Facts<'_>, more: bool) {
    let policy = &facts.definition.policy;
    let now_ms = facts.now.wall_ms;
    for planned in &mut *come {
        planned.verdict = alone(planned, facts);
    }
    let runs = |planned: &Planned| planned.verdict == Verdict::Due;
    match policy.missed {
        Missed::Skip => {}
        Missed::Once => {
            // With more to come the latest of all is among those.
            let last = if more { None } else { come.iter().rposition(runs) };
            for (index, planned) in come.iter_mut().enumerate() {
                if runs(planned) && planned.late.is_some() && Some(index) != last {
                    planned.verdict = Verdict::Skip(SkipReason::Superseded);
                }
            }
        }
        Missed::All => {
            let late = |planned: &&mut Planned| runs(planned) && planned.late.is_some();
            let keep = if more { 0 } else { CATCH_UP_MAX };
            for planned in come.iter_mut().rev().filter(late).skip(keep) {
                planned.verdict = Verdict::Skip(SkipReason::TooLate);
            }
        }
    }
    debug_assert!(come.iter().all(|planned| planned.start_ms <= now_ms));
}

/// By itself, without regard to the others.
fn alone(planned: &Planned, facts: &Facts<'_>) -> Verdict {
    let now_ms = facts.now.wall_ms;
    let policy = &facts.definition.policy;
    let covering = |kind| {
        let mut spans = facts.spans.iter().filter(|span| span.kind == kind);
        spans.any(|span| span.covers(planned.start_ms))
    };
    if covering(SpanKind::Disabled) {
        return Verdict::Skip(SkipReason::Disabled);
    }
    if covering(SpanKind::Paused) {
        return Verdict::Skip(SkipReason::Paused);
    }
    let Some(cause) = planned.late else { return Verdict::Due };
    if policy.missed == Missed::Skip {
        let down = matches!(cause, LateCause::SupervisorDown | LateCause::PoweredOff);
        return Verdict::Skip(if down { SkipReason::SupervisorDown } else { SkipReason::TooLate });
    }
    let late_ms = now_ms.saturating_sub(planned.start_ms);
    if policy.max_late_ms.is_some_and(|most_ms| late_ms > most_ms) {
        return Verdict::Skip(SkipReason::TooLate);
    }
    Verdict::Due
}
