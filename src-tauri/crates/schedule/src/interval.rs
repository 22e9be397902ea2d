//! Lengths of time as people write them, and the cron expression that comes closest.
//!
//! Promises: seconds count as the minute they are part of; what no step of cron fits becomes the
//! nearest that does (of two equally near ones the longer, which costs less), and that is said.
//! Must not know: what is repeated.

use crate::cron::Cron;
use jiff::civil::DateTime;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
/// Minutes between runs that stay even over the hour, hours over the day, days over the month.
/// A loop ends after seven days, so nothing longer has a meaning; two to six days count from the 1st.
const STEPS_MIN: &[u64] = &[
    1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 2880, 4320, 5760,
    7200, 8640, 10080,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    /// `m`, `min`, `minute`, `minutes`, in any case.
    pub fn of_word(word: &str) -> Option<Unit> {
        match word.to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Some(Unit::Second),
            "m" | "min" | "mins" | "minute" | "minutes" => Some(Unit::Minute),
            "h" | "hr" | "hrs" | "hour" | "hours" => Some(Unit::Hour),
            "d" | "day" | "days" => Some(Unit::Day),
            _ => None,
        }
    }

    pub fn seconds(self) -> u64 {
        match self {
            Unit::Second => 1,
            Unit::Minute => MINUTE_S,
            Unit::Hour => HOUR_S,
            Unit::Day => DAY_S,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::Second => "second",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
        }
    }
}

/// A number of units, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub count: u64,
    pub unit: Unit,
}

/// What an interval became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    pub cron: Cron,
    /// "every 6 minutes", "every day at 17:23"
    pub words: String,
    /// What was changed and why, when it was; to be reported to whoever wrote the interval.
    pub rounding: Option<String>,
}

impl Interval {
    pub fn words(self) -> String {
        say(self.count, self.unit)
    }

    pub fn seconds(self) -> u64 {
        self.count.saturating_mul(self.unit.seconds())
    }

    /// The nearest pace that cron can keep. Days keep the time of day of `local`, the local time at
    /// which the loop is started (and weeks its weekday), so that the next run is a day from then.
    pub fn pace(self, local: DateTime) -> Pace {
        let wanted_min = self.seconds().div_ceil(MINUTE_S).max(1);
        let step_min = nearest(wanted_min);
        let words = pace_words(step_min, local);
        let rounding = self.rounding(wanted_min, step_min);
        Pace { cron: expression(step_min, local), words, rounding }
    }

    fn rounding(self, wanted_min: u64, step_min: u64) -> Option<String> {
        let longest = STEPS_MIN.last().copied().unwrap_or(0);
        let (written, became) = (self.words(), say_minutes(step_min));
        if wanted_min > longest {
            return Some(format!(
                "{written} became {became}, because a loop ends after seven days"
            ));
        }
        if wanted_min != step_min {
            return Some(format!(
                "{written} became {became}, the nearest interval that divides its hour, day or week evenly"
            ));
        }
        (self.unit == Unit::Second && !self.count.is_multiple_of(MINUTE_S)).then(|| {
            format!("{written} became {became}, because seconds round up to whole minutes")
        })
    }
}

fn nearest(wanted_min: u64) -> u64 {
    let near = STEPS_MIN.iter().rev().min_by_key(|step| step.abs_diff(wanted_min));
    near.copied().unwrap_or(1)
}

fn expression(step_min: u64, local: DateTime) -> Cron {
    let (hour, minute) = (local.hour(), local.minute());
    let weekday = local.date().weekday().to_sunday_zero_offset();
    let text = match step_min {
        1 => "* * * * *".to_owned(),
        2..60 => format!("*/{step_min} * * * *"),
        60 => "0 * * * *".to_owned(),
        61..1440 => format!("0 */{} * * *", step_min / 60),
        1440 => format!("{minute} {hour} * * *"),
        1441..10080 => format!("{minute} {hour} */{} * *", step_min / 1440),
        _ => format!("{minute} {hour} * * {weekday}"),
    };
    text.parse().expect("an expression made of a step and a time is valid")
}

fn pace_words(step_min: u64, local: DateTime) -> String {
    let length = say_minutes(step_min);
    let length = length.strip_prefix("1 ").unwrap_or(&length);
    if step_min < DAY_S / MINUTE_S {
        return format!("every {length}");
    }
    format!("every {length} at {:02}:{:02}", local.hour(), local.minute())
}

fn say_minutes(minutes: u64) -> String {
    match minutes {
        0..60 => say(minutes, Unit::Minute),
        60..1440 => say(minutes / 60, Unit::Hour),
        _ => say(minutes / 1440, Unit::Day),
    }
}

fn say(count: u64, unit: Unit) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {}{plural}", unit.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: u64, unit: Unit, cron: &str, words: &str, rounding: Option<&str>) {
        let local = DateTime::constant(2026, 11, 25, 17, 23, 9, 0);
        let pace = Interval { count, unit }.pace(local);
        assert_eq!((pace.cron.as_str(), pace.words.as_str()), (cron, words), "{count} {unit:?}");
        match (&pace.rounding, rounding) {
            (None, None) => {}
            (Some(said), Some(part)) => assert!(said.contains(part), "{said}"),
            other => panic!("{count} {unit:?}: {other:?}"),
        }
    }

    #[test]
    fn intervals_become_the_nearest_step_of_cron_and_say_so() {
        check(30, Unit::Minute, "*/30 * * * *", "every 30 minutes", None);
        check(2, Unit::Hour, "0 */2 * * *", "every 2 hours", None);
        check(60, Unit::Minute, "0 * * * *", "every hour", None);
        check(1, Unit::Day, "23 17 * * *", "every day at 17:23", None);
        check(2, Unit::Day, "23 17 */2 * *", "every 2 days at 17:23", None);
        check(7, Unit::Day, "23 17 * * 3", "every 7 days at 17:23", None);
        check(24, Unit::Hour, "23 17 * * *", "every day at 17:23", None);
        check(
            7,
            Unit::Minute,
            "*/6 * * * *",
            "every 6 minutes",
            Some("7 minutes became 6 minutes"),
        );
        check(45, Unit::Minute, "0 * * * *", "every hour", Some("45 minutes became 1 hour"));
        check(90, Unit::Minute, "0 */2 * * *", "every 2 hours", Some("90 minutes became 2 hours"));
        check(5, Unit::Hour, "0 */6 * * *", "every 6 hours", Some("5 hours became 6 hours"));
        check(5, Unit::Second, "* * * * *", "every minute", Some("5 seconds became 1 minute"));
        check(61, Unit::Second, "*/2 * * * *", "every 2 minutes", Some("round up"));
        check(120, Unit::Second, "*/2 * * * *", "every 2 minutes", None);
        check(30, Unit::Day, "23 17 * * 3", "every 7 days at 17:23", Some("ends after seven days"));
        check(
            u64::MAX,
            Unit::Day,
            "23 17 * * 3",
            "every 7 days at 17:23",
            Some("ends after seven days"),
        );
    }
}
