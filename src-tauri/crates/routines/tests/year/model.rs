//! What was due, by the promises alone. It walks through every minute and knows nothing of how a plan is made.
//!
//! The promises:
//! - A trigger is due from when it was armed on, never before.
//! - A time of the expression is due once. What the clock of a zone leaps over is due right after the leap; what
//!   it repeats is not due again. Expressions whose minute or hour is `*` follow the clock instead.
//! - A move to another zone (seen between two looks, at the first of them) is such a leap or repetition, for
//!   routines without a zone of their own. What waits for its jitter then is due at once.
//! - Times that the wall clock was set over are due, times that it brings again are not, except those that were
//!   missed only because they were late: these are decided anew.
//! - At a look all that has come due is decided: paused and disabled first; late is what is seen a minute or more
//!   after its start, and has a cause; `skip` runs nothing late, `once` only the latest of all, `all` each (of more
//!   than a hundred the latest); beyond `max_late` nothing runs.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use nightshift_routines::definition::Missed;
use nightshift_routines::occurrence::{LateCause, SkipReason};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub const MINUTE: i64 = 60_000;
const LATE: i64 = MINUTE;
const CATCH_UP: usize = 100;

/// Values of an expression, as bits; the days are those of the week, Sunday 0.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub minutes: u64,
    pub hours: u32,
    pub days: u8,
    /// Minute or hour is written with `*`.
    pub follows_clock: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Cron(Times),
    Every { anchor: i64, period: i64 },
    At(DateTime),
}

#[derive(Clone, Debug)]
pub struct Trigger {
    pub key: String,
    pub kind: Kind,
    /// Wall time up to which all minutes were looked at.
    lived: i64,
    /// The latest local minute that was lived, as minutes since the epoch as if it were UTC.
    local: i64,
    /// An `at` that has come.
    done: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Runs,
    Skipped(SkipReason),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub trigger: String,
    pub verdict: Verdict,
    pub late: Option<LateCause>,
}

/// Due, and not decided yet.
#[derive(Clone, Debug)]
struct Pending {
    at: i64,
    start: i64,
    order: usize,
}

/// How late an occurrence starts, by key of its trigger, its time and zone.
pub type JitterOf<'j> = &'j dyn Fn(&str, i64, &TimeZone) -> i64;

#[derive(Debug)]
pub struct Model {
    pub triggers: Vec<Trigger>,
    pub own_zone: Option<Zone>,
    pub missed: Missed,
    pub max_late: Option<i64>,
    pub paused: bool,
    pub disabled: bool,
    pending: Vec<Pending>,
    pub rows: BTreeMap<i64, Row>,
    machine: String,
}

/// What a look sees: the wall time, the machine's zone, and what happened since the look before.
pub struct Look<'a> {
    pub now: i64,
    pub machine: &'a Zone,
    /// Wall time and zone at the look before.
    pub before: i64,
    pub zone_before: &'a Zone,
    /// By how much the wall clock was set in between.
    pub set_by: i64,
    /// Why what started at this wall time is seen late.
    pub cause: &'a dyn Fn(i64) -> LateCause,
    pub jitter: JitterOf<'a>,
}

/// A zone that remembers its last offset, because every minute asks for one.
#[derive(Clone, Debug)]
pub struct Zone {
    pub name: &'static str,
    pub zone: TimeZone,
    /// From, until (milliseconds), seconds.
    last: Rc<Cell<(i64, i64, i64)>>,
}

impl Zone {
    pub fn new(name: &'static str, zone: TimeZone) -> Zone {
        Zone { name, zone, last: Rc::new(Cell::new((0, 0, 0))) }
    }

    /// The offset of the last minute that was asked for holds so long.
    fn same_offset_until(&self) -> i64 {
        self.last.get().1
    }

    pub fn local_minute(&self, at: i64) -> i64 {
        let (from, until, seconds) = self.last.get();
        if from <= at && at < until {
            return (at.div_euclid(1_000) + seconds).div_euclid(60);
        }
        let moment = Timestamp::from_millisecond(at).unwrap();
        let seconds = i64::from(self.zone.to_offset(moment).seconds());
        let change = self.zone.following(moment).next();
        let until = change.map_or(i64::MAX, |change| change.timestamp().as_millisecond());
        // Only strictly earlier changes are given.
        let begun = self.zone.preceding(moment + 1.nanosecond()).next();
        let from = begun.map_or(i64::MIN, |begun| begun.timestamp().as_millisecond());
        self.last.set((from, until, seconds));
        (at.div_euclid(1_000) + seconds).div_euclid(60)
    }
}

impl Times {
    fn matches(&self, local: i64) -> bool {
        let (minute, hour) = (local.rem_euclid(60), local.div_euclid(60).rem_euclid(24));
        // The epoch was a Thursday.
        let day = (local.div_euclid(24 * 60) + 4).rem_euclid(7);
        self.minutes >> minute & 1 == 1 && self.hours >> hour & 1 == 1 && self.days >> day & 1 == 1
    }
}

impl Trigger {
    pub fn armed(key: &str, kind: Kind, now: i64, zone: &Zone) -> Trigger {
        Trigger { key: key.to_owned(), kind, lived: now, local: zone.local_minute(now), done: None }
    }

    /// All that became due since it was last asked, by wall time.
    fn live_until(&mut self, now: i64, zone: &Zone) -> Vec<i64> {
        let mut due = Vec::new();
        let from = self.lived;
        self.lived = now;
        match &self.kind {
            Kind::Every { anchor, period } => {
                let mut at = anchor + ((from - anchor).div_euclid(*period) + 1) * period;
                while at <= now {
                    due.push(at);
                    at += period;
                }
            }
            Kind::At(civil) => {
                let at = zone.zone.to_timestamp(*civil).unwrap().as_millisecond();
                let local = zone.local_minute(at);
                if self.done.is_none() && from < at && at <= now && local > self.local {
                    self.done = Some(at);
                    due.push(at);
                }
                self.local = self.local.max(zone.local_minute(now));
            }
            Kind::Cron(times) => {
                let mut at = (from.div_euclid(MINUTE) + 1) * MINUTE;
                let mut local = zone.local_minute(at);
                while at <= now {
                    let next = self.local + 1;
                    let matched = match times.follows_clock {
                        true => times.matches(local),
                        false if next == local => times.matches(local),
                        false => (next..=local).any(|local| times.matches(local)),
                    };
                    if matched {
                        due.push(at);
                    }
                    self.local = self.local.max(local);
                    at += MINUTE;
                    local = if zone.same_offset_until() > at {
                        local + 1
                    } else {
                        zone.local_minute(at)
                    };
                }
            }
        }
        due
    }

    fn moved(&mut self, left: i64, zone: &Zone) {
        let fixed = match &self.kind {
            Kind::Cron(times) => !times.follows_clock,
            Kind::At(_) => true,
            Kind::Every { .. } => false,
        };
        if !fixed {
            return;
        }
        // Back to where the new zone's clock showed the latest local time that was lived.
        let mut from = left.div_euclid(MINUTE) * MINUTE;
        while zone.local_minute(from) > self.local {
            from -= MINUTE;
        }
        self.lived = from.min(left);
    }

    fn clock_set(&mut self, before: i64, now: i64, zone: &Zone) {
        let ahead = (self.local - zone.local_minute(before)).max(0);
        self.local = self.local.min(zone.local_minute(now) + ahead);
        self.lived = self.lived.min(now);
        self.done = self.done.filter(|done| *done <= now);
    }
}

impl Model {
    pub fn new(
        own_zone: Option<Zone>,
        missed: Missed,
        max_late: Option<i64>,
        machine: &str,
    ) -> Model {
        Model {
            triggers: Vec::new(),
            own_zone,
            missed,
            max_late,
            paused: false,
            disabled: false,
            pending: Vec::new(),
            rows: BTreeMap::new(),
            machine: machine.to_owned(),
        }
    }

    /// An edit: the trigger is gone, and what waited for its jitter with it.
    pub fn forget(&mut self, order: usize) {
        self.triggers.remove(order);
        self.pending.retain(|pending| pending.order != order);
        for pending in &mut self.pending {
            pending.order -= usize::from(pending.order > order);
        }
    }

    /// What became of it is in `rows`; the times decided now are returned.
    pub fn look(&mut self, look: &Look<'_>) -> Vec<i64> {
        let zone = self.own_zone.clone().unwrap_or_else(|| look.machine.clone());
        let moves = self.own_zone.is_none() && self.machine != look.machine.name;
        if look.set_by < 0 {
            self.triggers
                .iter_mut()
                .for_each(|t| t.clock_set(look.now - look.set_by, look.now, &zone));
            self.pending.retain(|pending| pending.at <= look.now);
        }
        if moves {
            let left = look.before.min(look.now);
            for order in 0..self.triggers.len() {
                let due = self.triggers[order].live_until(left, look.zone_before);
                self.wait(order, due, look.zone_before, look.jitter);
                self.triggers[order].moved(left, &zone);
            }
            for pending in &mut self.pending {
                pending.start = pending.start.min(look.now);
            }
        }
        for order in 0..self.triggers.len() {
            let due = self.triggers[order].live_until(look.now, &zone);
            self.wait(order, due, &zone, look.jitter);
        }
        self.machine = look.machine.name.to_owned();
        self.decide(look, moves)
    }

    fn wait(&mut self, order: usize, due: Vec<i64>, zone: &Zone, jitter: JitterOf<'_>) {
        for at in due {
            let start = at + jitter(&self.triggers[order].key, at, &zone.zone);
            self.pending.push(Pending { at, start, order });
        }
    }

    fn decide(&mut self, look: &Look<'_>, moves: bool) -> Vec<i64> {
        let (mut come, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|p| p.start <= look.now);
        self.pending = waiting;
        come.sort_by_key(|p| (p.at, p.order));
        come.dedup_by_key(|p| p.at);
        come.retain(|p| self.rows.get(&p.at).is_none_or(|row| is_missed(row.verdict)));
        let mut decided: Vec<(i64, Row)> = Vec::new();
        for p in come {
            let late =
                (look.now - p.start >= LATE).then(|| match moves && p.start <= look.before {
                    true => LateCause::ZoneChanged,
                    false => (look.cause)(p.start),
                });
            let verdict = self.alone(late, look.now - p.start);
            decided
                .push((p.at, Row { trigger: self.triggers[p.order].key.clone(), verdict, late }));
        }
        let last = decided.iter().rposition(|(_, row)| row.verdict == Verdict::Runs);
        for (index, (_, row)) in decided.iter_mut().enumerate() {
            let stands_in = Some(index) != last && row.late.is_some();
            if self.missed == Missed::Once && row.verdict == Verdict::Runs && stands_in {
                row.verdict = Verdict::Skipped(SkipReason::Superseded);
            }
        }
        let mut late_runs = 0;
        for (_, row) in decided.iter_mut().rev() {
            if self.missed == Missed::All && row.verdict == Verdict::Runs && row.late.is_some() {
                late_runs += 1;
                if late_runs > CATCH_UP {
                    row.verdict = Verdict::Skipped(SkipReason::TooLate);
                }
            }
        }
        let times = decided.iter().map(|(at, _)| *at).collect();
        self.rows.extend(decided);
        times
    }

    fn alone(&self, late: Option<LateCause>, by: i64) -> Verdict {
        if self.disabled {
            return Verdict::Skipped(SkipReason::Disabled);
        }
        if self.paused {
            return Verdict::Skipped(SkipReason::Paused);
        }
        let Some(cause) = late else { return Verdict::Runs };
        if self.missed == Missed::Skip {
            let down = matches!(cause, LateCause::SupervisorDown | LateCause::PoweredOff);
            return Verdict::Skipped(if down {
                SkipReason::SupervisorDown
            } else {
                SkipReason::TooLate
            });
        }
        if self.max_late.is_some_and(|most| by > most) {
            return Verdict::Skipped(SkipReason::TooLate);
        }
        Verdict::Runs
    }
}

fn is_missed(verdict: Verdict) -> bool {
    use SkipReason::{Superseded, SupervisorDown, TooLate};
    matches!(verdict, Verdict::Skipped(TooLate | Superseded | SupervisorDown))
}
