//! A world with one machine: it sleeps, loses power, its supervisor is killed, its clock is set, its user travels,
//! pauses routines and edits them. All of it follows from a seed. Every plan is compared with the model.

use crate::model::{self, Look, MINUTE, Model, Row, Times, Verdict, Zone};
use crate::zones::zone;
use fastrand::Rng;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use nightshift_routines::definition::{Definition, Jitter, Missed, Trigger};
use nightshift_routines::occurrence::{LateCause, SkipReason};
use nightshift_routines::plan::{self, Facts, Known, Marks, RowChange, Span, SpanKind};
use nightshift_schedule::{ClockReading, Cron, jitter};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A supervisor looks at least so often.
const LOOK_EVERY: i64 = 30_000;
/// One event of the world a day.
const MEAN_BETWEEN_EVENTS: i64 = DAY;
/// Of a hundred routines so many are paused, resumed, edited or the like at each event.
const TOUCHED_PERCENT: u8 = 3;
const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
];

struct Routine {
    id: String,
    definition: Definition,
    marks: Marks,
    span: Option<Span>,
    model: Model,
    crons: BTreeMap<String, Cron>,
    rows: BTreeMap<i64, Verdict>,
}

pub struct World {
    random: Rng,
    wall: i64,
    since_boot: i64,
    slept: i64,
    boot: u32,
    run: u32,
    machine: usize,
    zones: Vec<Zone>,
    wrong_by: i64,
    /// Wall time of the last event's end.
    quiet_since: i64,
    routines: Vec<Routine>,
    /// Starts to come, by wall time.
    timers: BinaryHeap<Reverse<(i64, usize)>>,
    pub looks: u64,
    pub decided: BTreeMap<String, u64>,
}

impl World {
    pub fn new(seed: u64, routines: usize) -> World {
        let start: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let mut world = World {
            random: Rng::with_seed(seed),
            wall: start.as_millisecond(),
            since_boot: HOUR,
            slept: 0,
            boot: 0,
            run: 0,
            machine: 0,
            zones: ZONES.iter().map(|name| Zone::new(name, zone(name).unwrap())).collect(),
            wrong_by: 0,
            quiet_since: start.as_millisecond(),
            routines: Vec::new(),
            timers: BinaryHeap::new(),
            looks: 0,
            decided: BTreeMap::new(),
        };
        for _ in 0..routines {
            let routine = world.new_routine();
            world.routines.push(routine);
        }
        world
    }

    /// In true time, sleep and absence included.
    pub fn live(&mut self, days: i64) {
        self.plan_all(None, &|_| LateCause::Overloaded);
        let mut left = days * DAY;
        while left > 0 {
            let quiet = self.random.i64(MINUTE..2 * MEAN_BETWEEN_EVENTS);
            self.live_quietly(quiet);
            left -= quiet + self.something_happens();
            self.touch_some();
        }
    }

    fn reading(&self) -> ClockReading {
        ClockReading {
            wall_ms: self.wall,
            awake_ms: self.since_boot - self.slept,
            since_boot_ms: self.since_boot,
            boot: self.boot.to_string(),
            run: self.run.to_string(),
            zone: ZONES[self.machine].to_owned(),
        }
    }

    fn passes(&mut self, ms: i64) {
        self.wall += ms;
        self.since_boot += ms;
    }

    /// Nothing happens but due times, which are looked at a little later.
    fn live_quietly(&mut self, for_ms: i64) {
        let until = self.wall + for_ms;
        while let Some(Reverse((start, index))) = self.timers.peek().copied() {
            let at = self.wall.max(start + self.random.i64(0..LOOK_EVERY));
            if at >= until {
                break;
            }
            self.timers.pop();
            let ahead = at - self.wall;
            self.passes(ahead);
            let back = self.random.i64(1..LOOK_EVERY).min(self.wall - self.quiet_since);
            self.passes(-back);
            let before = self.reading();
            self.passes(back);
            self.plan_one(index, Some(&before), self.machine, &|_| LateCause::Overloaded);
        }
        let rest = until - self.wall;
        self.passes(rest);
        // The look at which the next event finds nothing open.
        let before = self.reading();
        while let Some(Reverse((start, index))) = self.timers.peek().copied() {
            if start > until {
                break;
            }
            self.timers.pop();
            self.plan_one(index, Some(&before), self.machine, &|_| LateCause::Overloaded);
        }
    }

    /// How long it took.
    fn something_happens(&mut self) -> i64 {
        let before = self.reading();
        let (began, zone_before) = (self.wall, self.machine);
        let long = self.random.i64(MINUTE..14 * HOUR);
        let kind = self.random.u8(..20);
        let mut took = long;
        let mut boot = i64::MIN;
        let cause = match kind {
            0..7 => {
                self.passes(long);
                self.slept += long;
                if self.random.u8(..5) == 0 && !self.near_clock_change() {
                    self.machine = self.random.usize(..ZONES.len());
                }
                LateCause::Asleep
            }
            7..11 => {
                self.passes(long / 4);
                self.run += 1;
                took = long / 4;
                LateCause::SupervisorDown
            }
            11..14 => {
                let late = self.random.i64(MINUTE..HOUR);
                self.wall += long + late;
                (self.since_boot, self.slept) = (late, 0);
                (self.boot, self.run) = (self.boot + 1, self.run + 1);
                boot = self.wall - late;
                took = long + late;
                LateCause::PoweredOff
            }
            14..17 if !self.near_clock_change() => {
                took = 0;
                self.set_the_clock();
                LateCause::ClockSet
            }
            17.. if !self.near_clock_change() => {
                took = 0;
                self.machine = self.random.usize(..ZONES.len());
                LateCause::ZoneChanged
            }
            _ => return 0,
        };
        let set_by = if cause == LateCause::ClockSet { self.wall - began } else { 0 };
        self.quiet_since = self.wall;
        let why = |start: i64| match cause {
            LateCause::PoweredOff if start >= boot => LateCause::SupervisorDown,
            cause => cause,
        };
        self.plan_all_after(&before, zone_before, set_by, &why);
        took
    }

    /// Two days around a change of any zone's clock: journeys and set clocks keep away, so that it is plain which
    /// of the two is meant.
    fn near_clock_change(&self) -> bool {
        let near = |zone: &Zone| {
            zone.local_minute(self.wall - 2 * DAY) + 4 * 24 * 60
                != zone.local_minute(self.wall + 2 * DAY)
        };
        self.zones.iter().any(near)
    }

    /// Forth, back, or right again; once in a while by weeks.
    fn set_the_clock(&mut self) {
        let by = match (self.wrong_by, self.random.u8(..12)) {
            (0, 0) => 20 * DAY,
            (0, 1) => -20 * DAY,
            (0, 2..6) => self.random.i64(-2 * HOUR..2 * HOUR),
            (0, _) => self.random.i64(-3 * DAY..3 * DAY),
            (wrong_by, _) => -wrong_by,
        };
        self.wrong_by += by;
        self.wall += by;
    }

    fn plan_all(&mut self, before: Option<&ClockReading>, why: &dyn Fn(i64) -> LateCause) {
        self.timers.clear();
        for index in 0..self.routines.len() {
            self.plan_one(index, before, self.machine, why);
        }
    }

    fn plan_all_after(
        &mut self,
        before: &ClockReading,
        zone_before: usize,
        set_by: i64,
        why: &dyn Fn(i64) -> LateCause,
    ) {
        self.timers.clear();
        for index in 0..self.routines.len() {
            self.plan_with(index, Some(before), zone_before, set_by, why);
        }
    }

    fn plan_one(
        &mut self,
        index: usize,
        before: Option<&ClockReading>,
        zone: usize,
        why: &dyn Fn(i64) -> LateCause,
    ) {
        self.plan_with(index, before, zone, 0, why);
    }

    /// Plans, commits, and compares with the model.
    fn plan_with(
        &mut self,
        index: usize,
        before: Option<&ClockReading>,
        zone_before: usize,
        set_by: i64,
        why: &dyn Fn(i64) -> LateCause,
    ) {
        let now = self.reading();
        let routine = &mut self.routines[index];
        let (id, crons) = (routine.id.clone(), &routine.crons);
        let jittered = routine.definition.policy.jitter == Jitter::Auto;
        let jitter = |key: &str, at: i64, zone: &TimeZone| match crons.get(key) {
            Some(cron) if jittered => jitter::late_ms(&id, cron, at, zone),
            _ => 0,
        };
        let look = Look {
            now: now.wall_ms,
            machine: &self.zones[self.machine],
            before: before.map_or(now.wall_ms, |before| before.wall_ms),
            zone_before: &self.zones[zone_before],
            set_by,
            cause: why,
            jitter: &jitter,
        };
        let times = routine.model.look(&look);
        let expected: Vec<(i64, Row)> =
            times.iter().map(|at| (*at, routine.model.rows[at].clone())).collect();
        let (planned, next) =
            routine.plan(before, &now, &self.zones[self.machine].zone, self.random.u8(..50) == 0);
        if planned != expected {
            let keys: Vec<String> = routine.definition.triggers.iter().map(|t| t.key().0).collect();
            let only = |some: &[(i64, Row)], others: &[(i64, Row)]| -> Vec<String> {
                let said = |(at, row): &(i64, Row)| {
                    format!("{} {row:?}", Timestamp::from_millisecond(*at).unwrap())
                };
                some.iter().filter(|row| !others.contains(row)).map(said).collect()
            };
            panic!(
                "only planned: {:#?}\nonly expected: {:#?}\n{keys:?} {:?} {:?}\nbefore {before:?}\nnow {now:?} {}\n{:?}",
                only(&planned, &expected),
                only(&expected, &planned),
                routine.definition.timezone,
                routine.definition.policy,
                Timestamp::from_millisecond(now.wall_ms).unwrap(),
                routine.marks,
            );
        }
        self.looks += 1;
        for (_, row) in &planned {
            let name = format!("{:?} {:?}", row.verdict, row.late);
            *self.decided.entry(name).or_default() += 1;
        }
        if let Some(next) = next {
            self.timers.push(Reverse((next, index)));
        }
    }

    /// The user's hands: right after a plan, as a plan asks for.
    fn touch_some(&mut self) {
        let now = self.reading();
        for index in 0..self.routines.len() {
            if self.random.u8(..100) >= TOUCHED_PERCENT {
                continue;
            }
            if let Some(span) = self.routines[index].span.take() {
                let model = &mut self.routines[index].model;
                (model.paused, model.disabled) = (false, false);
                assert!(span.to_ms.is_none());
            } else if self.random.bool() {
                let disabled = self.random.bool();
                let kind = if disabled { SpanKind::Disabled } else { SpanKind::Paused };
                let routine = &mut self.routines[index];
                routine.span = Some(Span { kind, from_ms: now.wall_ms, to_ms: None });
                (routine.model.paused, routine.model.disabled) = (!disabled, disabled);
            } else {
                self.edit(index, &now);
            }
            self.timers.retain(|Reverse((_, of))| *of != index);
            self.plan_one(index, Some(&now), self.machine, &|_| LateCause::Overloaded);
        }
    }

    /// One trigger goes, another comes.
    fn edit(&mut self, index: usize, now: &ClockReading) {
        let gone = self.random.usize(..self.routines[index].definition.triggers.len());
        self.routines[index].definition.triggers.remove(gone);
        self.routines[index].model.forget(gone);
        self.add_trigger(index, now);
    }

    fn add_trigger(&mut self, index: usize, now: &ClockReading) {
        let mut routine = std::mem::replace(&mut self.routines[index], Routine::empty());
        self.arm(&mut routine, now);
        self.routines[index] = routine;
    }

    fn new_routine(&mut self) -> Routine {
        let now = self.reading();
        let mut routine = Routine::empty();
        routine.id = format!("trig_{:08x}", self.random.u32(..));
        let policy = &mut routine.definition.policy;
        policy.missed =
            [Missed::Once, Missed::Once, Missed::Skip, Missed::All][self.random.usize(..4)];
        policy.max_late_ms = (self.random.u8(..3) == 0).then(|| self.random.i64(1..12) * HOUR);
        policy.jitter = if self.random.bool() { Jitter::Auto } else { Jitter::None };
        let own = (self.random.u8(..3) > 0).then(|| self.random.usize(..ZONES.len()));
        routine.definition.timezone = own.map(|own| ZONES[own].to_owned());
        let own = own.map(|own| self.zones[own].clone());
        let machine = ZONES[self.machine];
        routine.model = Model::new(own, policy.missed, policy.max_late_ms, machine);
        for _ in 0..self.random.usize(1..4) {
            self.arm(&mut routine, &now);
        }
        routine
    }

    fn arm(&mut self, routine: &mut Routine, now: &ClockReading) {
        let (trigger, kind) = self.new_trigger(now.wall_ms);
        let key = trigger.key();
        if routine.definition.trigger(&key).is_some() {
            return;
        }
        if let Trigger::Schedule { cron } = &trigger {
            routine.crons.insert(key.0.clone(), cron.clone());
        }
        routine.definition.triggers.push(trigger);
        routine.marks = routine.marks.armed(&routine.definition, now);
        let zone =
            routine.model.own_zone.clone().unwrap_or_else(|| self.zones[self.machine].clone());
        routine.model.triggers.push(model::Trigger::armed(&key.0, kind, now.wall_ms, &zone));
    }

    fn new_trigger(&mut self, now: i64) -> (Trigger, model::Kind) {
        match self.random.u8(..20) {
            0..2 => {
                let period_ms = self.random.i64(1..40) * HOUR + self.random.i64(0..60) * MINUTE;
                (
                    Trigger::Every { period_ms },
                    model::Kind::Every { anchor: now, period: period_ms },
                )
            }
            2..4 => {
                let date: Date =
                    TimeZone::UTC.to_datetime(Timestamp::from_millisecond(now).unwrap()).date();
                let date = date.checked_add(self.random.i64(0..90).days()).unwrap();
                // Outside of the hours at which clocks change.
                let at: DateTime = date.at(self.random.i8(6..23), self.random.i8(0..60), 0, 0);
                (Trigger::At { at }, model::Kind::At(at))
            }
            _ => {
                let (text, times) = self.new_times();
                (Trigger::Schedule { cron: text.parse().unwrap() }, model::Kind::Cron(times))
            }
        }
    }

    fn new_times(&mut self) -> (String, Times) {
        let (minute, other) = (self.random.u8(..60), self.random.u8(..60));
        let (hour, later) = (self.random.u8(..24), self.random.u8(..24));
        let (day_text, days) =
            [("*", 127), ("*", 127), ("1-5", 0b011_1110), ("0,6", 0b100_0001), ("3", 0b000_1000)]
                [self.random.usize(..5)];
        let bit = |minute: u8| 1_u64 << minute;
        let hours = |hour: u8| 1_u32 << hour;
        let all_hours = 0xff_ffff;
        let (text, minutes, hours, follows_clock) = match self.random.u8(..10) {
            0 => (format!("{minute} * * * {day_text}"), bit(minute), all_hours, true),
            1 => (format!("*/30 {hour} * * {day_text}"), bit(0) | bit(30), hours(hour), true),
            2 => (
                format!("{minute} */6 * * {day_text}"),
                bit(minute),
                hours(0) | hours(6) | hours(12) | hours(18),
                true,
            ),
            3 => (
                format!("{minute},{other} {hour} * * {day_text}"),
                bit(minute) | bit(other),
                hours(hour),
                false,
            ),
            4 => (
                format!("{minute} 1-3 * * {day_text}"),
                bit(minute),
                hours(1) | hours(2) | hours(3),
                false,
            ),
            5 => (
                format!("{minute} {hour},{later} * * {day_text}"),
                bit(minute),
                hours(hour) | hours(later),
                false,
            ),
            _ => (format!("{minute} {hour} * * {day_text}"), bit(minute), hours(hour), false),
        };
        (text, Times { minutes, hours, days, follows_clock })
    }
}

impl Routine {
    fn empty() -> Routine {
        Routine {
            id: String::new(),
            definition: Definition::new("Do it."),
            marks: Marks::default(),
            span: None,
            model: Model::new(None, Missed::Once, None, ""),
            crons: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    fn plan(
        &mut self,
        before: Option<&ClockReading>,
        now: &ClockReading,
        machine: &TimeZone,
        killed: bool,
    ) -> (Vec<(i64, Row)>, Option<i64>) {
        let rows = &self.rows;
        let row = |at: i64| rows.get(&at).map(|verdict| known(*verdict));
        let spans: Vec<Span> = self.span.into_iter().collect();
        let mut facts = Facts {
            routine: &self.id,
            definition: &self.definition,
            marks: &self.marks,
            before,
            now,
            machine,
            zones: &zone,
            spans: &spans,
            row: &row,
        };
        let mut plan = plan::plan(&facts);
        if killed {
            // Before the commit; the next supervisor plans from what is stored.
            let stored = serde_json::to_string(&self.marks).unwrap();
            let marks: Marks = serde_json::from_str(&stored).unwrap();
            facts.marks = &marks;
            let again = plan::plan(&facts);
            assert_eq!(again, plan);
            plan = again;
        }
        assert!(!plan.more);
        let next = plan.next_ms;
        let mut decided = Vec::new();
        for planned in plan.occurrences {
            let verdict = match planned.verdict {
                plan::Verdict::Due => Verdict::Runs,
                plan::Verdict::Skip(reason) => Verdict::Skipped(reason),
            };
            let old = self.rows.insert(planned.due_ms, verdict);
            assert_eq!(old.is_some(), planned.row == RowChange::Again, "{planned:?}");
            assert!(old.is_none_or(|old| known(old) == Known::Missed), "double: {planned:?}");
            let row = Row { trigger: planned.trigger.0, verdict, late: planned.late };
            decided.push((planned.due_ms, row));
        }
        self.marks = plan.marks;
        (decided, next)
    }
}

fn known(verdict: Verdict) -> Known {
    match verdict {
        Verdict::Skipped(reason) if SkipReason::is_missed(reason) => Known::Missed,
        _ => Known::Decided,
    }
}
