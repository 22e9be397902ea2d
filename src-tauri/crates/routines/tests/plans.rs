//! Plans in single cases: what `year` does not reach, and what people ask first.

mod zones;

use jiff::{Timestamp, tz::TimeZone};
use nightshift_routines::definition::{self, Definition, TriggerKey};
use nightshift_routines::occurrence::{LateCause, SkipReason};
use nightshift_routines::plan::*;
use nightshift_schedule::ClockReading;
use std::collections::BTreeMap;
use zones::zone;

const HOUR: i64 = 3_600_000;

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn reading(text: &str, since_boot_ms: i64, slept_ms: i64) -> ClockReading {
    ClockReading {
        wall_ms: ms(text),
        awake_ms: since_boot_ms - slept_ms,
        since_boot_ms,
        boot: "boot".into(),
        run: "run".into(),
        zone: "UTC".into(),
    }
}

fn definition(front: &str) -> Definition {
    definition::parse(&format!("+++\n{front}\n+++\nDo it.\n"), &zone).unwrap()
}

/// A routine with its ledger.
struct Routine {
    definition: Definition,
    marks: Marks,
    spans: Vec<Span>,
    rows: BTreeMap<i64, Verdict>,
    before: ClockReading,
    machine: TimeZone,
}

impl Routine {
    fn new(front: &str, now: &ClockReading) -> Routine {
        let definition = definition(&format!("{front}\n[policy]\njitter = \"none\""));
        let marks = Marks::default().armed(&definition, now);
        Routine {
            definition,
            marks,
            spans: Vec::new(),
            rows: BTreeMap::new(),
            before: now.clone(),
            machine: TimeZone::UTC,
        }
    }

    fn facts<'a>(
        &'a self,
        now: &'a ClockReading,
        row: &'a dyn Fn(i64) -> Option<Known>,
    ) -> Facts<'a> {
        Facts {
            routine: "trig_1",
            definition: &self.definition,
            marks: &self.marks,
            before: Some(&self.before),
            now,
            machine: &self.machine,
            zones: &zone,
            spans: &self.spans,
            row,
        }
    }

    fn known(&self, at: i64) -> Option<Known> {
        self.rows.get(&at).map(|verdict| match verdict {
            Verdict::Skip(reason) if reason.is_missed() => Known::Missed,
            _ => Known::Decided,
        })
    }

    fn plan(&mut self, now: &ClockReading) -> Plan {
        let row = |at| self.known(at);
        let plan = plan(&self.facts(now, &row));
        for planned in &plan.occurrences {
            let old = self.rows.insert(planned.due_ms, planned.verdict);
            assert_eq!(old.is_some(), planned.row == RowChange::Again);
        }
        self.marks = plan.marks.clone();
        if !plan.more {
            self.before = now.clone();
        }
        plan
    }
}

fn times(plan: &Plan) -> Vec<(String, Verdict, Option<LateCause>)> {
    let said = |planned: &Planned| {
        let due = Timestamp::from_millisecond(planned.due_ms).unwrap().to_string();
        (due, planned.verdict, planned.late)
    };
    plan.occurrences.iter().map(said).collect()
}

#[test]
fn a_new_trigger_never_fires_the_past_and_an_at_fires_once() {
    let born = reading("2026-12-01T09:00:00Z", HOUR, 0);
    let front = "[[trigger]]\nat = \"2026-12-01T09:00\"\n[[trigger]]\nat = \"2026-12-01T10:00\"";
    let mut routine = Routine::new(front, &born);
    assert!(routine.plan(&born).occurrences.is_empty());
    let later = reading("2026-12-01T10:00:05Z", 2 * HOUR + 5_000, 0);
    let plan = routine.plan(&later);
    assert_eq!(times(&plan), [("2026-12-01T10:00:00Z".into(), Verdict::Due, None)]);
    assert!(plan.occurrences[0].one_off && plan.next_ms.is_none());
    let much_later = reading("2027-12-01T10:00:05Z", 8_762 * HOUR, 0);
    assert!(routine.plan(&much_later).occurrences.is_empty());
}

#[test]
fn every_is_anchored_and_does_not_drift() {
    let born = reading("2026-12-01T09:13:07Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nevery = \"2h\"", &born);
    let plan = routine.plan(&reading("2026-12-01T11:13:31Z", 3 * HOUR + 24_000, 0));
    assert_eq!(plan.occurrences[0].due_ms, ms("2026-12-01T11:13:07Z"));
    assert_eq!(plan.next_ms, Some(ms("2026-12-01T13:13:07Z")));
}

#[test]
fn a_clock_set_back_a_year_fires_nothing_twice_and_right_again_misses_nothing() {
    let born = reading("2026-12-01T08:30:00Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"0 9 * * *\"", &born);
    assert_eq!(
        routine.plan(&reading("2026-12-01T09:00:01Z", 3 * HOUR / 2 + 1_000, 0)).occurrences.len(),
        1
    );
    let back = reading("2025-12-01T09:00:02Z", 3 * HOUR / 2 + 2_000, 0);
    assert!(routine.plan(&back).occurrences.is_empty());
    // It goes on by the clock there is: the routine does not fall silent for a year.
    let there = reading("2025-12-02T09:00:02Z", 51 * HOUR / 2 + 2_000, 0);
    assert_eq!(times(&routine.plan(&there)), [("2025-12-02T09:00:00Z".into(), Verdict::Due, None)]);
    let right = reading("2026-12-02T09:00:03Z", 51 * HOUR / 2 + 3_000, 0);
    let plan = routine.plan(&right);
    // The years between are told, once the clock leaps over them; what ran in them ran.
    assert_eq!(plan.occurrences.len(), 364);
    assert!(plan.occurrences.iter().all(|planned| planned.due_ms != ms("2026-12-01T09:00:00Z")));
    let runs: Vec<_> = plan.occurrences.iter().filter(|p| p.verdict == Verdict::Due).collect();
    assert_eq!((runs.len(), runs[0].due_ms), (1, ms("2026-12-02T09:00:00Z")));
    let set = |p: &&Planned| p.late == Some(LateCause::ClockSet);
    assert_eq!(plan.occurrences.iter().filter(set).count(), 363);
}

#[test]
fn a_year_missed_each_minute_is_planned_in_parts() {
    let born = reading("2025-12-01T00:00:00Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"* * * * *\"", &born);
    let slept = 40 * 24 * HOUR;
    let awake = reading("2026-01-10T00:00:30Z", HOUR + slept + 30_000, slept);
    let mut parts = 0;
    let last = loop {
        let plan = routine.plan(&awake);
        parts += 1;
        assert!(plan.occurrences.len() <= BATCH_MAX);
        if !plan.more {
            break plan;
        }
        assert!(
            plan.occurrences.iter().all(|p| p.verdict == Verdict::Skip(SkipReason::Superseded))
        );
    };
    assert_eq!((parts, routine.rows.len()), (6, 40 * 24 * 60));
    assert_eq!(routine.rows.values().filter(|verdict| **verdict == Verdict::Due).count(), 1);
    let now = last.occurrences.last().unwrap();
    assert_eq!((now.verdict, now.late), (Verdict::Due, None));
}

#[test]
fn two_triggers_at_one_time_are_one_occurrence() {
    let born = reading("2026-12-01T08:30:00Z", HOUR, 0);
    let front = "[[trigger]]\nschedule = \"0 9 * * *\"\n[[trigger]]\nschedule = \"0 */3 * * *\"";
    let mut routine = Routine::new(front, &born);
    let plan = routine.plan(&reading("2026-12-01T09:00:01Z", 3 * HOUR / 2, 0));
    let keys: Vec<&TriggerKey> = plan.occurrences.iter().map(|planned| &planned.trigger).collect();
    assert_eq!(keys, [&TriggerKey("schedule 0 9 * * *".into())]);
    assert_eq!(plan.next_ms, Some(ms("2026-12-01T12:00:00Z")));
}

#[test]
fn spans_that_ended_since_the_last_plan_cover_what_started_in_them() {
    let born = reading("2026-12-01T08:30:00Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"0 * * * *\"\n", &born);
    let (from_ms, to_ms) = (ms("2026-12-01T10:00:00Z"), Some(ms("2026-12-01T11:00:00Z")));
    routine.spans = vec![Span { kind: SpanKind::Paused, from_ms, to_ms }];
    let slept = 3 * HOUR;
    let plan = routine.plan(&reading("2026-12-01T11:30:00Z", HOUR + slept, slept));
    let asleep = Some(LateCause::Asleep);
    assert_eq!(
        times(&plan),
        [
            ("2026-12-01T09:00:00Z".into(), Verdict::Skip(SkipReason::Superseded), asleep),
            ("2026-12-01T10:00:00Z".into(), Verdict::Skip(SkipReason::Paused), asleep),
            ("2026-12-01T11:00:00Z".into(), Verdict::Due, asleep),
        ]
    );
}

#[test]
fn the_next_five_runs_are_in_the_routines_zone() {
    let born = reading("2026-10-24T00:00:00Z", HOUR, 0);
    let front = "timezone = \"Europe/Berlin\"\n[[trigger]]\nschedule = \"0 9 * * *\"\n[[trigger]]\nat = \"2026-10-25T12:00\"";
    let routine = Routine::new(front, &born);
    let row = |_| None;
    let next = next_after(&routine.facts(&born, &row), 4);
    let due: Vec<String> = next
        .iter()
        .map(|next| Timestamp::from_millisecond(next.due_ms).unwrap().to_string())
        .collect();
    assert_eq!(
        due,
        [
            "2026-10-24T07:00:00Z",
            "2026-10-25T08:00:00Z",
            "2026-10-25T11:00:00Z",
            "2026-10-26T08:00:00Z"
        ]
    );
    let manual = Routine::new("", &born);
    assert!(next_after(&manual.facts(&born, &row), 5).is_empty());
}

#[test]
fn a_definition_that_changes_keeps_what_is_the_same() {
    let born = reading("2026-12-01T08:30:00Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"0 9 * * *\"", &born);
    routine.plan(&reading("2026-12-01T09:00:01Z", 3 * HOUR / 2, 0));
    let old = routine.marks.clone();
    let now = reading("2026-12-01T12:00:00Z", 4 * HOUR, 0);
    let more = definition("[[trigger]]\nschedule = \"0 9 * * *\"\n[[trigger]]\nevery = \"1h\"");
    let armed = old.armed(&more, &now);
    let key = TriggerKey("schedule 0 9 * * *".into());
    assert_eq!(armed.triggers[&key], old.triggers[&key]);
    assert_eq!(armed.triggers[&TriggerKey("every 1h".into())].armed_ms, now.wall_ms);
    let elsewhere = definition("timezone = \"Asia/Tokyo\"\n[[trigger]]\nschedule = \"0 9 * * *\"");
    assert_eq!(old.armed(&elsewhere, &now).triggers[&key].armed_ms, now.wall_ms);
    assert_eq!(old.rearmed(&routine.definition, &now).triggers[&key].settled_ms, now.wall_ms);
    let text = serde_json::to_string(&armed).unwrap();
    assert_eq!(serde_json::from_str::<Marks>(&text).unwrap(), armed);
}

#[test]
fn a_reboot_tells_power_from_supervisor() {
    let born = reading("2026-12-01T08:30:00Z", HOUR, 0);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"0 * * * *\"\n", &born);
    // Booted at 10:30, the supervisor came at 11:30.
    let now = ClockReading { boot: "other".into(), ..reading("2026-12-01T11:30:00Z", HOUR, 0) };
    let causes: Vec<_> =
        routine.plan(&now).occurrences.iter().map(|planned| planned.late).collect();
    let (off, down) = (Some(LateCause::PoweredOff), Some(LateCause::SupervisorDown));
    assert_eq!(causes, [off, off, down]);
}

#[test]
fn a_look_that_is_older_than_the_last_plan_counts_nothing_twice() {
    // The machine goes west at ten: its nine o'clock is not due again. Then its clock is set back by an hour.
    let berlin = |text: &str, since_boot_ms: i64| ClockReading {
        zone: "Europe/Berlin".into(),
        ..reading(text, since_boot_ms, 0)
    };
    let west = |text: &str, since_boot_ms: i64| ClockReading {
        zone: "America/New_York".into(),
        ..reading(text, since_boot_ms, 0)
    };
    let born = berlin("2026-12-01T06:00:00Z", HOUR);
    let mut routine = Routine::new("[[trigger]]\nschedule = \"0 9 * * *\"", &born);
    routine.machine = zone("Europe/Berlin").unwrap();
    assert_eq!(routine.plan(&berlin("2026-12-01T08:00:01Z", 3 * HOUR)).occurrences.len(), 1);
    let stale = berlin("2026-12-01T09:00:00Z", 4 * HOUR);
    routine.plan(&stale);
    routine.machine = zone("America/New_York").unwrap();
    let moved = west("2026-12-01T09:00:30Z", 4 * HOUR + 30_000);
    assert!(routine.plan(&moved).occurrences.is_empty());
    for (text, since_boot_ms) in
        [("2026-12-01T08:10:00Z", 4 * HOUR + 600_000), ("2026-12-01T08:11:00Z", 4 * HOUR + 660_000)]
    {
        // A killed supervisor finds only the look that was stored last.
        routine.before = stale.clone();
        assert!(routine.plan(&west(text, since_boot_ms)).occurrences.is_empty(), "{text}");
    }
    // Still as far ahead as when the clock was right: ten o'clock there, an hour earlier by this clock.
    let lived_ms = routine.marks.triggers.values().next().unwrap().lived_ms.unwrap();
    assert_eq!(lived_ms, ms("2026-12-01T14:00:00Z"));
    let plan = routine.plan(&west("2026-12-01T13:59:00Z", 10 * HOUR));
    assert!(plan.occurrences.is_empty());
}
