//! An expression in human words (`humanSchedule`), or itself where words would be long or doubtful.
//!
//! Promise: two expressions with the same words are due on the same days at the same times.
//! Must not know: dates, zones.

use super::Cron;
use super::field::Values;

/// More times or days than this read worse than the expression.
const LISTED_MAX: u32 = 4;
const WEEKDAYS: [&str; 7] =
    ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// On which days something is due.
enum Days {
    All,
    Some(String),
}

impl Cron {
    /// "every 5 minutes", "weekdays at 09:00", "the 1st of each month at 12:30"; what cannot be said
    /// in few words is the expression itself.
    pub fn words(&self) -> String {
        self.say().unwrap_or_else(|| self.as_str().to_owned())
    }

    fn say(&self) -> Option<String> {
        let days = self.say_days()?;
        if let Some(often) = self.say_often() {
            return Some(match days {
                Days::All => often,
                Days::Some(days) => format!("{often} on {days}"),
            });
        }
        if self.fields.minutes.len() != 1 || self.fields.hours.len() > LISTED_MAX {
            return None;
        }
        let minute = self.fields.minutes.at_or_after(0)?;
        let times =
            list(self.fields.hours.iter().map(|hour| format!("{hour:02}:{minute:02}")).collect());
        Some(match days {
            Days::All => format!("every day at {times}"),
            Days::Some(days) => format!("{days} at {times}"),
        })
    }

    /// What happens all day long at even distances.
    fn say_often(&self) -> Option<String> {
        let minute = self.fields.minutes.at_or_after(0)?;
        let every_hour = self.fields.hours.len() == 24;
        if every_hour && self.fields.minutes.len() > 1 {
            let step = even_step(self.fields.minutes, 60)?;
            return (minute == 0).then(|| every(step, "minute"));
        }
        if self.fields.minutes.len() != 1 || self.fields.hours.len() <= 1 {
            return None;
        }
        let step = even_step(self.fields.hours, 24)?;
        // From another hour than midnight on, "every 6 hours" would not say which.
        let from_midnight = self.fields.hours.contains(0);
        let past = if minute == 0 { String::new() } else { format!(" at :{minute:02}") };
        from_midnight.then(|| format!("{}{past}", every(step, "hour")))
    }

    fn say_days(&self) -> Option<Days> {
        let every_day = self.fields.days.len() == 31;
        let every_weekday = self.fields.weekdays.len() == 7;
        let every_month = self.fields.months.len() == 12;
        let one_field_decides = !self.fields.either_day();
        let all =
            if one_field_decides { every_day && every_weekday } else { every_day || every_weekday };
        match (all, every_month) {
            (true, true) => return Some(Days::All),
            (true, false) => {
                return self.say_months().map(|months| Days::Some(format!("days in {months}")));
            }
            _ => {}
        }
        if one_field_decides && every_day {
            let days = say_weekdays(self.fields.weekdays);
            return Some(Days::Some(if every_month {
                days
            } else {
                format!("{days} in {}", self.say_months()?)
            }));
        }
        if one_field_decides && every_weekday && self.fields.days.len() <= LISTED_MAX {
            let days = list(self.fields.days.iter().map(ordinal).collect());
            let months = if every_month { "each month".to_owned() } else { self.say_months()? };
            return Some(Days::Some(format!("the {days} of {months}")));
        }
        None
    }

    fn say_months(&self) -> Option<String> {
        let name = |month: u8| MONTHS.get(usize::from(month).checked_sub(1)?).copied();
        let names: Option<Vec<String>> =
            self.fields.months.iter().map(|month| name(month).map(str::to_owned)).collect();
        (self.fields.months.len() <= LISTED_MAX).then_some(list(names?))
    }
}

fn say_weekdays(weekdays: Values) -> String {
    let days: Vec<u8> = weekdays.iter().collect();
    match days.as_slice() {
        [1, 2, 3, 4, 5] => "weekdays".to_owned(),
        [0, 6] => "weekends".to_owned(),
        // The week begins on Monday where days are listed.
        [0, rest @ ..] => names_of(rest.iter().copied().chain([0])),
        _ => names_of(days.into_iter()),
    }
}

fn names_of(days: impl Iterator<Item = u8>) -> String {
    list(days.map(|day| WEEKDAYS[usize::from(day) % 7].to_owned()).collect())
}

/// The distance between values when it is the same all around a circle of `around`.
fn even_step(values: Values, around: u32) -> Option<u32> {
    let step = around.checked_div(values.len()).filter(|step| step * values.len() == around)?;
    let first = values.at_or_after(0)?;
    values
        .iter()
        .enumerate()
        .all(|(index, value)| {
            u32::try_from(index).is_ok_and(|i| u32::from(value) == u32::from(first) + i * step)
        })
        .then_some(step)
}

fn every(count: u32, unit: &str) -> String {
    if count == 1 { format!("every {unit}") } else { format!("every {count} {unit}s") }
}

fn ordinal(day: u8) -> String {
    let ending = match (day % 10, day / 10) {
        (1, 0 | 2 | 3) => "st",
        (2, 0 | 2) => "nd",
        (3, 0 | 2) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn list(mut items: Vec<String>) -> String {
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}
