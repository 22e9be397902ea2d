//! Points in the past as people write them: a span before now, a time of day, a date, an instant.
//!
//! Promise: total; what is not understood or lies ahead is refused with examples.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use nightshift_model::Millis;
use nightshift_protocol::{Fault, FaultCode};

const EXAMPLES: &str = "write 90s, 10m, 2h, 1d12h, 18:00, 2026-11-23T18:00 or 2026-11-23T18:00Z";

/// The time that `words` name when it is `now` in `zone`.
pub fn since(words: &str, now: Millis, zone: &TimeZone) -> Result<Millis, Fault> {
    let words = words.trim();
    let invalid = |why: &str| {
        Fault::new(FaultCode::Invalid, format!("--since `{words}` {why}")).hint(EXAMPLES)
    };
    if let Some(span_ms) = span_ms(words) {
        return Ok(Millis(now.0.saturating_sub(span_ms)));
    }
    let at = instant(words, now, zone).ok_or_else(|| invalid("is no time"))?;
    // A log begins after 1970.
    let at = Millis(u64::try_from(at.as_millisecond()).unwrap_or(0));
    if at > now {
        return Err(invalid("has not come yet"));
    }
    Ok(at)
}

/// Numbers with units, the larger ones usually first: `1h30m`.
fn span_ms(words: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = words;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let unit_ms = match &rest[..letters] {
            "ms" => 1,
            "s" | "sec" | "second" | "seconds" => 1_000,
            "m" | "min" | "minute" | "minutes" => 60_000,
            "h" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            _ => return None,
        };
        total = total.saturating_add(number.saturating_mul(unit_ms));
        rest = rest[letters..].trim_start();
    }
    (!words.is_empty()).then_some(total)
}

fn instant(words: &str, now: Millis, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = words.parse::<Timestamp>() {
        return Some(instant);
    }
    let local =
        |at: DateTime| at.to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp()).ok();
    // A bare number could mean anything, and a date may be read as a time.
    if words.contains(':')
        && !words.contains('-')
        && let Ok(time) = words.parse::<Time>()
    {
        let now = Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
        let today = ZonedDateTime::new(now, zone.clone()).date();
        let latest = local(today.to_datetime(time)).filter(|at| *at <= now);
        // The last time that the clock showed it.
        return latest.or_else(|| local(today.yesterday().ok()?.to_datetime(time)));
    }
    local(words.parse::<DateTime>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times_name_a_point_in_the_past() {
        // Two hours ahead of Greenwich, where it is 16:30.
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond() as u64;
        let now = Millis(at("2026-11-23T16:30:00Z"));
        for (words, expected) in [
            ("90s", Some("2026-11-23T16:28:30Z")),
            ("10m", Some("2026-11-23T16:20:00Z")),
            ("2 hours", Some("2026-11-23T14:30:00Z")),
            ("1d12h", Some("2026-11-22T04:30:00Z")),
            ("2w", Some("2026-11-09T16:30:00Z")),
            ("2026-11-23T18:00", Some("2026-11-23T16:00:00Z")),
            ("2026-11-23 18:00:30", Some("2026-11-23T16:00:30Z")),
            ("2026-11-23", Some("2026-11-22T22:00:00Z")),
            ("2026-11-23T16:00Z", Some("2026-11-23T16:00:00Z")),
            ("2026-11-23T16:00+01:00", Some("2026-11-23T15:00:00Z")),
            ("18:00", Some("2026-11-23T16:00:00Z")),
            ("19:00", Some("2026-11-22T17:00:00Z")),
            ("2026-11-23T18:31", None),
            ("", None),
            ("10", None),
            ("m", None),
            ("10 parsecs", None),
            ("yesterday", None),
            ("2026-13-01", None),
            ("-5m", None),
            ("5é", None),
        ] {
            let got = since(words, now, &zone).ok();
            assert_eq!(got, expected.map(|text| Millis(at(text))), "{words}");
        }
        let all = since("99999999999999999999w", now, &zone);
        assert!(all.is_err(), "{all:?}");
        assert_eq!(since("9999999999w", now, &zone).unwrap(), Millis(0));
    }
}
