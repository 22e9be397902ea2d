//! How a routine is doing, by its own cadence and its rows, never by what is planned; and when to raise an alarm.
//!
//! Promises: "on time" is said only of a routine that has run when it was due; a routine that goes quiet says so; each
//! alarm is raised once.
//! Must not know: clocks, how an alarm reaches anybody.

use crate::definition::duration;
use crate::occurrence::{Judgement, Occurrence, Origin, SkipReason, State};
use serde::{Deserialize, Serialize};

/// So many failures in a row pause a routine: nobody looks at it, and it costs.
pub const FAILURES_MAX: u32 = 3;
/// Beyond the cadence a routine gets this part of it ...
const GRACE_PART: i64 = 4;
/// ... within these bounds before it is quiet.
pub const GRACE_MIN_MS: i64 = 5 * 60 * 1000;
pub const GRACE_MAX_MS: i64 = 6 * 60 * 60 * 1000;
/// A run that starts later than this after its time is late.
pub const LATE_MS: i64 = 5 * 60 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    OnTime,
    Late,
    /// Nothing ran for a cadence and its grace.
    Quiet,
    Failing,
    Paused,
    NeverRan,
}

impl Health {
    pub fn words(self) -> &'static str {
        match self {
            Health::OnTime => "on time",
            Health::Late => "late",
            Health::Quiet => "quiet",
            Health::Failing => "failing",
            Health::Paused => "paused",
            Health::NeverRan => "never ran",
        }
    }

    /// Whether the user should look.
    pub fn is_well(self) -> bool {
        match self {
            Health::OnTime | Health::NeverRan | Health::Paused => true,
            Health::Late | Health::Quiet | Health::Failing => false,
        }
    }
}

/// What is known of a routine. Times are wall milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Why it is paused, when it is: the user's note, or `FAILING`.
    pub paused: Option<&'a str>,
    pub disabled: bool,
    /// Between two due times of its timed triggers, at most (`cadence_ms`). None: nothing comes by itself.
    pub cadence_ms: Option<i64>,
    /// Since when it is watched: when it was enabled, resumed, or its triggers were changed.
    pub since_ms: i64,
    /// Newest first; as many as there are, at least those since the last run.
    pub rows: &'a [Occurrence],
    pub now_ms: i64,
}

/// The note of a routine that paused itself.
pub const FAILING: &str = "failing";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub health: Health,
    /// One sentence.
    pub reason: String,
}

/// The longest pause between due times that follow each other. Of fewer than two there is no cadence.
pub fn cadence_ms(due_ms: &[i64]) -> Option<i64> {
    due_ms.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max()
}

fn grace_ms(cadence_ms: i64) -> i64 {
    (cadence_ms / GRACE_PART).clamp(GRACE_MIN_MS, GRACE_MAX_MS)
}

/// From when on a routine that does nothing is quiet.
pub fn quiet_from_ms(facts: &Facts<'_>) -> Option<i64> {
    let cadence_ms = facts.cadence_ms?;
    let last_ms = facts.rows.iter().filter_map(alive_ms).max();
    let from_ms = last_ms.map_or(facts.since_ms, |last_ms| last_ms.max(facts.since_ms));
    Some(from_ms.saturating_add(cadence_ms).saturating_add(grace_ms(cadence_ms)))
}

/// When a routine was last seen to do what it is for: a run's agent was heard of, or its precheck found nothing to
/// do. Other skips are no sign of life, whatever their reason.
fn alive_ms(row: &Occurrence) -> Option<i64> {
    let nothing_to_do = row.state == State::Skipped && row.reason == Some(SkipReason::Precheck);
    row.started_ms.or(row.finished_ms.filter(|_| nothing_to_do))
}

/// What tells about the routine: runs that are over, and none that somebody cancelled.
fn tells(row: &&Occurrence) -> bool {
    matches!(row.state, State::Finished | State::Failed | State::Abandoned)
}

/// A run that did not do its work. One that was not judged did not fail, and is not green either.
fn has_failed(row: &Occurrence) -> bool {
    match row.state {
        State::Failed | State::Abandoned => true,
        State::Finished => matches!(row.outcome, Some(Judgement::NotMet | Judgement::Impossible)),
        State::Due | State::Claimed | State::Starting | State::Running => false,
        State::Skipped | State::Cancelled => false,
    }
}

/// Runs that failed one after the other, up to now.
pub fn failures_in_a_row(rows: &[Occurrence]) -> u32 {
    let failed = rows.iter().filter(tells).take_while(|row| has_failed(row)).count();
    u32::try_from(failed).unwrap_or(u32::MAX)
}

pub fn health(facts: &Facts<'_>) -> Report {
    let report = |health, reason: String| Report { health, reason };
    if let Some(note) = facts.paused {
        let note = if note.trim().is_empty() { "you paused it" } else { note.trim() };
        return report(Health::Paused, note.to_owned());
    }
    if facts.disabled {
        return report(Health::Paused, "it is disabled".to_owned());
    }
    let failures = failures_in_a_row(facts.rows);
    if failures > 0 {
        return report(Health::Failing, failing(facts.rows, failures));
    }
    if let Some(reason) = quiet(facts) {
        return report(Health::Quiet, reason);
    }
    let Some(last) = facts.rows.iter().find(|row| row.started_ms.is_some()) else {
        let reason = match facts.rows.first() {
            Some(row) => format!("it has not run yet; the last time was {}", became(row)),
            None => "it has not run yet".to_owned(),
        };
        return report(Health::NeverRan, reason);
    };
    if let Some(reason) = late(facts, last) {
        return report(Health::Late, reason);
    }
    report(Health::OnTime, format!("the last run was {}", became(last)))
}

fn failing(rows: &[Occurrence], failures: u32) -> String {
    let last = rows.iter().find(tells).map_or_else(String::new, became);
    match failures {
        1 => format!("the last run was {last}"),
        _ => format!("{failures} runs in a row did not do their work; the last was {last}"),
    }
}

fn quiet(facts: &Facts<'_>) -> Option<String> {
    let cadence_ms = facts.cadence_ms?;
    let from_ms = quiet_from_ms(facts)?;
    let works = facts.rows.iter().any(|row| row.state.is_active());
    if facts.now_ms < from_ms || works {
        return None;
    }
    let since = duration::write(facts.now_ms - (from_ms - cadence_ms - grace_ms(cadence_ms)));
    let cadence = duration::write(cadence_ms);
    let skipped = facts.rows.first().filter(|row| row.state == State::Skipped);
    let why =
        skipped.map_or_else(String::new, |row| format!("; the last time was {}", became(row)));
    Some(format!("nothing ran for {since}, and it is due at least every {cadence}{why}"))
}

/// Late now (a due time waits), or the last run began late.
fn late(facts: &Facts<'_>, last: &Occurrence) -> Option<String> {
    let waits = facts.rows.iter().find(|row| {
        let from_ms = row.not_before_ms.or(due_ms(row));
        let begun = !matches!(row.state, State::Due | State::Claimed | State::Starting);
        !begun
            && row.attempt == 0
            && from_ms.is_some_and(|from_ms| facts.now_ms - from_ms > LATE_MS)
    });
    if waits.is_some() {
        return Some("it is due and has not started yet".to_owned());
    }
    let cause = last.late_cause?;
    let by_ms = last.started_ms?.saturating_sub(due_ms(last)?);
    let by = duration::write(by_ms);
    (by_ms > LATE_MS).then(|| format!("the last run began {by} late, because {}", cause.words()))
}

fn due_ms(row: &Occurrence) -> Option<i64> {
    match &row.origin {
        Origin::Schedule { due_ms, .. } => Some(*due_ms),
        Origin::Api { .. } | Origin::Github { .. } | Origin::Manual | Origin::Replay { .. } => None,
    }
}

/// What became of an occurrence, in words that fit behind "was".
pub fn became(row: &Occurrence) -> String {
    let because = row.late_cause.map_or_else(String::new, |cause| format!(" ({})", cause.words()));
    match row.state {
        State::Skipped => {
            let reason = row.reason.map_or("for no reason that is known", SkipReason::words);
            format!("skipped: {reason}{because}")
        }
        State::Failed => match &row.error {
            Some(error) => format!("failed: {}", error.kind.words()),
            None => "failed".to_owned(),
        },
        State::Finished => row.outcome.unwrap_or(Judgement::NotJudged).words().to_owned(),
        State::Abandoned => "abandoned: its session is gone".to_owned(),
        state => state.name().to_owned(),
    }
}

/// What the watchdog asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Tell the user, and store `told` so that it is told once.
    Quiet { told: i64, reason: String },
    /// Pause the routine with the note `FAILING`, and tell the user once.
    Pause { reason: String },
}

/// `told_ms` is what the last quiet alarm asked to be stored; it counts until the routine runs again.
pub fn watch(facts: &Facts<'_>, told_ms: Option<i64>) -> Option<Alarm> {
    if facts.paused.is_some() || facts.disabled {
        return None;
    }
    // Only runs since the routine was resumed: what led to the last pause does not lead to the next.
    let since: Vec<Occurrence> =
        facts.rows.iter().take_while(|row| ended_since(row, facts.since_ms)).cloned().collect();
    let failures = failures_in_a_row(&since);
    if failures >= FAILURES_MAX {
        return Some(Alarm::Pause { reason: failing(&since, failures) });
    }
    let reason = quiet(facts)?;
    let told = quiet_from_ms(facts)?;
    (told_ms != Some(told)).then_some(Alarm::Quiet { told, reason })
}

fn ended_since(row: &Occurrence, since_ms: i64) -> bool {
    row.finished_ms.is_none_or(|finished_ms| finished_ms >= since_ms)
}

/// When to look next: when it becomes quiet, if nothing runs before.
pub fn next_watch_ms(facts: &Facts<'_>) -> Option<i64> {
    let idle = facts.paused.is_some() || facts.disabled;
    quiet_from_ms(facts).filter(|from_ms| !idle && *from_ms > facts.now_ms)
}
