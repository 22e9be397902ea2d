//! Bounds in goals as people write them, and sentences that only look like bounds.

mod zones;

use jiff::Timestamp;
use nightshift_schedule::{BoundKind, Bounds};
use zones::zone;

const HOUR: i64 = 3_600_000;

/// Wednesday, 18:30 in Berlin.
const NOW: &str = "2026-11-25T17:30:00Z";

fn parse(condition: &str) -> Bounds {
    let now: Timestamp = NOW.parse().unwrap();
    Bounds::parse(condition, now.as_millisecond(), &zone("Europe/Berlin"))
}

fn limits(condition: &str, turns: Option<u32>, time_ms: Option<i64>) -> Bounds {
    let bounds = parse(condition);
    assert_eq!((bounds.turns, bounds.time_ms), (turns, time_ms), "{condition}");
    bounds
}

#[test]
fn turns_and_times_are_bounds_at_the_end_of_a_clause() {
    for (condition, turns, time_ms) in [
        ("all tests pass, or stop after 20 turns", Some(20), None),
        ("the output of \"npm test\" shows 0 failures, or stop after 15 turns", Some(15), None),
        ("all tests pass or after 2 hours", None, Some(2 * HOUR)),
        ("all tests pass. Stop after 30 minutes.", None, Some(HOUR / 2)),
        ("stop after 1 turn", Some(1), None),
        ("all tests pass\nstop after 90m", None, Some(3 * HOUR / 2)),
        ("tests pass (stop after an hour)", None, Some(HOUR)),
        ("tests pass, but give up after two days", None, Some(48 * HOUR)),
        ("tests pass OR STOP AFTER 20 TURNS", Some(20), None),
        (
            "tests pass, or stop after 20 turns or 2 hours, whichever comes first",
            Some(20),
            Some(2 * HOUR),
        ),
        ("tests pass or stop after 20 turns or after half an hour", Some(20), Some(HOUR / 2)),
        ("tests pass, or stop after 20 turns, or stop after 10 turns", Some(10), None),
        ("or stop after 30 days", None, Some(720 * HOUR)),
    ] {
        let bounds = limits(condition, turns, time_ms);
        assert_eq!(bounds.doubtful, [], "{condition}");
        assert!(!bounds.found.is_empty(), "{condition}");
    }
}

#[test]
fn what_was_found_is_a_span_of_the_condition() {
    let condition = "größte Datei < 1 MB, or stop after 20 turns; not before 20:00";
    let bounds = parse(condition);
    let said: Vec<_> = bounds.found.iter().map(|f| (f.kind, &condition[f.start..f.end])).collect();
    assert_eq!(
        said,
        [(BoundKind::Turns, "or stop after 20 turns"), (BoundKind::NotBefore, "not before 20:00")]
    );
    let json = serde_json::to_string(&bounds).unwrap();
    assert_eq!(serde_json::from_str::<Bounds>(&json).unwrap(), bounds);
    assert_eq!(serde_json::from_str::<Bounds>("{}").unwrap(), Bounds::default());
}

#[test]
fn doubtful_clauses_are_no_bounds_and_are_said() {
    for (condition, part) in [
        ("the server must stop after 2 hours", "part of a sentence"),
        ("it can start and stop after 20 turns", "part of a sentence"),
        ("users are logged out after 1 hour or after 2 hours", "part of a sentence"),
        ("tests pass or stop after 20 turns of the screw", "part of a sentence"),
        ("tests pass, or stop after 0 turns", "above 0"),
        ("tests pass, or stop after 20000 turns", "more than 10000 turns"),
        ("tests pass, or stop after 99999999999999999999 turns", "more than 10000 turns"),
        ("tests pass, or stop after 31 days", "more than 30 days"),
        ("tests pass, or stop after 5 attempts", "nobody counts attempts"),
        ("tests pass, not before 25:00", "no such time"),
        ("tests pass, not before 13pm", "no such time"),
        ("tests pass, not before 2026-02-30", "no such date"),
        ("tests pass, not before 18:00 yesterday", "more follows"),
    ] {
        let bounds = parse(condition);
        assert_eq!(bounds.found, [], "{condition}");
        assert_eq!((bounds.turns, bounds.time_ms, bounds.not_before_ms), (None, None, None));
        assert_eq!(bounds.doubtful.len(), 1, "{condition}: {bounds:?}");
        let why = &bounds.doubtful[0].why;
        assert!(why.contains(part), "{condition}: {why}");
    }
}

#[test]
fn sentences_without_bounds_have_none() {
    for condition in [
        "",
        "all tests pass",
        "the log says \"or stop after 20 turns\"",
        "the help of `run, stop after 5 turns` is right",
        "the timer stops after 2 hours",
        "the queue is empty after 20 turns",
        "nothing is deployed, not before the tests pass",
        "it is not before its time",
        "stop after the first failure",
        "not before 18",
        "not before tomorrow at the office",
        "20 turns",
    ] {
        assert_eq!(parse(condition), Bounds::default(), "{condition}");
    }
}

#[test]
fn not_before_waits_for_the_next_such_moment() {
    for (condition, expected) in [
        ("tests pass, not before 20:00", "2026-11-25T20:00+01:00"),
        ("tests pass, not before 18:00", "2026-11-26T18:00+01:00"),
        ("tests pass, not before 6pm", "2026-11-26T18:00+01:00"),
        ("tests pass, not before 11:30 PM", "2026-11-25T23:30+01:00"),
        ("tests pass, not before 12am", "2026-11-26T00:00+01:00"),
        ("tests pass, not before noon", "2026-11-26T12:00+01:00"),
        ("not before tomorrow 9am", "2026-11-26T09:00+01:00"),
        ("not before tomorrow at 09:15, then tests pass", "2026-11-26T09:15+01:00"),
        ("not before tomorrow", "2026-11-26T00:00+01:00"),
        ("not before today 18:00", "2026-11-25T18:00+01:00"),
        ("not before 2026-12-01 08:00", "2026-12-01T08:00+01:00"),
        ("not before 2026-12-01", "2026-12-01T00:00+01:00"),
        ("not before 2027-07-01 8:05am.", "2027-07-01T08:05+02:00"),
        ("Not before Monday 9am", "2026-11-30T09:00+01:00"),
        ("not before wednesday 20:00", "2026-11-25T20:00+01:00"),
        ("not before wednesday 9:00", "2026-12-02T09:00+01:00"),
        ("not before in 2 hours", "2026-11-25T20:30+01:00"),
        // The clock leaps over this one.
        ("not before 2027-03-28 02:30", "2027-03-28T03:30+02:00"),
        // The later of two.
        ("not before 20:00, not before 21:00", "2026-11-25T21:00+01:00"),
    ] {
        let expected: Timestamp = expected.parse().unwrap();
        let bounds = parse(condition);
        assert_eq!(bounds.not_before_ms, Some(expected.as_millisecond()), "{condition}");
        assert_eq!(bounds.doubtful, [], "{condition}");
    }
}
