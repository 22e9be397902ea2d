//! Moments as people write them after "not before": `18:00`, `6pm`, `tomorrow 9am`, `monday 8:30`,
//! `2026-12-01 08:00`, `in 2 hours`.
//!
//! Promise: a time of day is the next one, as of now; a date that does not exist is said, not bent.

use crate::text::{self, Token};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// A moment in milliseconds since the epoch, or why there is none.
type Read = Result<i64, String>;

/// The moment at the beginning of these tokens and how many of them it takes. None: no moment is meant.
pub(crate) fn read(tokens: &[Token<'_>], now_ms: i64, zone: &TimeZone) -> Option<(Read, usize)> {
    let now = Timestamp::from_millisecond(now_ms).ok()?;
    let local = zone.to_datetime(now);
    let first = tokens.first()?;
    if first.is("in") {
        let (interval, used) = text::interval(&tokens[1..])?;
        let ms = i64::try_from(interval.seconds().saturating_mul(1000)).unwrap_or(i64::MAX);
        let moment_ms = now_ms.saturating_add(ms);
        return Some((
            Timestamp::from_millisecond(moment_ms).map(|_| moment_ms).map_err(too_far),
            used + 1,
        ));
    }
    let (read, used) = match day(tokens, local.date()) {
        Some((Ok(day), used)) => on_day(tokens, day, used, local)?,
        Some((Err(why), used)) => (Err(why), used),
        None => {
            let (time, used) = time(tokens)?;
            (time.and_then(|time| next_at(time, local)), used)
        }
    };
    let moment = read
        .and_then(|local| zone.to_timestamp(local).map(Timestamp::as_millisecond).map_err(too_far));
    Some((moment, used))
}

/// A day, which may still have to move on by a week.
#[derive(Clone, Copy)]
struct Day {
    date: Date,
    weekly: bool,
}

/// The time on that day, its beginning when none is given.
fn on_day(
    tokens: &[Token<'_>],
    day: Day,
    used: usize,
    local: DateTime,
) -> Option<(Result<DateTime, String>, usize)> {
    let joint = usize::from(tokens.get(used).is_some_and(|token| token.is("at")));
    let (time, used) = match time(&tokens[used + joint..]) {
        Some((time, more)) => (time, used + joint + more),
        // "tomorrow at the office" says no time.
        None if joint == 1 => return None,
        None => (Ok(Time::midnight()), used),
    };
    let moment = time.map(|time| {
        let moment = day.date.to_datetime(time);
        let passed = day.weekly && moment <= local;
        if passed { moment.saturating_add(1.week()) } else { moment }
    });
    Some((moment, used))
}

fn next_at(time: Time, local: DateTime) -> Result<DateTime, String> {
    let today = local.date().to_datetime(time);
    if today > local { Ok(today) } else { today.checked_add(1.day()).map_err(too_far) }
}

fn day(tokens: &[Token<'_>], today: Date) -> Option<(Result<Day, String>, usize)> {
    let first = tokens.first()?;
    let once = |date| Day { date, weekly: false };
    if first.is("today") {
        return Some((Ok(once(today)), 1));
    }
    if first.is("tomorrow") {
        return Some((today.tomorrow().map(once).map_err(too_far), 1));
    }
    if let Some(weekday) = WEEKDAYS.iter().position(|name| first.is(name)) {
        let from = i64::from(today.weekday().to_sunday_zero_offset());
        let ahead = (i64::try_from(weekday).unwrap_or(0) - from).rem_euclid(7);
        let date = today.saturating_add(ahead.days());
        return Some((Ok(Day { date, weekly: true }), 1));
    }
    let [year, dash, month, second_dash, day, ..] = tokens else { return None };
    let parts = [year.number()?, month.number()?, day.number()?];
    let adjacent = [year, dash, month, second_dash, day]
        .windows(2)
        .all(|pair| pair[0].range.end == pair[1].range.start);
    if !adjacent || !dash.is("-") || !second_dash.is("-") || year.text.len() != 4 {
        return None;
    }
    let date = || {
        let (year, month) = (i16::try_from(parts[0]).ok()?, i8::try_from(parts[1]).ok()?);
        Date::new(year, month, i8::try_from(parts[2]).ok()?).ok()
    };
    Some((date().map(once).ok_or_else(|| "there is no such date; correct it".to_owned()), 5))
}

/// `18:00`, `6pm`, `6 pm`, `6:30pm`, `noon`, `midnight`.
fn time(tokens: &[Token<'_>]) -> Option<(Result<Time, String>, usize)> {
    let first = tokens.first()?;
    if first.is("noon") {
        return Some((Ok(Time::constant(12, 0, 0, 0)), 1));
    }
    if first.is("midnight") {
        return Some((Ok(Time::midnight()), 1));
    }
    let colon = tokens.get(1).filter(|colon| colon.is(":") && colon.range.start == first.range.end);
    let minute = colon
        .and_then(|colon| tokens.get(2).filter(|minute| minute.range.start == colon.range.end));
    let (hour, minute, last, used) = match minute {
        Some(last) => {
            let (minute, half) = split_half(last.text);
            if minute.len() != 2 {
                return None;
            }
            (number(first.text)?, number(minute)?, half, 3)
        }
        None => {
            let (hour, half) = split_half(first.text);
            (number(hour)?, 0, half, 1)
        }
    };
    let (half, used) = match (last, tokens.get(used)) {
        (None, Some(next)) if next.is_any(&["am", "pm"]) => (Some(next.is("pm")), used + 1),
        (half, _) => (half, used),
    };
    // A bare number is no time of day.
    if half.is_none() && minute_is_absent(used) {
        return None;
    }
    Some((
        clock(hour, minute, half)
            .ok_or_else(|| "there is no such time of day; correct it".to_owned()),
        used,
    ))
}

fn minute_is_absent(used: usize) -> bool {
    used < 3
}

/// `30pm` → `30` and the afternoon.
fn split_half(text: &str) -> (&str, Option<bool>) {
    let lower = text.to_ascii_lowercase();
    for (ending, afternoon) in [("am", false), ("pm", true)] {
        if lower.ends_with(ending) {
            return (&text[..text.len() - ending.len()], Some(afternoon));
        }
    }
    (text, None)
}

fn number(text: &str) -> Option<i8> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn clock(hour: i8, minute: i8, afternoon: Option<bool>) -> Option<Time> {
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    Time::new(hour, minute, 0, 0).ok()
}

fn too_far(_: jiff::Error) -> String {
    "it is beyond the calendar; write an earlier time".to_owned()
}
