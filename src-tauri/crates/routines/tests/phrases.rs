//! Plain words to triggers and back.

use jiff::civil::{DateTime, date};
use nightshift_routines::definition::Trigger;
use nightshift_routines::phrases::{PhraseError, read, read_front, read_schedule, words};
use proptest::prelude::*;

/// A Wednesday.
fn now() -> DateTime {
    date(2026, 11, 25).at(17, 23, 9, 0)
}

#[test]
fn plain_words_become_triggers() {
    for (phrase, key) in [
        ("every weekday at 9", "schedule 0 9 * * 1-5"),
        ("Every Weekday at 9am", "schedule 0 9 * * 1-5"),
        ("weekdays at 9:30", "schedule 30 9 * * 1-5"),
        ("hourly", "schedule 0 * * * *"),
        ("every hour", "schedule 0 * * * *"),
        ("daily at 6 pm", "schedule 0 18 * * *"),
        ("every day at noon", "schedule 0 12 * * *"),
        ("every night at midnight", "schedule 0 0 * * *"),
        ("every weekend at 10:00", "schedule 0 10 * * 0,6"),
        ("every 2 hours", "every 2h"),
        ("every two hours", "every 2h"),
        ("every 90m", "every 1h30m"),
        ("every 15 minutes", "every 15m"),
        ("every 3 days", "every 3d"),
        ("every monday and thursday at 18:00", "schedule 0 18 * * 1,4"),
        ("mondays, thursdays at 18:00", "schedule 0 18 * * 1,4"),
        ("on fridays at 7:05", "schedule 5 7 * * 5"),
        ("every thu and mon at 18:00", "schedule 0 18 * * 1,4"),
        ("first of the month at 8", "schedule 0 8 1 * *"),
        ("the 15th of each month at 8:15", "schedule 15 8 15 * *"),
        ("every month on the 2nd at 8", "schedule 0 8 2 * *"),
        ("tomorrow at 14:30", "at 2026-11-26T14:30:00"),
        ("today at 18", "at 2026-11-25T18:00:00"),
        ("at 18:00", "at 2026-11-25T18:00:00"),
        ("at 9", "at 2026-11-26T09:00:00"),
        ("monday at 9", "at 2026-11-30T09:00:00"),
        ("wednesday at 9", "at 2026-12-02T09:00:00"),
        ("on wednesday at 18:00", "at 2026-11-25T18:00:00"),
        ("2026-12-01 at 9", "at 2026-12-01T09:00:00"),
        ("on 1 december at 9", "at 2026-12-01T09:00:00"),
        ("march 3rd at 9", "at 2027-03-03T09:00:00"),
        ("29 february at 9", "at 2028-02-29T09:00:00"),
        ("in 2 hours", "at 2026-11-25T19:24:00"),
        ("in 30m", "at 2026-11-25T17:54:00"),
    ] {
        match read(phrase, now()) {
            Ok(trigger) => assert_eq!(trigger.key().0, key, "{phrase}"),
            Err(error) => panic!("{phrase}: {error}"),
        }
    }
}

#[test]
fn what_is_not_understood_is_said() {
    let word = |word: &str| PhraseError::Word(word.into());
    let none = |what: &str| PhraseError::NoSuch(what.into());
    for (phrase, error) in [
        ("", PhraseError::Empty),
        ("  ", PhraseError::Empty),
        ("whenever", word("whenever")),
        ("every blue moon at 9", word("blue")),
        ("every weekday", PhraseError::TimeMissing),
        ("every weekday at", PhraseError::TimeMissing),
        ("every weekday 9", word("9")),
        ("every weekday at 9 sharp", word("sharp")),
        ("every weekday at 25", none("25")),
        ("every weekday at 9:75", none("9:75")),
        ("every weekday at 13pm", none("13pm")),
        ("every weekday at nine", word("nine")),
        ("every 30 seconds", PhraseError::Interval),
        ("every 99999999999999999 days", PhraseError::Interval),
        ("every 400 days", PhraseError::Interval),
        ("every other day at 9", word("other")),
        ("every month", PhraseError::TimeMissing),
        ("the 32nd of the month at 9", none("32nd")),
        ("the first of july at 9", word("july")),
        ("today at 9", PhraseError::Past(date(2026, 11, 25).at(9, 0, 0, 0))),
        ("2026-11-01 at 9", PhraseError::Past(date(2026, 11, 1).at(9, 0, 0, 0))),
        ("2026-02-30 at 9", none("2026-02-30")),
        ("30 february at 9", none("30 february")),
        ("tomorrow", PhraseError::TimeMissing),
        ("in a while", word("while")),
        ("0 9 * * 1-5", word("0")),
    ] {
        assert_eq!(read(phrase, now()).map(|trigger| trigger.key().0), Err(error), "{phrase}");
    }
}

#[test]
fn a_phrase_is_taken_from_the_front_of_a_line() {
    let front =
        |line: &'static str| read_front(line, now()).map(|(trigger, rest)| (trigger.key().0, rest));
    let found = |key: &str, rest| Ok((key.to_owned(), rest));
    assert_eq!(
        front("every weekday at 9 triage new issues"),
        found("schedule 0 9 * * 1-5", "triage new issues")
    );
    assert_eq!(front("every weekday at 9: run\nthem"), found("schedule 0 9 * * 1-5", "run\nthem"));
    assert_eq!(front("every weekday run it"), Err(PhraseError::Word("run".into())));
    assert_eq!(front("hourly look at the build"), found("schedule 0 * * * *", "look at the build"));
    assert_eq!(front("daily at 6 pm, say hello"), found("schedule 0 18 * * *", "say hello"));
    assert_eq!(front("tomorrow at 14:30"), found("at 2026-11-26T14:30:00", ""));
    assert_eq!(front("triage every day at 9"), Err(PhraseError::Word("triage".into())));
}

#[test]
fn triggers_are_said_in_words() {
    for (trigger, said) in [
        ("30 9 * * 1-5", "every weekday at 09:30"),
        ("0 18 * * 1,4", "every monday and thursday at 18:00"),
        ("0 8 1 * *", "the 1st of the month at 08:00"),
        ("0 8 22 * *", "the 22nd of the month at 08:00"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0 8 1 * 1", "0 8 1 * 1"),
    ] {
        let cron = Trigger::Schedule { cron: trigger.parse().unwrap() };
        assert_eq!(words(&cron), said, "{trigger}");
    }
}

/// Phrases of the grammar, and noise.
fn phrase() -> impl Strategy<Value = String> {
    let day = prop::sample::select(vec![
        "every day",
        "weekdays",
        "every monday and friday",
        "every weekend",
        "on sundays",
        "the 3rd of the month",
        "tomorrow",
        "friday",
        "on 2027-05-06",
    ]);
    let time = (0..24_u8, 0..60_u8).prop_map(|(hour, minute)| format!("at {hour}:{minute:02}"));
    let timed = (day, time).prop_map(|(day, time)| format!("{day} {time}"));
    let every = (1..400_u32, prop::sample::select(vec!["minutes", "hours", "days"]))
        .prop_map(|(count, unit)| format!("every {count} {unit}"));
    prop_oneof![
        timed,
        every,
        Just("hourly".to_owned()),
        "\\PC{0,40}",
        "(every|at|on|the|monday|1st|9|:| |in|of|pm){0,9}"
    ]
}

proptest! {
    #[test]
    fn words_of_what_was_read_are_read_as_the_same(phrase in phrase()) {
        if let Ok(trigger) = read(&phrase, now()) {
            let said = words(&trigger);
            prop_assert_eq!(read(&said, now()), Ok(trigger), "{} -> {}", phrase, said);
        }
    }

    #[test]
    fn no_line_does_harm(line in "\\PC{0,200}") {
        if let Ok((_, rest)) = read_front(&line, now()) {
            prop_assert!(line.ends_with(rest));
        }
    }
}

#[test]
fn a_schedule_is_an_expression_a_time_or_a_phrase_and_what_follows_is_kept() {
    for (line, key, rest) in [
        ("0 9 * * 1-5", "schedule 0 9 * * 1-5", ""),
        ("  0  9 * * 1-5  triage new issues ", "schedule 0 9 * * 1-5", "triage new issues "),
        ("*/15 8-18 * * 1-5: look", "schedule", "look"),
        ("2026-12-01T09:00", "at 2026-12-01T09:00:00", ""),
        ("2026-12-01T09:00 ship it", "at 2026-12-01T09:00:00", "ship it"),
        ("every weekday at 9, triage new issues", "schedule 0 9 * * 1-5", "triage new issues"),
        ("every 2 hours look at äöü\nand more", "every 2h", "look at äöü\nand more"),
        ("9 december at 9 say", "at 2026-12-09T09:00:00", "say"),
    ] {
        match read_schedule(line, now()) {
            Ok((trigger, left)) => {
                assert!(trigger.key().0.starts_with(key), "{line}: {}", trigger.key());
                assert_eq!(left, rest, "{line}");
            }
            // A field and what follows it without a space is a phrase that is not understood.
            Err(error) => assert_eq!(key, "schedule", "{line}: {error}"),
        }
    }
    let wrong = |line: &str| read_schedule(line, now()).unwrap_err().to_string();
    assert!(wrong("61 * * * *").contains("minute"), "{}", wrong("61 * * * *"));
    assert!(wrong("2026-01-01T09:00").contains("has passed"));
    assert!(wrong("sometimes").contains("not understood"));
    assert!(wrong("").contains("nothing is written"));
}

proptest! {
    #[test]
    fn no_line_of_a_schedule_does_harm(line in any::<String>()) {
        if let Ok((_, rest)) = read_schedule(&line, now()) {
            prop_assert!(line.ends_with(rest));
        }
    }
}
