//! What any text does to the parsers: they never panic, what they give stands in the text, and what is written
//! out is read back the same.

mod zones;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use nightshift_schedule::{Bounds, Cron, Interval, LoopLine, Unit};
use proptest::prelude::*;
use std::sync::LazyLock;

/// 2026-11-25T17:30:00Z
const NOW_MS: i64 = 1_795_627_800_000;

static BERLIN: LazyLock<TimeZone> = LazyLock::new(|| zones::zone("Europe/Berlin"));

/// Text out of the words that the grammars know, so that their inside is reached, with noise in between.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("every".to_owned()),
        Just("or".to_owned()),
        Just("stop".to_owned()),
        Just("after".to_owned()),
        Just("not before".to_owned()),
        Just("tomorrow".to_owned()),
        Just("at".to_owned()),
        Just("in".to_owned()),
        Just("monday".to_owned()),
        Just("half an hour".to_owned()),
        Just(",".to_owned()),
        Just("\"".to_owned()),
        Just("\n".to_owned()),
        "[0-9]{1,3}",
        "[0-9]{1,2}:[0-9]{1,2}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "[0-9]{1,25}(s|m|h|d|am|pm|minutes|turns)",
        "(seconds|minute|hours|day|turn|turns|am|pm|attempts)",
        "[½é日/*?#.:;-]{1,3}",
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

fn unit() -> impl Strategy<Value = Unit> {
    prop_oneof![Just(Unit::Second), Just(Unit::Minute), Just(Unit::Hour), Just(Unit::Day)]
}

fn letter(unit: Unit) -> char {
    match unit {
        Unit::Second => 's',
        Unit::Minute => 'm',
        Unit::Hour => 'h',
        Unit::Day => 'd',
    }
}

fn expression() -> impl Strategy<Value = String> {
    let field = |low: u8, high: u8| {
        let value = low..=high;
        prop_oneof![
            Just("*".to_owned()),
            (1..=high).prop_map(|step| format!("*/{step}")),
            prop::collection::vec(value.clone(), 1..4).prop_map(|values| {
                values.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
            }),
            (value.clone(), value).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        ]
    };
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
        .prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
}

fn check_bounds(text: &str) {
    let bounds = Bounds::parse(text, NOW_MS, &BERLIN);
    let spans = bounds.found.iter().map(|found| (found.start, found.end));
    for (start, end) in spans.chain(bounds.doubtful.iter().map(|doubt| (doubt.start, doubt.end))) {
        assert!(start < end && text.get(start..end).is_some(), "{text:?}: {start}..{end}");
    }
    assert!(bounds.turns != Some(0) && bounds.time_ms.is_none_or(|ms| ms > 0), "{text:?}");
    let json = serde_json::to_string(&bounds).unwrap();
    assert_eq!(serde_json::from_str::<Bounds>(&json).unwrap(), bounds);
}

fn check_loop(text: &str) {
    if let Ok(LoopLine::Start { interval, prompt }) = LoopLine::parse(text) {
        if let Some(prompt) = &prompt {
            assert!(text.contains(prompt.as_str()) && prompt.trim() == prompt, "{text:?}");
        }
        if let Some(interval) = interval {
            let pace = interval.pace(date(2026, 2, 28).at(23, 59, 0, 0));
            assert!(pace.cron.as_str().parse::<Cron>().is_ok());
        } else {
            assert_eq!(prompt.unwrap_or_default(), text.trim());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}", words in words()) {
        for text in [&text, &words] {
            check_loop(text);
            check_bounds(text);
            if let Err(refusal) = text.parse::<Cron>() {
                prop_assert!(refusal.column >= 1 && refusal.column <= text.chars().count() + 1);
                prop_assert!(!refusal.to_string().is_empty());
            }
        }
    }

    #[test]
    fn nearly_an_expression_is_read_or_refused(text in "[0-9*,/LW?#a-z -]{0,20}( [0-9*,/-]{1,6}){0,5}") {
        match text.parse::<Cron>() {
            Ok(cron) => prop_assert_eq!(cron.as_str().parse::<Cron>(), Ok(cron.clone())),
            Err(refusal) => prop_assert!(refusal.column <= text.chars().count() + 1),
        }
    }

    #[test]
    fn an_interval_is_read_back_from_both_ends(count in 1_u64..100_000, unit in unit()) {
        let interval = Interval { count, unit };
        let words = interval.words();
        let prompt = Some("check the build".to_owned());
        let expected = Ok(LoopLine::Start { interval: Some(interval), prompt });
        for text in [
            format!("{count}{} check the build", letter(unit)),
            format!("{words} check the build"),
            format!("check the build every {words}"),
            format!("check the build, every {count}{}.", letter(unit)),
        ] {
            prop_assert_eq!(LoopLine::parse(&text), expected.clone(), "{}", text);
        }
    }

    #[test]
    fn a_pace_is_near_what_was_asked_and_a_change_is_said(count in 1_u64..2_000, unit in unit()) {
        let interval = Interval { count, unit };
        let pace = interval.pace(date(2026, 11, 25).at(17, 23, 0, 0));
        let start: Timestamp = "2026-11-02T17:23:00Z".parse().unwrap();
        let times: Vec<Timestamp> = pace.cron.all_after(start, &TimeZone::UTC).take(3).collect();
        let kept = u64::try_from(times[1].duration_since(times[0]).as_secs()).unwrap();
        prop_assert_eq!(pace.rounding.is_none(), kept == interval.seconds());
        // The widest hole between two steps is from 12 to 24 hours.
        let wanted = (interval.seconds().div_ceil(60) * 60).min(7 * 86_400);
        prop_assert!(kept * 3 >= wanted * 2 && kept * 2 <= wanted * 3, "{:?}: {}", interval, kept);
    }

    #[test]
    fn bounds_are_found_in_any_condition(turns in 1_u32..10_000, minutes in 1_i64..43_200, goal in "[a-z ]{1,40}") {
        let text = format!("{goal}, or stop after {turns} turns or {minutes} minutes");
        let bounds = Bounds::parse(&text, NOW_MS, &TimeZone::UTC);
        prop_assert_eq!((bounds.turns, bounds.time_ms), (Some(turns), Some(minutes * 60_000)), "{}", text);
    }

    #[test]
    fn the_same_words_mean_the_same_times(one in expression(), other in expression()) {
        let (Ok(one), Ok(other)) = (one.parse::<Cron>(), other.parse::<Cron>()) else { return Ok(()) };
        if one.words() == other.words() {
            let start: Timestamp = "2026-11-25T17:23:00Z".parse().unwrap();
            let times = |cron: &Cron| cron.all_after(start, &TimeZone::UTC).take(40).collect::<Vec<_>>();
            prop_assert_eq!(times(&one), times(&other), "{} and {}", one, other);
        }
    }
}

/// Random pairs rarely meet; here every expression of a small world meets every other.
#[test]
fn the_same_words_mean_the_same_times_in_a_small_world() {
    let minutes = ["*", "0", "30", "*/30", "0,30", "0-59", "*/7"];
    let hours = ["*", "9", "9,17", "*/12", "0,12", "0-23", "3,15", "6-18/6"];
    let days = ["*", "1", "*/2", "1-31", "13,14", "1-31/2"];
    let months = ["*", "1-12", "2", "1,7"];
    let weekdays = ["*", "1", "1-5", "0,6", "6,7", "*/7", "0-6", "*/2"];
    let start: Timestamp = "2026-11-25T17:23:00Z".parse().unwrap();
    let mut known = std::collections::HashMap::new();
    for minute in minutes {
        for hour in hours {
            for day in days {
                for month in months {
                    for weekday in weekdays {
                        let text = format!("{minute} {hour} {day} {month} {weekday}");
                        let cron: Cron = text.parse().unwrap();
                        let times: Vec<_> =
                            cron.all_after(start, &TimeZone::UTC).take(12).collect();
                        let (first, said) =
                            known.entry(cron.words()).or_insert((text.clone(), times.clone()));
                        assert_eq!(
                            *said,
                            times,
                            "{first} and {text} are both \"{}\"",
                            cron.words()
                        );
                    }
                }
            }
        }
    }
    assert!(known.len() > 1000, "{}", known.len());
}
