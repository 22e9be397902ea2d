//! Why an expression is refused: where it is wrong, what is wrong, and the way out.

use super::field::Field;
use std::fmt;

/// Where and why. Its text is one sentence that can be shown to a user or an agent as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CronRefusal {
    /// The field in question; none when it is about the expression as a whole.
    pub field: Option<Field>,
    /// The character at which it goes wrong, counted from 1 in the text as it was given.
    pub column: usize,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Empty,
    TooLong {
        most_bytes: usize,
    },
    Nickname {
        name: String,
        instead: Option<&'static str>,
    },
    FieldCount(usize),
    Question,
    Special(char),
    Name {
        name: String,
        number: u8,
    },
    Character(char),
    EmptyItem,
    OutOfBounds {
        written: String,
        low: u8,
        high: u8,
    },
    Backwards {
        from: u8,
        to: u8,
    },
    StepOfNothing {
        start: u8,
        step: String,
    },
    StepNotNumber,
    StepZero,
    StepTooLarge {
        written: String,
        most: u8,
    },
    NeverMatches,
    /// All five fields are valid and the calendar still does not take them: a fault of ours.
    Calendar {
        text: String,
        reason: String,
    },
}

impl fmt::Display for CronRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cron expression, column {}", self.column)?;
        if let Some(field) = self.field {
            write!(f, " ({})", field.name())?;
        }
        write!(f, ": {}", self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Empty => write!(
                f,
                "nothing is written; write five fields: minute, hour, day of month, month, day of week"
            ),
            Why::TooLong { most_bytes } => {
                write!(
                    f,
                    "it is longer than {most_bytes} bytes; use ranges and steps instead of lists"
                )
            }
            Why::Nickname { name, instead: Some(instead) } => {
                write!(f, "nicknames such as `{name}` are not understood; write `{instead}`")
            }
            Why::Nickname { name, instead: None } => {
                write!(f, "nicknames such as `{name}` are not understood; write five fields")
            }
            Why::FieldCount(count) => write_count(f, *count),
            Why::Question => write!(f, "`?` is not understood; write `*`"),
            Why::Special(sign) => write!(
                f,
                "`{sign}` (last day, nearest weekday, nth weekday) is not understood; list the days as \
                 numbers, or let the prompt check the date"
            ),
            Why::Name { name, number } => {
                write!(f, "names such as `{name}` are not understood; write {number}")
            }
            Why::Character(sign) => {
                write!(f, "{sign:?} is not understood; only digits and `*` `,` `-` `/` may be used")
            }
            Why::EmptyItem => {
                write!(f, "a number is missing; write one, or leave out the sign beside it")
            }
            Why::OutOfBounds { written, low, high } => {
                write!(f, "{written} is not between {low} and {high}")
            }
            Why::Backwards { from, to } => {
                write!(f, "the range {from}-{to} runs backwards; write it as two ranges in a list")
            }
            Why::StepOfNothing { start, step } => {
                write!(f, "a step needs a range or `*`; write `{start}-<last>/{step}`")
            }
            Why::StepNotNumber => write!(f, "the step after `/` must be one number"),
            Why::StepZero => write!(f, "a step of 0 never moves on; write at least 1"),
            Why::StepTooLarge { written, most } => write!(
                f,
                "a step of {written} is beyond this field and would never be taken; write at most \
                 {most}, or the one value that is meant"
            ),
            Why::Calendar { text, reason } => write!(
                f,
                "`{text}` is valid and its times cannot be computed ({reason}); write it in another \
                 way, and report this as a fault of Nightshift"
            ),
            Why::NeverMatches => write!(
                f,
                "no such day exists in the given months, so it would never run; correct the day or the \
                 month"
            ),
        }
    }
}

fn write_count(f: &mut fmt::Formatter<'_>, count: usize) -> fmt::Result {
    match count {
        6 => write!(
            f,
            "six fields are given, five are understood; leave out the seconds at the beginning or the \
             year at the end"
        ),
        7 => write!(f, "seven fields are given, five are understood; leave out seconds and year"),
        _ => write!(
            f,
            "{count} {} given, five are needed: minute, hour, day of month, month, day of week",
            if count == 1 { "field is" } else { "fields are" }
        ),
    }
}
