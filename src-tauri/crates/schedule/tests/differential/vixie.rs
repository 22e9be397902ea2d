//! What Vixie's cron does, transcribed from its manual and the way its main loop works: it wakes every minute,
//! keeps a virtual local time, and catches up with the clock when they part.
//!
//! It shares nothing with the crate under test: fields are read and matched here in the plainest way.
//! One thing is ours: what it would run several times in the same minute counts once.

use super::expression::Expression;
use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

const MINUTE_S: i64 = 60;
/// More than this much is a corrected clock: nothing is made up for.
const LARGE_MINUTES: i64 = 180;
/// How long before the question the daemon is started, so that it has a virtual time of its own.
const WARM_UP_MINUTES: i64 = 6 * 60;
/// No expression of the grammar lets one wait longer (29 February on a given weekday, over 2100).
const PATIENCE_DAYS: i64 = 41 * 366;

pub struct Daemon {
    fields: [Vec<u32>; 5],
    stars: [bool; 5],
    zone: Tz,
}

impl Daemon {
    pub fn new(expression: &Expression, zone: Tz) -> Daemon {
        let limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
        let fields = std::array::from_fn(|index| read(expression.field(index), limits[index]));
        let stars = std::array::from_fn(|index| expression.field(index).starts_with('*'));
        Daemon { fields, stars, zone }
    }

    /// The first moment after `after` (seconds) at which it runs the job.
    pub fn next_after(&self, after: i64) -> Option<i64> {
        let mut now = after.div_euclid(MINUTE_S) - WARM_UP_MINUTES;
        let until = now + PATIENCE_DAYS * 24 * 60;
        let mut virtual_time = self.clock(now);
        while now < until {
            now += 1;
            let clock = self.clock(now);
            if self.wake(&mut virtual_time, clock) && now * MINUTE_S > after {
                return Some(now * MINUTE_S);
            }
            let idle = self.idle_minutes(virtual_time, clock);
            if idle > 0 {
                now += idle;
                virtual_time = self.clock(now);
            }
        }
        None
    }

    /// One turn of the main loop. Local times are minutes since the epoch as the clock on the wall counts.
    fn wake(&self, virtual_time: &mut i64, clock: i64) -> bool {
        let behind = clock - *virtual_time;
        if !(-LARGE_MINUTES..=LARGE_MINUTES).contains(&behind) {
            *virtual_time = clock;
            return self.matches(clock);
        }
        if behind <= 0 {
            return self.follows_clock() && self.matches(clock);
        }
        // One minute is how it always is; more is a leap, whose fixed jobs are made up for.
        let mut runs = self.follows_clock() && self.matches(clock);
        while *virtual_time < clock {
            *virtual_time += 1;
            runs |= !self.follows_clock() && self.matches(*virtual_time);
        }
        runs
    }

    /// Minutes that can be passed over because neither this day nor the next is one of the job's.
    fn idle_minutes(&self, virtual_time: i64, clock: i64) -> i64 {
        let idle = |minutes: i64| !self.matches_day(local(minutes));
        let nothing =
            virtual_time == clock && idle(clock) && idle(clock + 24 * 60) && idle(clock + 48 * 60);
        if nothing { 20 * 60 } else { 0 }
    }

    fn clock(&self, minutes: i64) -> i64 {
        let utc = DateTime::<Utc>::from_timestamp(minutes * MINUTE_S, 0).unwrap().naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        minutes + i64::from(offset) / MINUTE_S
    }

    fn follows_clock(&self) -> bool {
        self.stars[0] || self.stars[1]
    }

    fn matches(&self, minutes: i64) -> bool {
        let at = local(minutes);
        self.fields[0].contains(&at.minute())
            && self.fields[1].contains(&at.hour())
            && self.matches_day(at)
    }

    fn matches_day(&self, at: NaiveDateTime) -> bool {
        let weekday = at.weekday().num_days_from_sunday();
        let day = self.fields[2].contains(&at.day());
        let weekday = self.fields[4].iter().any(|value| value % 7 == weekday);
        let either = !self.stars[2] && !self.stars[4];
        self.fields[3].contains(&at.month()) && if either { day || weekday } else { day && weekday }
    }
}

fn local(minutes: i64) -> NaiveDateTime {
    DateTime::<Utc>::from_timestamp(minutes * MINUTE_S, 0).unwrap().naive_utc()
}

fn read(field: &str, (low, high): (u32, u32)) -> Vec<u32> {
    let mut values = Vec::new();
    for item in field.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (low, high),
            (_, Some((from, to))) => (from.parse().unwrap(), to.parse().unwrap()),
            (single, None) => (single.parse().unwrap(), single.parse().unwrap()),
        };
        values.extend((from..=to).step_by(step.parse().unwrap()));
    }
    values
}
