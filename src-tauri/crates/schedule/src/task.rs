//! A scheduled task of a session and how far it has come. Stored as JSON in the session's row, so that a
//! run and what it means for the task are one transaction.
//!
//! Promises: what a task runs at follows from this record alone, so it is the same after a restart; no
//! occurrence is run twice, however the clock is set.
//! Must not know: what is run, what sessions do.

use crate::clock_reading::{Cause, ClockReading, NOTICED_MS};
use crate::cron::Cron;
use crate::jitter;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// More than anybody can oversee; an agent that makes tasks in a loop is stopped here (L4).
pub const TASKS_MAX: usize = 50;
/// A recurring task nobody asks for any more ends by itself (L4).
pub const LIFETIME_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Enough for a clock that is set about and for nights asleep; beyond it the smallest hole is closed, so
/// no run is ever forgotten, only what was missed in that hole gets no second chance.
const STRETCHES_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: String,
    pub when: When,
    pub created_ms: i64,
    /// From then on the next run is the last one. None: it never ends by itself.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    pub progress: Progress,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum When {
    /// At every time of the expression, in the local zone of the day.
    Recurring { cron: Cron },
    /// Once at a wall-clock time; `due_ms` is that time with its jitter.
    Once { at_ms: i64, due_ms: i64 },
    /// Once after some time has passed, sleep included. Setting the clock does not change it.
    Delay { due_ms: i64 },
}

/// What has become of a task so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Everything up to this time has been run, counted as missed, or is `waiting`.
    pub settled_ms: i64,
    /// The last run since the clock was set back or the zone changed, if any.
    #[serde(default)]
    pub last_ran_ms: Option<i64>,
    /// Times up to here are not this task's: they were lived in another zone.
    #[serde(default)]
    pub floor_ms: Option<i64>,
    /// The zone by which it was looked at last, and that zone's offset from UTC then.
    #[serde(default)]
    pub zone: String,
    #[serde(default)]
    pub offset_ms: Option<i64>,
    /// Times between which every occurrence was run, in order. They count when the clock is set back.
    #[serde(default)]
    pub ran: Vec<Stretch>,
    /// What is due and waits for the turn to end.
    #[serde(default)]
    pub waiting: Option<Waiting>,
    /// By how much the wall clock was set since the task was created.
    #[serde(default)]
    pub shift_ms: i64,
    /// What `shift_ms` was measured against: the boot and the wall time at it.
    pub boot: String,
    pub epoch_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from_ms: i64,
    pub to_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub next: Next,
    /// Why it did not run when it was due.
    pub cause: Option<Cause>,
    /// Earlier ones that it stands for.
    #[serde(default)]
    pub missed: Vec<Missed>,
    /// No other occurrence lies between it and the last run.
    #[serde(default)]
    pub follows_last: bool,
}

/// Occurrences in a row that were not run, for one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub cause: Cause,
    pub count: u32,
    pub first_ms: i64,
    pub last_ms: i64,
}

/// One occurrence: the time that the task names, and that time with its jitter, when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    pub at_ms: i64,
    pub due_ms: i64,
}

impl Task {
    /// Recurs until it is deleted or `LIFETIME_MS` old.
    pub fn recurring(id: &str, cron: Cron, now: &ClockReading) -> Task {
        let expires_ms = Some(now.wall_ms.saturating_add(LIFETIME_MS));
        Task { expires_ms, ..Task::new(id, When::Recurring { cron }, now) }
    }

    /// Runs at the expression's next time and ends. None when the calendar has no such time any more.
    pub fn once(id: &str, cron: &Cron, now: &ClockReading, zone: &TimeZone) -> Option<Task> {
        let at_ms = cron.next_after_ms(now.wall_ms, zone)?;
        let due_ms = (at_ms - jitter::early_ms(id, at_ms, zone)).max(now.wall_ms);
        Some(Task::new(id, When::Once { at_ms, due_ms }, now))
    }

    /// Runs when this time has passed, and ends.
    pub fn delay(id: &str, delay_ms: i64, now: &ClockReading) -> Task {
        let due_ms = now.wall_ms.saturating_add(delay_ms.max(0));
        Task::new(id, When::Delay { due_ms }, now)
    }

    fn new(id: &str, when: When, now: &ClockReading) -> Task {
        let progress = Progress {
            settled_ms: now.wall_ms,
            last_ran_ms: None,
            floor_ms: None,
            zone: now.zone.clone(),
            offset_ms: None,
            ran: Vec::new(),
            waiting: None,
            shift_ms: 0,
            boot: now.boot.clone(),
            epoch_ms: now.epoch_ms(),
        };
        Task { id: id.to_owned(), when, created_ms: now.wall_ms, expires_ms: None, progress }
    }

    pub fn recurs(&self) -> bool {
        matches!(self.when, When::Recurring { .. })
    }

    /// What runs next: what waits, else the next occurrence. To be shown, and for the next look.
    pub fn next(&self, zone: &TimeZone) -> Option<Next> {
        match &self.progress.waiting {
            Some(waiting) => Some(waiting.next),
            None => self.upcoming(&self.progress, zone),
        }
    }

    /// From when on the next run is the last, in the wall time of now.
    pub fn ends_ms(&self) -> Option<i64> {
        self.expires_ms.map(|at| at.saturating_add(self.progress.shift_ms))
    }

    /// The first occurrence that is not settled.
    pub(crate) fn upcoming(&self, progress: &Progress, zone: &TimeZone) -> Option<Next> {
        match &self.when {
            When::Recurring { cron } => {
                let at_ms = progress.unsettled(cron, zone)?;
                let due_ms = at_ms.saturating_add(jitter::late_ms(&self.id, cron, at_ms, zone));
                Some(Next { at_ms, due_ms })
            }
            When::Once { at_ms, due_ms } => Some(Next { at_ms: *at_ms, due_ms: *due_ms }),
            When::Delay { due_ms } => {
                let due_ms = due_ms.saturating_add(progress.shift_ms);
                Some(Next { at_ms: due_ms, due_ms })
            }
        }
    }
}

impl Progress {
    fn unsettled(&self, cron: &Cron, zone: &TimeZone) -> Option<i64> {
        let mut after_ms =
            self.floor_ms.map_or(self.settled_ms, |floor| floor.max(self.settled_ms));
        loop {
            let at_ms = cron.next_after_ms(after_ms, zone)?;
            let ran = |stretch: &&Stretch| (stretch.from_ms..=stretch.to_ms).contains(&at_ms);
            match self.ran.iter().find(ran) {
                Some(stretch) => after_ms = stretch.to_ms,
                None => return Some(at_ms),
            }
        }
    }

    /// Follows the clocks: notes by how much the wall clock was set, and begins anew from a time that
    /// lies before what was settled. What ran by then is remembered in `ran`.
    pub(crate) fn follow_clock(&mut self, now: &ClockReading) {
        match now.jumped_ms(&self.boot, self.epoch_ms) {
            Some(jumped_ms) if jumped_ms.abs() < NOTICED_MS => {}
            jumped_ms => {
                self.shift_ms = self.shift_ms.saturating_add(jumped_ms.unwrap_or(0));
                self.boot.clone_from(&now.boot);
                self.epoch_ms = now.epoch_ms();
                self.lower_floor(now.wall_ms, jumped_ms.unwrap_or(0));
            }
        }
        if now.wall_ms < self.settled_ms {
            self.settled_ms = now.wall_ms;
            self.last_ran_ms = None;
        }
    }

    /// After a clock was set back the floor is as far ahead as it was before, and no further.
    fn lower_floor(&mut self, now_ms: i64, jumped_ms: i64) {
        let ahead = |floor_ms: i64| (floor_ms - (now_ms - jumped_ms)).max(0);
        self.floor_ms = self.floor_ms.map(|floor_ms| floor_ms.min(now_ms + ahead(floor_ms)));
    }

    /// Follows the user into another zone. For a job at a fixed time that is a change of the clock: what
    /// local time leaps over is due at once, what it repeats is not due again. A job that follows the
    /// clock just goes on. What came before belongs to the old zone alone.
    pub(crate) fn follow_zone(
        &mut self,
        cron: Option<&Cron>,
        now: &ClockReading,
        last_look: Option<&ClockReading>,
        zone: &TimeZone,
    ) {
        let offset_ms = Timestamp::from_millisecond(now.wall_ms)
            .ok()
            .map(|now| i64::from(zone.to_offset(now).seconds()) * 1000);
        if self.zone != now.zone {
            let left_ms = last_look.filter(|last| last.zone == self.zone);
            let left_ms = left_ms.map_or(now.wall_ms, |last| last.wall_ms.min(now.wall_ms));
            self.floor_ms = cron.map(|cron| self.floor_after_journey(cron, left_ms, zone));
            self.zone.clone_from(&now.zone);
            // Whatever runs next, times of both zones lie between it and the last run.
            self.last_ran_ms = None;
        }
        self.offset_ms = offset_ms;
    }

    /// The zone was left at `left_ms`, by its clock. What its jitter still held back goes along.
    fn floor_after_journey(&self, cron: &Cron, left_ms: i64, zone: &TimeZone) -> i64 {
        let Some(offset_ms) = self.offset_ms else { return left_ms };
        // Local times that an earlier journey repeats are still not its own.
        let earlier_ms = self.floor_ms.unwrap_or(i64::MIN);
        let old = i32::try_from(offset_ms / 1000).ok().and_then(|s| Offset::from_seconds(s).ok());
        let held_back = old.and_then(|old| {
            let recent_ms = left_ms.saturating_sub(jitter::LATE_MAX_MS);
            let from_ms = self.settled_ms.max(recent_ms).max(earlier_ms);
            cron.next_after_ms(from_ms, &TimeZone::fixed(old)).filter(|at_ms| *at_ms <= left_ms)
        });
        let floor_ms = held_back.map_or(left_ms.max(earlier_ms), |at_ms| at_ms - 1);
        if cron.follows_clock() {
            return floor_ms;
        }
        instant_of(floor_ms.saturating_add(offset_ms), zone).unwrap_or(floor_ms)
    }

    /// Something has become due: it waits, and stands for what waited before it.
    pub(crate) fn wait(&mut self, next: Next, cause: Option<Cause>) {
        let follows_last = self.waiting.is_none() && self.last_ran_ms == Some(self.settled_ms);
        let missed = self.waiting.take().map_or_else(Vec::new, |before| before.give_up(None));
        self.settled_ms = self.settled_ms.max(next.at_ms);
        self.waiting = Some(Waiting { next, cause, missed, follows_last });
    }

    /// What waited has been run.
    pub(crate) fn record_run(&mut self, waiting: &Waiting) {
        let at_ms = waiting.next.at_ms;
        let before_ms = self.last_ran_ms.filter(|_| waiting.follows_last);
        let from_ms = before_ms.map_or(at_ms, |before_ms| before_ms.min(at_ms));
        self.last_ran_ms = Some(at_ms);
        let mut stretch = Stretch { from_ms, to_ms: at_ms };
        self.ran.retain(|other| {
            let apart = other.to_ms < stretch.from_ms || stretch.to_ms < other.from_ms;
            if !apart {
                stretch.from_ms = stretch.from_ms.min(other.from_ms);
                stretch.to_ms = stretch.to_ms.max(other.to_ms);
            }
            apart
        });
        let place = self.ran.partition_point(|other| other.to_ms < stretch.from_ms);
        self.ran.insert(place, stretch);
        if self.ran.len() > STRETCHES_MAX {
            self.close_smallest_hole();
        }
    }

    fn close_smallest_hole(&mut self) {
        let hole = |at: &usize| self.ran[at + 1].from_ms.saturating_sub(self.ran[*at].to_ms);
        if let Some(at) = (0..self.ran.len() - 1).min_by_key(hole) {
            self.ran[at].to_ms = self.ran[at + 1].to_ms;
            self.ran.remove(at + 1);
        }
    }
}

impl Waiting {
    /// All that will not be run after all. What waited itself counts for its own cause, unless another is given.
    pub(crate) fn give_up(self, cause: Option<Cause>) -> Vec<Missed> {
        let mut missed = self.missed;
        let cause = cause.or(self.cause).unwrap_or(Cause::Overloaded);
        let at_ms = self.next.at_ms;
        match missed.last_mut() {
            Some(last) if last.cause == cause => {
                last.count = last.count.saturating_add(1);
                last.last_ms = at_ms;
            }
            _ => missed.push(Missed { cause, count: 1, first_ms: at_ms, last_ms: at_ms }),
        }
        missed
    }
}

/// The (earlier) moment at which a zone's clock shows this local time, given as if the zone were UTC.
fn instant_of(local_ms: i64, zone: &TimeZone) -> Option<i64> {
    let local: DateTime = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(local_ms).ok()?);
    zone.to_timestamp(local).ok().map(Timestamp::as_millisecond)
}
