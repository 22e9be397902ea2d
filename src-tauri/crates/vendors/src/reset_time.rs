//! When a usage limit ends, read from a sentence. Agents write it for people: to the minute, in
//! local time, often without a date.
//!
//! Promise: never earlier than the limit ends. A time is taken as the end of its minute.

use jiff::civil::{DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, ZonedDateTime, ZonedDateTimeRound};
use nightshift_model::Millis;

/// Seconds are cut off in a sentence: a limit can end this much later than it says.
const CUT_OFF_MS: u64 = 59_999;

const TIMES: [&str; 4] = ["%I:%M %p", "%I:%M%p", "%I %p", "%I%p"];
/// What stands before the time. A date without a year is in the year that follows.
const DATES: [&str; 2] = ["%b %d, %Y", "%b %d"];

/// The end of the limit in `when`, for example `9:46 PM`, `4am` or `Nov 27th, 2026 9:46 PM`, said at
/// `at` in `zone`.
pub fn read(when: &str, at: Millis, zone: &TimeZone) -> Option<Millis> {
    let said = Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    let said = said.to_zoned_datetime(zone.clone());
    let when = plain(when);
    let resets = match TIMES.iter().find_map(|form| strtime::parse(form, &when).ok()) {
        Some(parsed) => next_at(&said, parsed.to_time().ok()?)?,
        None => dated(&said, &when)?,
    };
    let minute = u64::try_from(resets.timestamp().as_millisecond()).ok()?;
    Some(Millis(minute.saturating_add(CUT_OFF_MS)))
}

/// Without the endings of ordinals, and with one blank between words.
fn plain(when: &str) -> String {
    let words = when.split_whitespace().map(|word| {
        let bare = word.trim_end_matches(',');
        let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|end| bare.strip_suffix(end));
        match ordinal.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(digits) => word.replacen(bare, digits, 1),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The first minute from that of `said` on at which a clock shows `time`.
fn next_at(said: &ZonedDateTime, time: Time) -> Option<ZonedDateTime> {
    let minute =
        said.round(ZonedDateTimeRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Trunc));
    let today = said.with().time(time).build().ok()?;
    match today >= minute.ok()? {
        true => Some(today),
        false => today.checked_add(1.day()).ok(),
    }
}

fn dated(said: &ZonedDateTime, when: &str) -> Option<ZonedDateTime> {
    let zone = said.time_zone().clone();
    for time in TIMES {
        for (date, has_year) in DATES.iter().zip([true, false]) {
            for between in [" ", ", ", " at "] {
                let form = format!("{date}{between}{time}");
                let (form, text) = match has_year {
                    true => (form, when.to_owned()),
                    false => (format!("%Y {form}"), format!("{} {when}", said.year())),
                };
                let Ok(parsed) = strtime::parse(&form, &text) else { continue };
                let moment: DateTime = parsed.to_datetime().ok()?;
                let moment = moment.to_zoned_datetime(zone).ok()?;
                let is_past = !has_year && moment < said.checked_sub(1.day()).ok()?;
                return if is_past { moment.checked_add(1.year()).ok() } else { Some(moment) };
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_the_end_of_a_minute() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // 21:46:30 there.
        let said: Timestamp = "2026-12-29T20:46:30Z".parse().unwrap();
        let said = Millis(u64::try_from(said.as_millisecond()).unwrap());
        for (text, expected) in [
            ("9:47 PM", "2026-12-29T21:47"),
            ("9:46 PM", "2026-12-29T21:46"),
            ("9:45 PM", "2026-12-30T21:45"),
            ("9:47pm", "2026-12-29T21:47"),
            ("4am", "2026-12-30T04:00"),
            ("12 AM", "2026-12-30T00:00"),
            ("Dec 31, 5am", "2026-12-31T05:00"),
            ("Dec 31 at 5:30pm", "2026-12-31T17:30"),
            ("Jan 2, 5am", "2027-01-02T05:00"),
            ("Dec 29, 9:46pm", "2026-12-29T21:46"),
            ("Nov 3rd, 2027 9:46 PM", "2027-11-03T21:46"),
            ("Jan 2, 2027, 9:46 PM", "2027-01-02T21:46"),
            ("Jan 21st, 2027  9 PM", "2027-01-21T21:00"),
        ] {
            let expected: DateTime = format!("{expected}:59.999").parse().unwrap();
            let expected = expected.to_zoned_datetime(zone.clone()).unwrap().timestamp();
            let read = read(text, said, &zone).map(|at| at.0);
            assert_eq!(read, u64::try_from(expected.as_millisecond()).ok(), "{text}");
        }
        for text in ["", "later", "noon", "25:00", "13 PM", "Feb 30, 2027 9 PM", "\u{1f600}th"] {
            assert_eq!(read(text, said, &zone), None, "{text}");
        }
    }
}
