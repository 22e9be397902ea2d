//! Cron as users and agents write it: what is refused and why, what it is called, when it is due, and
//! what the clock's changes do to it.

mod zones;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::Cron;
use zones::zone;

fn refused(text: &str, column: usize, part: &str) {
    let refusal = text.parse::<Cron>().expect_err(text);
    let said = refusal.to_string();
    assert_eq!(refusal.column, column, "{text}: {said}");
    assert!(said.contains(part), "{text}: {said}");
}

#[test]
fn what_is_not_understood_is_refused_with_its_place_and_the_way_out() {
    refused("", 1, "write five fields");
    refused("   ", 1, "write five fields");
    refused("* * * *", 7, "4 fields are given");
    refused("*", 1, "1 field is given");
    refused("0 */5 * * * *", 13, "leave out the seconds");
    refused("0 */5 * * * * 2026", 13, "seven fields");
    refused(" @daily", 2, "write `0 0 * * *`");
    refused("@reboot", 1, "write five fields");
    refused("0 9 ? * *", 5, "write `*`");
    refused("0 9 L * *", 5, "list the days as numbers");
    refused("0 9 15W * *", 7, "`W`");
    refused("0 9 LW * *", 5, "`L`");
    refused("0 9 * * 5#2", 10, "`#`");
    refused("0 9 * * 5L", 10, "`L`");
    refused("0 9 * * MON", 9, "names such as `MON` are not understood; write 1");
    refused("0 9 * * 1,fri", 11, "write 5");
    refused("0 9 * * Sunday", 9, "write 0");
    refused("0 9 * dec *", 7, "write 12");
    refused("0 MON * * *", 3, "'M' is not understood");
    refused("H * * * *", 1, "'H' is not understood");
    refused("0 9 * * ½", 9, "'½' is not understood");
    refused("60 * * * *", 1, "(minute): 60 is not between 0 and 59");
    refused("* 24 * * *", 3, "(hour): 24");
    refused("* * 0 * *", 5, "(day of month): 0 is not between 1 and 31");
    refused("* * * 13 *", 7, "(month): 13");
    refused("* * * * 8", 9, "(day of week): 8 is not between 0 and 7");
    refused("99999999999 * * * *", 1, "99999999999 is not");
    refused("5-1 * * * *", 1, "runs backwards");
    refused("1,,2 * * * *", 3, "a number is missing");
    refused("1, * * * *", 3, "a number is missing");
    refused("-5 * * * *", 1, "a number is missing");
    refused("5- * * * *", 3, "a number is missing");
    refused("1-2-3 * * * *", 4, "'-' is not understood");
    refused("*5 * * * *", 1, "'*' is not understood");
    refused("5* * * * *", 2, "'*' is not understood");
    refused("*/0 * * * *", 3, "write at least 1");
    refused("*/ * * * *", 3, "must be one number");
    refused("*/5/5 * * * *", 3, "must be one number");
    refused("*/90 * * * *", 3, "a step of 90 is beyond this field");
    refused("5/15 * * * *", 1, "write `5-<last>/15`");
    refused("0 0 30 2 *", 5, "no such day exists");
    refused("0 0 31 2,4,6,9,11 *", 5, "no such day exists");
    refused("0 0 30 2 */2", 5, "no such day exists");
    refused(&"1,".repeat(200), 1, "longer than 256 bytes");
}

#[test]
fn what_is_understood_keeps_its_text_with_single_spaces_also_in_json() {
    for (text, kept) in [
        ("* * * * *", "* * * * *"),
        ("  */5\t1-5   1,15 * 0-7 ", "*/5 1-5 1,15 * 0-7"),
        ("05 09 * * *", "05 09 * * *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("0 0 30 2 1", "0 0 30 2 1"),
        ("0-10/5,30 */23 */31 1-12/11 */7", "0-10/5,30 */23 */31 1-12/11 */7"),
    ] {
        let cron: Cron = text.parse().unwrap();
        assert_eq!(cron.as_str(), kept);
        let json = serde_json::to_string(&cron).unwrap();
        assert_eq!(json, format!("{kept:?}"));
        assert_eq!(serde_json::from_str::<Cron>(&json).unwrap(), cron);
    }
    assert!(serde_json::from_str::<Cron>("\"@daily\"").is_err());
}

#[test]
fn words_say_what_an_expression_means() {
    for (text, words) in [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0-59/5 * * * *", "every 5 minutes"),
        ("0,30 * * * *", "every 30 minutes"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "every hour at :15"),
        ("0 */2 * * *", "every 2 hours"),
        ("5 */6 * * *", "every 6 hours at :05"),
        ("*/10 * * * 1-5", "every 10 minutes on weekdays"),
        ("0 9 * * *", "every day at 09:00"),
        ("30 9,17 * * *", "every day at 09:30 and 17:30"),
        ("0 9 * * 1-5", "weekdays at 09:00"),
        ("0 10 * * 6,7", "weekends at 10:00"),
        ("0 10 * * 0,6", "weekends at 10:00"),
        ("0 9 * * 1", "Mondays at 09:00"),
        ("0 9 * * 0,1,4", "Mondays, Thursdays and Sundays at 09:00"),
        ("0 9 * 1,7 1", "Mondays in January and July at 09:00"),
        ("30 12 1 * *", "the 1st of each month at 12:30"),
        ("0 0 1,2,3,22 * *", "the 1st, 2nd, 3rd and 22nd of each month at 00:00"),
        ("30 14 27 2 *", "the 27th of February at 14:30"),
        ("0 9 * 12 *", "days in December at 09:00"),
        // Both day fields mean either, so every day of the month makes it every day.
        ("0 9 1-31 * 1", "every day at 09:00"),
        ("0 9 13 * 5", "0 9 13 * 5"),
        ("0 9 */2 * 1", "0 9 */2 * 1"),
        ("*/7 * * * *", "*/7 * * * *"),
        ("0 1-23/2 * * *", "0 1-23/2 * * *"),
        ("0 9-17 * * *", "0 9-17 * * *"),
        ("17,47 * * * *", "17,47 * * * *"),
    ] {
        assert_eq!(text.parse::<Cron>().unwrap().words(), words, "{text}");
    }
}

/// The next times after an instant, as the zone's local times with their offset.
fn due(text: &str, zone: &TimeZone, after: &str, expected: &[&str]) {
    let cron: Cron = text.parse().unwrap();
    let after: Timestamp = after.parse().unwrap();
    let said: Vec<String> = cron
        .all_after(after, zone)
        .take(expected.len())
        .map(|at| at.to_zoned_datetime(zone.clone()).strftime("%F %H:%M%:z").to_string())
        .collect();
    assert_eq!(said, expected, "{text}");
}

#[test]
fn both_day_fields_mean_either_unless_one_begins_with_a_star() {
    let after = "2026-11-01T12:00:00Z";
    let utc = &TimeZone::UTC;
    due("0 0 13 * 5", utc, after, &["2026-11-06 00:00+00:00", "2026-11-13 00:00+00:00"]);
    due("0 0 10 * 5", utc, after, &["2026-11-06 00:00+00:00", "2026-11-10 00:00+00:00"]);
    // A Monday with an odd day: both must be true.
    due("0 0 */2 * 1", utc, after, &["2026-11-09 00:00+00:00", "2026-11-23 00:00+00:00"]);
    due("0 0 1 * */2", utc, after, &["2026-12-01 00:00+00:00", "2027-04-01 00:00+00:00"]);
    due("0 0 29 2 */7", utc, after, &["2032-02-29 00:00+00:00", "2060-02-29 00:00+00:00"]);
    due("0 0 * * 7", utc, after, &["2026-11-08 00:00+00:00"]);
    due("59 23 31 12 *", utc, after, &["2026-12-31 23:59+00:00", "2027-12-31 23:59+00:00"]);
}

#[test]
fn a_fixed_time_that_the_clock_leaps_over_runs_once_right_after_it() {
    let berlin = &zone("Europe/Berlin");
    let before = "2026-03-28T20:00:00Z";
    due("30 2 * * *", berlin, before, &["2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"]);
    due("0,20,40 2 * * *", berlin, before, &["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"]);
    due("0 2,3 * * *", berlin, before, &["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"]);
    due("30 2,3 * * *", berlin, before, &["2026-03-29 03:00+02:00", "2026-03-29 03:30+02:00"]);
    due("30 2 * * 1", berlin, before, &["2026-03-30 02:30+02:00"]);
    // The minute or the hour follows the clock: nothing is made up for.
    due("*/30 2 * * *", berlin, before, &["2026-03-30 02:00+02:00"]);
    due(
        "30 * * * *",
        berlin,
        "2026-03-29T00:00:00Z",
        &["2026-03-29 01:30+01:00", "2026-03-29 03:30+02:00"],
    );
}

#[test]
fn a_fixed_time_that_the_clock_repeats_runs_once_and_a_wildcard_each_time() {
    let berlin = &zone("Europe/Berlin");
    let before = "2026-10-24T20:00:00Z";
    due("30 2 * * *", berlin, before, &["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]);
    due("30 2 * * *", berlin, "2026-10-25T01:00:00Z", &["2026-10-26 02:30+01:00"]);
    due("30 2 * * *", berlin, "2026-10-25T01:10:00Z", &["2026-10-26 02:30+01:00"]);
    due("0 3 * * *", berlin, before, &["2026-10-25 03:00+01:00"]);
    due(
        "30 * * * *",
        berlin,
        "2026-10-25T00:00:00Z",
        &["2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00", "2026-10-25 03:30+01:00"],
    );
}

#[test]
fn other_clocks_half_hours_midnights_and_lost_days() {
    due(
        "15 2 * * *",
        &zone("Australia/Lord_Howe"),
        "2026-10-03T12:00:00Z",
        &["2026-10-04 02:30+11:00"],
    );
    due("15 0 * * *", &zone("Africa/Cairo"), "2026-04-23T12:00:00Z", &["2026-04-24 01:00+03:00"]);
    // A whole day was skipped: too much to be daylight saving, so it is not made up for.
    due("0 9 30 12 *", &zone("Pacific/Apia"), "2011-12-01T00:00:00Z", &["2012-12-30 09:00+14:00"]);
    due("0 9 * * *", &zone("Pacific/Apia"), "2011-12-29T22:00:00Z", &["2011-12-31 09:00+14:00"]);
}

#[test]
fn the_calendar_ends_with_the_year_2100() {
    let utc = &TimeZone::UTC;
    due("59 23 31 12 *", utc, "2100-12-31T23:58:59Z", &["2100-12-31 23:59+00:00"]);
    for (text, after) in [
        ("* * * * *", "2100-12-31T23:59:00Z"),
        ("0 0 29 2 *", "2096-02-29T00:00:00Z"),
        // Of these two days one never comes, and of the other none is left.
        ("0 0 30 2 5", "2100-02-26T00:00:00Z"),
        ("* * * * *", "9999-12-28T00:00:00Z"),
    ] {
        let cron: Cron = text.parse().unwrap();
        let after: Timestamp = after.parse().unwrap();
        for name in ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"] {
            // Zones are a few hours apart; a day later it is over everywhere.
            let after =
                if name == "UTC" { after } else { after + jiff::SignedDuration::from_hours(24) };
            assert_eq!(cron.next_after(after, &zone(name)), None, "{text} in {name}");
        }
    }
}

#[test]
fn a_day_that_never_comes_does_not_keep_the_other_day_from_coming() {
    let after = "2026-11-01T12:00:00Z";
    for text in ["0 0 30 2 1", "0 0 30,31 2 1"] {
        due(text, &TimeZone::UTC, after, &["2027-02-01 00:00+00:00", "2027-02-08 00:00+00:00"]);
    }
}

#[test]
fn a_clock_that_shows_a_time_before_1970_waits_for_1970() {
    for before in ["1969-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "-000500-01-01T00:00:00Z"] {
        due("30 9 * * *", &TimeZone::UTC, before, &["1970-01-01 09:30+00:00"]);
        due("0 9 1 1 *", &zone("Europe/Berlin"), before, &["1970-01-01 09:00+01:00"]);
    }
}

#[test]
fn the_calendar_ends_without_a_panic() {
    let cron: Cron = "0 0 29 2 *".parse().unwrap();
    assert_eq!(cron.next_after(Timestamp::MAX, &TimeZone::UTC), None);
    assert_eq!(cron.next_after_ms(i64::MAX, &TimeZone::UTC), None);
    assert!(cron.next_after(Timestamp::MIN, &TimeZone::UTC).is_some());
    assert!(cron.next_after(Timestamp::MIN, &zone("America/St_Johns")).is_some());
}
