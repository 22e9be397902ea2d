//! 100,000 random expressions in ten zones, around the moments at which their clocks change, compared with an
//! independent cron (croner, with chrono-tz as its calendar and zones).
//!
//! Every difference must belong to a class that is explained here, and in every difference a third
//! opinion decides: a plain transcription of what Vixie's daemon does, minute by minute.

#[path = "differential/expression.rs"]
mod expression;
#[path = "differential/vixie.rs"]
mod vixie;
mod zones;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::JobType;
use croner::parser::{CronParser, Seconds, Year};
use expression::Expression;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::Cron;
use std::collections::BTreeMap;
use vixie::Daemon;
use zones::zone;

const CASES: u32 = 100_000;
/// So many cases in which both agree are also put before the daemon: one of this many.
const AGREEMENT_SAMPLE: u32 = 50;
const SEED: u64 = 0x6e69_6768_7473;
const HOUR_S: i64 = 3600;
/// Years in which both databases of zones must know the same rules.
const FROM: &str = "2007-01-01T00:00:00Z";
const UNTIL: &str = "2025-01-01T00:00:00Z";
/// Whole and half hours, at night and at midnight, at one minute past, a day that was left out, a month of
/// winter time in summer, quarter hours, none at all.
const ZONES: [Tz; 10] = [
    Tz::America__New_York,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Asia__Beirut,
    Tz::America__St_Johns,
    Tz::Pacific__Apia,
    Tz::Africa__Casablanca,
    Tz::Pacific__Chatham,
    Tz::Asia__Kathmandu,
];

/// Two answers to the same question: seconds since the epoch, or none.
struct Difference<'a> {
    expression: &'a Expression,
    ours: &'a Cron,
    theirs: &'a croner::Cron,
    place: &'a Place,
    after: i64,
    our_next: Option<i64>,
    their_next: Option<i64>,
}

/// A kind of difference: its name, why it is one, and what belongs to it.
struct Class {
    name: &'static str,
    why: &'static str,
    explains: fn(&Difference<'_>) -> bool,
}

const CLASSES: &[Class] = &[
    Class {
        name: "a step in a day field",
        why: "Vixie sets the star flag by the field's first sign, so `*/2` restricts by both day fields; \
              croner only takes a lone `*` for unrestricted and matches either field",
        explains: |case| {
            let [days, weekdays] = [case.expression.field(2), case.expression.field(4)];
            let restricted = days != "*" && weekdays != "*";
            restricted && (days.starts_with('*') || weekdays.starts_with('*'))
        },
    },
    Class {
        name: "several fixed times at a change of the clock",
        why: "for Vixie every job without a leading `*` in minute and hour is at fixed times; croner demands one \
              single minute and hour, and lets lists and ranges follow the clock",
        explains: |case| {
            !case.ours.follows_clock()
                && case.theirs.determine_job_type() == JobType::IntervalWildcard
                && case.change_is_near(3 * HOUR_S)
        },
    },
    Class {
        name: "a day that was left out",
        why: "croner looks at most two hours far for the end of a gap and then gives an error; for Vixie \
              three hours and more are a corrected clock, whose gap is not made up for",
        explains: |case| {
            case.their_next.is_none() && case.place.has_change_of(case.after, 24 * HOUR_S)
        },
    },
];

impl Difference<'_> {
    /// Whether the clock changes between the start (or shortly before) and the later answer.
    fn change_is_near(&self, before: i64) -> bool {
        let until = self.our_next.max(self.their_next).unwrap_or(i64::MAX);
        let earliest = self.our_next.min(self.their_next).unwrap_or(until);
        // Answers only part where one of them lies at a change.
        self.place.changes.iter().any(|change| {
            (self.after - before..=until).contains(&change.at)
                && (change.at - before..=change.at + before).contains(&earliest)
        })
    }
}

struct Change {
    at: i64,
    by: i64,
}

/// A zone for both sides, and when its clock changes.
struct Place {
    ours: TimeZone,
    theirs: Tz,
    changes: Vec<Change>,
}

impl Place {
    fn new(theirs: Tz) -> Place {
        let ours = zone(theirs.name());
        let (from, until): (Timestamp, Timestamp) = (FROM.parse().unwrap(), UNTIL.parse().unwrap());
        let offset =
            |at: i64| i64::from(ours.to_offset(Timestamp::from_second(at).unwrap()).seconds());
        let changes = ours
            .following(from)
            .take_while(|change| change.timestamp() < until)
            .map(|change| change.timestamp().as_second())
            .map(|at| Change { at, by: offset(at) - offset(at - 1) })
            .filter(|change| change.by != 0)
            .collect();
        Place { ours, theirs, changes }
    }

    fn has_change_of(&self, after: i64, by: i64) -> bool {
        self.changes.iter().any(|change| change.at > after && change.by == by)
    }

    /// Some moment, mostly close to a change.
    fn moment(&self, random: &mut fastrand::Rng) -> i64 {
        let (from, until): (Timestamp, Timestamp) = (FROM.parse().unwrap(), UNTIL.parse().unwrap());
        if self.changes.is_empty() || random.u8(..10) == 0 {
            return random.i64(from.as_second()..until.as_second());
        }
        let change = &self.changes[random.usize(..self.changes.len())];
        let near = if random.bool() { 3 * HOUR_S } else { 48 * HOUR_S };
        change.at + random.i64(-near..near)
    }
}

fn our_next(cron: &Cron, after: i64, zone: &TimeZone) -> Option<i64> {
    cron.next_after(Timestamp::from_second(after).unwrap(), zone).map(Timestamp::as_second)
}

fn their_next(cron: &croner::Cron, after: i64, zone: Tz) -> Option<i64> {
    let after = DateTime::<Utc>::from_timestamp(after, 0).unwrap().with_timezone(&zone);
    cron.find_next_occurrence(&after, false).ok().map(|next| next.timestamp())
}

#[test]
fn a_hundred_thousand_expressions_agree_or_differ_for_a_known_reason() {
    let mut random = fastrand::Rng::with_seed(SEED);
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let places: Vec<Place> = ZONES.into_iter().map(Place::new).collect();
    let mut counts: BTreeMap<&str, u32> = CLASSES.iter().map(|class| (class.name, 0)).collect();
    for case in 0..CASES {
        let (expression, ours) = Expression::valid(&mut random);
        let theirs = parser.parse(&expression.to_string()).unwrap();
        let place = &places[random.usize(..places.len())];
        let after = place.moment(&mut random);
        let our_next = our_next(&ours, after, &place.ours);
        let their_next = their_next(&theirs, after, place.theirs);
        let same = our_next == their_next;
        if same && case % AGREEMENT_SAMPLE != 0 {
            continue;
        }
        let said = format!(
            "`{expression}` in {} after {}: ours {our_next:?}, theirs {their_next:?}",
            place.theirs,
            Timestamp::from_second(after).unwrap(),
        );
        let daemon = Daemon::new(&expression, place.theirs);
        assert_eq!(daemon.next_after(after), our_next, "the daemon disagrees with ours: {said}");
        if same {
            continue;
        }
        let difference = Difference {
            expression: &expression,
            ours: &ours,
            theirs: &theirs,
            place,
            after,
            our_next,
            their_next,
        };
        let class = CLASSES.iter().find(|class| (class.explains)(&difference));
        let class = class.unwrap_or_else(|| panic!("nothing explains this difference: {said}"));
        *counts.entry(class.name).or_default() += 1;
    }
    for class in CLASSES {
        println!("{:6} × {}: {}", counts[class.name], class.name, class.why);
        assert!(
            counts[class.name] > 0,
            "no case of \"{}\" any more: take the class away",
            class.name
        );
    }
}
