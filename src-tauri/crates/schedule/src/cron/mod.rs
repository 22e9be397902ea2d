//! Cron expressions of five fields: what they mean (L5), when they are due, how they are said.
//!
//! Promises: the meaning is Vixie's cron's, clock changes included (crontab(5), and the flags for
//! fields that begin with `*` in its sources): day of month and day of week both restricted means
//! either; a job at a fixed time whose minute the clock leaps over runs once right after the leap,
//! and once when the clock goes back over it; a job whose minute or hour begins with `*` follows the
//! clock. An expression that can never match does not exist.
//! Must not know: what is run, jitter, the present time.

mod calendar;
mod due;
mod field;
mod parse;
mod refusal;
mod words;

pub use field::Field;
pub use refusal::{CronRefusal, Why};

use calendar::Calendar;
use field::Fields;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A valid expression. As text (and so in JSON) it is its five fields with one space between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    fields: Fields,
    /// What the values mean by the calendar. Shared, because expressions are cloned with their tasks.
    calendar: Arc<Calendar>,
}

impl Cron {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Minute or hour begins with `*`: the job follows the clock through its changes.
    pub fn follows_clock(&self) -> bool {
        self.fields.minutes.star || self.fields.hours.star
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
