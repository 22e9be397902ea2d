//! The due times of one trigger, one after the other.

use super::marks::{Clocks, Mark};
use crate::definition::{Jitter, Trigger, TriggerKey};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::jitter;

#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    pub due_ms: i64,
    pub start_ms: i64,
}

pub(super) struct Times<'a> {
    pub order: usize,
    pub key: TriggerKey,
    trigger: &'a Trigger,
    /// None: no jitter.
    seed: Option<&'a str>,
    zone: TimeZone,
    /// What was due before the zone was left; decided first, in the zone that was left.
    leaving: Option<Leaving>,
    /// What comes next is after this.
    after_ms: i64,
    armed_ms: i64,
    lived_ms: Option<i64>,
    done_ms: Option<i64>,
    next: Option<Next>,
}

struct Leaving {
    zone: TimeZone,
    until_ms: i64,
    now_ms: i64,
    /// Where it goes on in the new zone.
    then_ms: i64,
}

impl<'a> Times<'a> {
    /// Brings the mark to the clocks of now.
    pub fn new(
        order: usize,
        trigger: &'a Trigger,
        routine: &'a str,
        jitter: Jitter,
        mark: &mut Mark,
        clocks: &Clocks,
    ) -> Times<'a> {
        clocks.follow(mark);
        let mut times = Times {
            order,
            key: trigger.key(),
            trigger,
            seed: (jitter == Jitter::Auto).then_some(routine),
            zone: clocks.zone.clone(),
            leaving: None,
            after_ms: mark.settled_ms,
            armed_ms: mark.armed_ms,
            lived_ms: mark.lived_ms,
            done_ms: mark.done_ms,
            next: None,
        };
        if let Some((old, left_ms)) = &clocks.left
            && times.is_civil()
        {
            let carried_ms = clocks.carried_over(mark, old, *left_ms);
            let then_ms = if times.follows_clock() { *left_ms } else { carried_ms };
            times.leaving = Some(Leaving {
                zone: old.clone(),
                until_ms: *left_ms,
                now_ms: clocks.now_ms,
                then_ms,
            });
            mark.lived_ms = (!times.follows_clock()).then_some(carried_ms);
        }
        times.find();
        times
    }

    pub fn next(&self) -> Option<Next> {
        self.next
    }

    /// Past the next one, which is decided.
    pub fn advance(&mut self) {
        if let Some(next) = self.next {
            self.after_ms = next.due_ms;
            if matches!(self.trigger, Trigger::At { .. }) {
                self.done_ms = Some(next.due_ms);
            }
            self.find();
        }
    }

    /// How far it has come.
    pub fn keep(&self, mark: &mut Mark) {
        mark.settled_ms = self.after_ms;
        mark.done_ms = self.done_ms;
    }

    /// By a zone's clock.
    fn is_civil(&self) -> bool {
        !matches!(self.trigger, Trigger::Every { .. })
    }

    fn follows_clock(&self) -> bool {
        matches!(self.trigger, Trigger::Schedule { cron } if cron.follows_clock())
    }

    fn find(&mut self) {
        if let Some(leaving) = self.leaving.take() {
            // Times that an earlier journey repeats are not due in the zone that is left either.
            let after_ms =
                self.lived_ms.map_or(self.after_ms, |lived_ms| lived_ms.max(self.after_ms));
            let due_ms = self
                .due_after(after_ms, &leaving.zone)
                .filter(|due_ms| *due_ms <= leaving.until_ms);
            if let Some(due_ms) = due_ms {
                // A move ends the waiting for the jitter.
                let start_ms = self.start_of(due_ms, &leaving.zone).min(leaving.now_ms);
                self.next = Some(Next { due_ms, start_ms });
                self.leaving = Some(leaving);
                return;
            }
            self.after_ms = leaving.then_ms;
            self.lived_ms = None;
        }
        let after_ms = self.lived_ms.map_or(self.after_ms, |lived_ms| lived_ms.max(self.after_ms));
        self.next = self
            .due_after(after_ms, &self.zone)
            .map(|due_ms| Next { due_ms, start_ms: self.start_of(due_ms, &self.zone) });
    }

    fn due_after(&self, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        match self.trigger {
            Trigger::Schedule { cron } => cron.next_after_ms(after_ms, zone),
            Trigger::Every { period_ms } => {
                let count = (after_ms - self.armed_ms).div_euclid(*period_ms) + 1;
                count.checked_mul(*period_ms)?.checked_add(self.armed_ms)
            }
            Trigger::At { at } => {
                let due_ms = zone.to_timestamp(*at).map(Timestamp::as_millisecond).ok()?;
                (self.done_ms.is_none() && due_ms > after_ms).then_some(due_ms)
            }
            Trigger::Api | Trigger::Github(_) => None,
        }
    }

    /// A time that somebody names (`at`) and one that is spread already (`every`) are kept as they are.
    fn start_of(&self, due_ms: i64, zone: &TimeZone) -> i64 {
        match (self.trigger, self.seed) {
            (Trigger::Schedule { cron }, Some(seed)) => {
                due_ms.saturating_add(jitter::late_ms(seed, cron, due_ms, zone))
            }
            _ => due_ms,
        }
    }
}
