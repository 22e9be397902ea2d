//! Which civil minutes an expression names: computed by `cron::Schedule`, from the values that our parser read.
//!
//! Promise: of an expression only values reach that crate, written out one by one, never what a user
//! wrote. Each search is bounded: that crate ends with the year 2100 (131 years of 12 months of 31 days).
//! Must not know: zones, changes of the clock, how an expression is written.

use super::field::{Fields, Values};
use jiff::Timestamp;
use jiff::civil::{self, DateTime};
use jiff::tz::Offset;
use std::str::FromStr;

/// The years that `cron::Schedule` knows. Outside of them nothing is due.
const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2100;

/// The civil minutes of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    schedule: cron::Schedule,
    /// Where day of month and day of week both restrict, a day needs only one of them, and
    /// `cron::Schedule` wants both: then `schedule` goes by the day of the month and this by the weekday.
    by_weekday: Option<cron::Schedule>,
}

impl Calendar {
    pub fn new(fields: &Fields) -> Result<Calendar, cron::error::Error> {
        let Fields { days, weekdays, .. } = fields;
        if !fields.either_day() {
            let schedule = schedule(fields, &day_list(*days), &weekday_list(*weekdays))?;
            return Ok(Calendar { schedule, by_weekday: None });
        }
        let by_weekday = Some(schedule(fields, "*", &weekday_list(*weekdays))?);
        Ok(Calendar { schedule: schedule(fields, &day_list(*days), "*")?, by_weekday })
    }

    /// The first minute that is not before `from` and is before `until`.
    pub fn next(&self, from: DateTime, until: Option<DateTime>) -> Option<DateTime> {
        let from = from.max(civil::date(FIRST_YEAR, 1, 1).at(0, 0, 0, 0));
        if is_over(from) {
            return None;
        }
        let by_day = next_of(&self.schedule, from);
        let by_weekday = self.by_weekday.as_ref().and_then(|schedule| next_of(schedule, from));
        let next = by_day.into_iter().chain(by_weekday).min()?;
        until.is_none_or(|until| next < until).then_some(next)
    }
}

/// Whether nothing can be due at or after this.
pub(super) fn is_over(from: DateTime) -> bool {
    from.year() > LAST_YEAR
}

/// Seconds and years are that crate's own fields; its Sunday is 1.
fn schedule(
    fields: &Fields,
    days: &str,
    weekdays: &str,
) -> Result<cron::Schedule, cron::error::Error> {
    let minutes = list(fields.minutes, 60, 0);
    let hours = list(fields.hours, 24, 0);
    let months = list(fields.months, 12, 0);
    cron::Schedule::from_str(&format!("0 {minutes} {hours} {days} {months} {weekdays} *"))
}

fn day_list(days: Values) -> String {
    list(days, 31, 0)
}

fn weekday_list(weekdays: Values) -> String {
    list(weekdays, 7, 1)
}

/// The values one by one, each higher by `shift`; `*` where all of them are allowed.
fn list(values: Values, all: u32, shift: u8) -> String {
    if values.len() == all {
        return "*".to_owned();
    }
    values.iter().map(|value| (value + shift).to_string()).collect::<Vec<_>>().join(",")
}

/// Civil time passes as UTC, which has every minute exactly once. The search begins after the given
/// second, so it is given the one before.
fn next_of(schedule: &cron::Schedule, from: DateTime) -> Option<DateTime> {
    let second = Offset::UTC.to_timestamp(from).ok()?.as_second();
    let before = chrono::DateTime::from_timestamp(second - 1, 0)?;
    let next = schedule.after(&before).next()?;
    Some(Offset::UTC.to_datetime(Timestamp::from_second(next.timestamp()).ok()?))
}
