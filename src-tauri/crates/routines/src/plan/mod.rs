//! What a look at the clocks makes of a routine's timed triggers: which due times have come, which of them run,
//! which are skipped and why, and when to look again.
//!
//! Promises: exactly one occurrence for each due time; a trigger that is new or armed again never fires the past;
//! what came late names its true cause; a clock that is set back fires nothing twice; a plan that was not committed
//! is made again the same. DST as for cron tasks (`nightshift_schedule`).
//! Must not know: rows (it asks whether there is one), what runs, clocks.
//!
//! Commit the occurrences and the marks in one transaction. Make a plan right before a definition is exchanged and
//! before a routine is paused, resumed, enabled or disabled, so that the old state decides what came before.

mod cause;
mod marks;
mod times;
mod verdict;

pub use marks::{Mark, Marks};
pub use verdict::{CATCH_UP_MAX, Span, SpanKind};

use crate::definition::{Definition, Trigger, TriggerKey, Zones};
use crate::occurrence::{LateCause, SkipReason};
use jiff::tz::TimeZone;
use marks::Clocks;
use nightshift_schedule::ClockReading;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use times::Times;

/// Seen this much after its start or later, an occurrence is late. A supervisor looks at least so often.
pub const PUNCTUAL_MS: i64 = nightshift_schedule::PUNCTUAL_MS;
/// Due times of one plan, so that a year missed each minute is committed in parts. `more` says that there are others.
pub const BATCH_MAX: usize = 10_000;

/// What a plan is made of.
pub struct Facts<'a> {
    /// The routine's id, which decides its jitter.
    pub routine: &'a str,
    pub definition: &'a Definition,
    pub marks: &'a Marks,
    /// The last look before, of all routines; after a start the last that was stored. None: nobody knows.
    pub before: Option<&'a ClockReading>,
    pub now: &'a ClockReading,
    /// The machine's zone now. Its name is `now.zone`.
    pub machine: &'a TimeZone,
    pub zones: Zones<'a>,
    /// When the routine was paused or disabled, in wall time: what is so now, and what ended since the last plan.
    pub spans: &'a [Span],
    /// Which row this routine has for a due time. Asked only for times that may have one.
    pub row: &'a dyn Fn(i64) -> Option<Known>,
}

/// What the ledger has for a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It waits, runs, ran, or was skipped for another reason than lateness.
    Decided,
    /// It was skipped because it was late (`SkipReason::is_missed`).
    Missed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Due,
    Skip(SkipReason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowChange {
    New,
    /// There is a row that was missed: the clock was set back and its time has come again (`Event::Reopen`).
    Again,
}

/// One due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub trigger: TriggerKey,
    /// The time that the trigger names: `due_at` of the row. Wall milliseconds.
    pub due_ms: i64,
    /// The same with its jitter.
    pub start_ms: i64,
    /// Why it is seen late; none when it is on time.
    pub late: Option<LateCause>,
    pub verdict: Verdict,
    pub row: RowChange,
    /// By `at`: it does not count against `max_per_day`.
    pub one_off: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// By due time.
    pub occurrences: Vec<Planned>,
    pub marks: Marks,
    /// When the next due time starts; for the timer. May be a time that has its row already.
    pub next_ms: Option<i64>,
    /// Commit this one and plan again at once, with its marks and otherwise the same facts.
    pub more: bool,
}

/// See the module's promises.
pub fn plan(facts: &Facts<'_>) -> Plan {
    let clocks = Clocks::of(facts);
    let mut marks = facts.marks.clone();
    let mut merged = Merged::new(facts, &clocks, &mut marks);
    // A move goes back and forth in time, so it is decided as a whole.
    let batch = if clocks.left.is_some() { usize::MAX } else { BATCH_MAX };
    let mut come: BTreeMap<i64, (usize, Planned)> = BTreeMap::new();
    let mut more = false;
    while let Some(candidate) = merged.next(facts.now.wall_ms) {
        if come.len() >= batch {
            more = true;
            break;
        }
        merged.advance(candidate.order);
        let has_row = candidate.due_ms <= facts.marks.latest_ms;
        let row = match has_row.then(|| (facts.row)(candidate.due_ms)).flatten() {
            Some(Known::Decided) => continue,
            Some(Known::Missed) => RowChange::Again,
            None => RowChange::New,
        };
        let first = come.get(&candidate.due_ms).is_none_or(|(order, _)| candidate.order < *order);
        if first {
            let planned = candidate.planned(row, &clocks, facts);
            come.insert(candidate.due_ms, (candidate.order, planned));
        }
    }
    let mut occurrences: Vec<Planned> = come.into_values().map(|(_, planned)| planned).collect();
    merged.keep(&mut marks);
    marks.looked(facts.now);
    marks.latest_ms =
        occurrences.last().map_or(marks.latest_ms, |last| last.due_ms.max(marks.latest_ms));
    verdict::decide(&mut occurrences, facts, more);
    Plan { occurrences, marks, next_ms: merged.next_start(facts.now.wall_ms), more }
}

/// A due time that has come.
struct Candidate {
    order: usize,
    due_ms: i64,
    start_ms: i64,
}

impl Candidate {
    fn planned(&self, row: RowChange, clocks: &Clocks, facts: &Facts<'_>) -> Planned {
        let trigger = &facts.definition.triggers[self.order];
        let late = facts.now.wall_ms - self.start_ms >= PUNCTUAL_MS;
        let late =
            late.then(|| cause::cause_of(self.start_ms, facts.before, facts.now, clocks.moved));
        Planned {
            trigger: trigger.key(),
            due_ms: self.due_ms,
            start_ms: self.start_ms,
            late,
            verdict: Verdict::Due,
            row,
            one_off: matches!(trigger, Trigger::At { .. }),
        }
    }
}

/// The due times of all triggers, in order.
struct Merged<'a> {
    all: Vec<Times<'a>>,
}

impl<'a> Merged<'a> {
    fn new(facts: &Facts<'a>, clocks: &Clocks, marks: &mut Marks) -> Merged<'a> {
        let mut all = Vec::new();
        for (order, trigger) in facts.definition.triggers.iter().enumerate() {
            if let Some(mark) = marks.get_mut(&trigger.key()) {
                let jitter = facts.definition.policy.jitter;
                all.push(Times::new(order, trigger, facts.routine, jitter, mark, clocks));
            }
        }
        Merged { all }
    }

    /// The earliest due time whose start has come. Of two at once that of the earlier trigger.
    fn next(&mut self, now_ms: i64) -> Option<Candidate> {
        let come =
            |times: &&mut Times<'_>| times.next().is_some_and(|next| next.start_ms <= now_ms);
        let first =
            self.all.iter_mut().filter(come).min_by_key(|times| {
                (times.next().map_or(i64::MAX, |next| next.due_ms), times.order)
            })?;
        let next = first.next()?;
        Some(Candidate { order: first.order, due_ms: next.due_ms, start_ms: next.start_ms })
    }

    fn advance(&mut self, order: usize) {
        if let Some(times) = self.all.iter_mut().find(|times| times.order == order) {
            times.advance();
        }
    }

    /// How far it has come.
    fn keep(&self, marks: &mut Marks) {
        for times in &self.all {
            if let Some(mark) = marks.get_mut(&times.key) {
                times.keep(mark);
            }
        }
    }

    fn next_start(&self, now_ms: i64) -> Option<i64> {
        self.all.iter().filter_map(Times::next).map(|next| next.start_ms.max(now_ms)).min()
    }
}

/// One of the next due times, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upcoming {
    pub trigger: TriggerKey,
    pub due_ms: i64,
    pub start_ms: i64,
}

/// The next due times after now, at most `count`. Nothing is changed.
pub fn next_after(facts: &Facts<'_>, count: usize) -> Vec<Upcoming> {
    let clocks = Clocks::of(facts);
    let mut marks = facts.marks.clone();
    let mut merged = Merged::new(facts, &clocks, &mut marks);
    let mut upcoming: Vec<Upcoming> = Vec::new();
    // Bounded, because all of them may have their rows already.
    for _ in 0..BATCH_MAX {
        let Some(candidate) = merged.next(i64::MAX) else { break };
        merged.advance(candidate.order);
        let known = candidate.due_ms <= facts.marks.latest_ms
            && (facts.row)(candidate.due_ms) == Some(Known::Decided);
        let twice = upcoming.last().is_some_and(|last| last.due_ms == candidate.due_ms);
        if known || twice || candidate.start_ms <= facts.now.wall_ms {
            continue;
        }
        let trigger = facts.definition.triggers[candidate.order].key();
        upcoming.push(Upcoming { trigger, due_ms: candidate.due_ms, start_ms: candidate.start_ms });
        if upcoming.len() >= count {
            break;
        }
    }
    upcoming
}
