//! What really happened to one task, kept beside it and independent of its own record: every run, every missed
//! time, and how long the task has really existed.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::jitter::{EARLY_MAX_MS, LATE_MAX_MS, late_ms};
use nightshift_schedule::{
    Cause, Cron, Decision, Ended, LIFETIME_MS, PUNCTUAL_MS, Run, Task, When,
};
use std::collections::HashSet;

/// What happened in the world between two wall times.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub cause: Cause,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// What the world knows at the moment of a plan.
pub struct Truth<'a> {
    /// Passed time since the beginning of the world, which no clock shows.
    pub true_ms: i64,
    pub wall_ms: i64,
    pub zone: &'a TimeZone,
    /// All that could be a cause, of this session or of all.
    pub events: &'a [Event],
}

pub struct Ledger {
    born_true_ms: i64,
    /// Every time that was run.
    ran: HashSet<i64>,
    /// Every time that was told as missed.
    gone: HashSet<i64>,
    /// Up to here every time is accounted for, in the present zone.
    mark_ms: i64,
    last_local_ms: Option<i64>,
    /// The zone or the clock has changed since the last account, so times cannot be counted.
    disturbed: bool,
    travelled: bool,
    pub counted: u32,
    pub runs: u32,
    pub missed: u32,
}

impl Ledger {
    pub fn new(true_ms: i64, wall_ms: i64) -> Ledger {
        Ledger {
            born_true_ms: true_ms,
            ran: HashSet::new(),
            gone: HashSet::new(),
            mark_ms: wall_ms,
            last_local_ms: None,
            disturbed: false,
            travelled: false,
            counted: 0,
            runs: 0,
            missed: 0,
        }
    }

    pub fn zone_changed(&mut self) {
        self.travelled = true;
        self.disturbed = true;
    }

    /// A clock that is set back in another zone brings local times again that had their runs elsewhere.
    pub fn clock_set(&mut self, wall_ms: i64, back: bool) {
        self.disturbed = true;
        self.mark_ms = self.mark_ms.min(wall_ms);
        self.last_local_ms = self.last_local_ms.filter(|_| !back);
    }

    /// Checks one decision against the truth.
    pub fn account(&mut self, task: &Task, decision: &Decision, truth: &Truth<'_>) {
        let Some(run) = &decision.run else {
            assert_eq!(decision.ended, None, "{task:?} ended without a run");
            return;
        };
        let context = || {
            let recent: Vec<_> = truth.events.iter().rev().take(12).collect();
            format!("{task:#?}\n{run:?}\n{recent:#?}")
        };
        self.runs += 1;
        self.missed += run.missed.iter().map(|missed| missed.count).sum::<u32>();
        assert!(self.ran.insert(run.at_ms), "run twice: {}", context());
        assert!(run.due_ms <= truth.wall_ms, "too early: {}", context());
        check_causes(run, truth, &context);
        let age_ms = truth.true_ms - self.born_true_ms;
        match &task.when {
            When::Recurring { cron } => {
                self.account_recurring(task, cron, run, truth, &context);
                let expired = task.expires_ms.is_some() && age_ms >= LIFETIME_MS;
                assert_eq!(decision.ended.is_some(), expired, "age {age_ms}: {}", context());
                assert_eq!(run.last, expired, "{}", context());
            }
            When::Once { at_ms, due_ms } => {
                assert!((0..=EARLY_MAX_MS).contains(&(at_ms - due_ms)), "{}", context());
                assert_eq!((decision.ended, run.at_ms), (Some(Ended::Done), *at_ms));
            }
            When::Delay { due_ms } => {
                let late_ms = age_ms - (due_ms - task.created_ms);
                assert!(late_ms >= 0, "{late_ms}: {}", context());
                assert!(run.late.is_some() || late_ms < PUNCTUAL_MS, "{late_ms}: {}", context());
                assert_eq!(decision.ended, Some(Ended::Done));
            }
        }
    }

    fn account_recurring(
        &mut self,
        task: &Task,
        cron: &Cron,
        run: &Run,
        truth: &Truth<'_>,
        context: &dyn Fn() -> String,
    ) {
        let local_ms = local_of(run.at_ms, truth.zone);
        if !self.disturbed {
            let late = run.due_ms - run.at_ms;
            assert_eq!(late, late_ms(&task.id, cron, run.at_ms, truth.zone), "{}", context());
            let next_ms = cron.next_after_ms(run.at_ms, truth.zone).unwrap();
            assert!(
                (0..=LATE_MAX_MS).contains(&late) && late * 2 <= next_ms - run.at_ms,
                "{}",
                context()
            );
            let times = self.open_until(cron, run.at_ms, truth.zone);
            let settled = 1 + run.missed.iter().map(|missed| missed.count as usize).sum::<usize>();
            // After a clock was set back, what had been missed may be run after all; and days that were lived
            // in another zone had their runs there.
            let lived_elsewhere = self.travelled
                && self.ran.iter().any(|time| *time > self.mark_ms && *time != run.at_ms);
            let new =
                times.iter().filter(|time| !self.gone.contains(time) && !lived_elsewhere).count();
            assert!(
                (new..=times.len()).contains(&settled),
                "{settled} of {times:?} since {}: {}",
                self.mark_ms,
                context()
            );
            self.counted += 1;
        }
        if !cron.follows_clock() {
            assert!(
                self.last_local_ms.is_none_or(|last| last < local_ms),
                "same local time: {}",
                context()
            );
        }
        for missed in &run.missed {
            let before = Timestamp::from_millisecond(missed.first_ms - 1).unwrap();
            let times = cron.all_after(before, truth.zone).map(Timestamp::as_millisecond);
            self.gone.extend(times.take_while(|time| *time <= missed.last_ms));
        }
        self.mark_ms = run.at_ms;
        self.last_local_ms = Some(local_ms);
        self.disturbed = false;
    }

    /// The times between the mark and this one (it included) that were not run before.
    fn open_until(&self, cron: &Cron, at_ms: i64, zone: &TimeZone) -> Vec<i64> {
        let mark = Timestamp::from_millisecond(self.mark_ms).unwrap();
        cron.all_after(mark, zone)
            .map(Timestamp::as_millisecond)
            .take_while(|time| *time <= at_ms)
            .filter(|time| *time == at_ms || !self.ran.contains(time))
            .filter(|time| {
                cron.follows_clock()
                    || self.last_local_ms.is_none_or(|last| last < local_of(*time, zone))
            })
            .collect()
    }
}

/// Each cause must have happened when it is said to have.
fn check_causes(run: &Run, truth: &Truth<'_>, context: &dyn Fn() -> String) {
    let happened = |cause: Cause, at_ms: i64| {
        truth.events.iter().any(|event| {
            // What is told of a missed one is its time, without its jitter.
            event.cause == cause
                && (event.from_ms - LATE_MAX_MS - PUNCTUAL_MS..=event.to_ms).contains(&at_ms)
        })
    };
    match run.late {
        Some(cause) => assert!(happened(cause, run.due_ms), "{}", context()),
        None => {
            assert!(truth.wall_ms - run.due_ms < PUNCTUAL_MS, "late without a cause: {}", context())
        }
    }
    for missed in &run.missed {
        assert!(happened(missed.cause, missed.first_ms), "{missed:?} {}", context());
        assert!(happened(missed.cause, missed.last_ms), "{missed:?} {}", context());
    }
}

fn local_of(at_ms: i64, zone: &TimeZone) -> i64 {
    let local = zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap());
    TimeZone::UTC.to_timestamp(local).unwrap().as_millisecond()
}
