//! Cron expressions of five fields: what they mean (L5), when they are due, how they are said.
//!
//! Promises: the meaning is Vixie's cron's, clock changes included (crontab(5), and the flags for
//! fields that begin with `*` in its sources): day of month and day of week both restricted means
//! either; a job at a fixed time whose minute the clock leaps over runs once right after the leap,
//! and once when the clock goes back over it; a job whose minute or hour begins with `*` follows the
//! clock. An expression that can never match does not exist.
//! Must not know: what is run, jitter, the present time.

mod due;
mod field;
mod parse;
mod refusal;
mod words;

pub use field::Field;
pub use refusal::{CronRefusal, Why};

use field::Values;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A valid expression. As text (and so in JSON) it is its five fields with one space between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    /// Sunday is 0 here, however it was written.
    weekdays: Values,
}

impl Cron {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Minute or hour begins with `*`: the job follows the clock through its changes.
    pub fn follows_clock(&self) -> bool {
        self.minutes.star || self.hours.star
    }

    fn matches_day(&self, date: Date) -> bool {
        let day = u8::try_from(date.day()).is_ok_and(|day| self.days.contains(day));
        let weekday = u8::try_from(date.weekday().to_sunday_zero_offset())
            .is_ok_and(|weekday| self.weekdays.contains(weekday));
        if self.days.star || self.weekdays.star { day && weekday } else { day || weekday }
    }

    /// Every weekday falls on every day of the year some time, so only the days of the months count.
    fn can_match(&self) -> bool {
        let either_day = !self.days.star && !self.weekdays.star;
        let longest = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let first_day = self.days.at_or_after(1);
        either_day
            || self.months.iter().any(|month| first_day.is_some_and(|day| day <= longest(month)))
    }
}

impl FromStr for Cron {
    type Err = CronRefusal;

    fn from_str(text: &str) -> Result<Cron, CronRefusal> {
        parse::parse(text)
    }
}

impl TryFrom<String> for Cron {
    type Error = CronRefusal;

    fn try_from(text: String) -> Result<Cron, CronRefusal> {
        parse::parse(&text)
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> String {
        cron.text
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
