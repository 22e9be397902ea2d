//! Health from cadence and rows, and the watchdog's alarms.

use nightshift_routines::definition::TriggerKey;
use nightshift_routines::health::*;
use nightshift_routines::occurrence::*;

const HOUR: i64 = 3_600_000;
const NOW: i64 = 1_000 * HOUR;

/// Due so many hours ago.
fn row(hours: i64, state: State) -> Occurrence {
    let due_ms = NOW - hours * HOUR;
    let origin = Origin::Schedule { trigger: TriggerKey("every 1h".into()), due_ms };
    let mut row = Occurrence::due(&format!("occ_{hours}"), "trig_1", origin);
    row.state = state;
    match state {
        State::Finished | State::Running => row.started_ms = Some(due_ms + 1_000),
        State::Skipped => row.reason = Some(SkipReason::Cap),
        State::Failed => {
            row.error = Some(RunError { kind: ErrorType::NoStart, message: "m".into() });
        }
        _ => {}
    }
    if state == State::Finished {
        row.outcome = Some(Judgement::Met);
    }
    if state.is_over() {
        row.finished_ms = Some(due_ms + 2_000);
    }
    row
}

fn facts(rows: &[Occurrence]) -> Facts<'_> {
    let since_ms = NOW - 500 * HOUR;
    Facts { paused: None, disabled: false, cadence_ms: Some(HOUR), since_ms, rows, now_ms: NOW }
}

fn check(facts: &Facts<'_>, health: Health, part: &str) {
    let report = nightshift_routines::health::health(facts);
    assert_eq!(report.health, health, "{report:?}");
    assert!(report.reason.contains(part), "{report:?}");
}

#[test]
fn health_is_what_the_rows_say() {
    let met = [row(1, State::Finished), row(2, State::Failed)];
    check(&facts(&met), Health::OnTime, "met");
    let mut missed = row(0, State::Finished);
    missed.outcome = Some(Judgement::NotMet);
    check(&facts(&[missed, row(1, State::Finished)]), Health::Failing, "not met");
    check(
        &facts(&[row(0, State::Failed), row(1, State::Failed), row(2, State::Finished)]),
        Health::Failing,
        "2 runs in a row",
    );
    let mut unjudged = row(1, State::Finished);
    unjudged.outcome = Some(Judgement::NotJudged);
    check(&facts(&[unjudged]), Health::OnTime, "not judged");
    check(&facts(&[row(0, State::Cancelled), row(1, State::Finished)]), Health::OnTime, "met");
    check(&Facts { paused: Some("holidays"), ..facts(&met) }, Health::Paused, "holidays");
    check(&Facts { paused: Some(" "), ..facts(&met) }, Health::Paused, "you paused it");
    check(&Facts { disabled: true, ..facts(&met) }, Health::Paused, "disabled");
    let young = Facts { since_ms: NOW - HOUR, ..facts(&[]) };
    check(&young, Health::NeverRan, "not run yet");
    check(
        &Facts { since_ms: NOW - HOUR, ..facts(&[row(0, State::Skipped)]) },
        Health::NeverRan,
        "all its runs",
    );
    check(
        &Facts { cadence_ms: None, ..facts(&[row(400, State::Finished)]) },
        Health::OnTime,
        "met",
    );
}

#[test]
fn a_routine_that_only_skips_goes_quiet_and_says_why() {
    let rows = [row(0, State::Skipped), row(1, State::Skipped), row(2, State::Finished)];
    check(
        &facts(&rows),
        Health::Quiet,
        "due at least every 1h; the last time was skipped: the routine had all its runs",
    );
    check(&facts(&[]), Health::Quiet, "nothing ran for");
    let mut looked = row(0, State::Skipped);
    looked.reason = Some(SkipReason::Precheck);
    check(&facts(&[looked, row(9, State::Finished)]), Health::OnTime, "met");
    check(&facts(&[row(2, State::Running)]), Health::OnTime, "running");
}

#[test]
fn late_is_a_run_that_waits_or_began_late() {
    let waits = [row(0, State::Due), row(1, State::Finished)];
    check(&facts(&waits), Health::OnTime, "met");
    let later = Facts { now_ms: NOW + 6 * 60_000, ..facts(&waits) };
    check(&later, Health::Late, "has not started");
    let mut late = row(1, State::Finished);
    late.late_cause = Some(LateCause::Asleep);
    late.started_ms = Some(NOW - HOUR / 2);
    check(&facts(&[late]), Health::Late, "began 30m late, because the machine slept");
}

#[test]
fn the_watchdog_tells_once_and_pauses_what_fails() {
    let rows = [row(2, State::Finished)];
    let quiet = facts(&rows);
    let Some(Alarm::Quiet { told, .. }) = watch(&quiet, None) else { panic!() };
    assert_eq!(watch(&quiet, Some(told)), None);
    let later = Facts { now_ms: NOW + 50 * HOUR, ..quiet };
    assert_eq!(watch(&later, Some(told)), None);
    // It ran again and went quiet again: that is told anew.
    let again = [row(-40, State::Finished), row(2, State::Finished)];
    assert!(matches!(
        watch(&Facts { rows: &again, ..later }, Some(told)),
        Some(Alarm::Quiet { .. })
    ));
    let failed = [
        row(0, State::Failed),
        row(1, State::Failed),
        row(2, State::Abandoned),
        row(3, State::Finished),
    ];
    assert!(matches!(watch(&facts(&failed), None), Some(Alarm::Pause { .. })));
    let mixed = [
        row(0, State::Failed),
        row(1, State::Skipped),
        row(2, State::Failed),
        row(3, State::Finished),
    ];
    assert_eq!(failures_in_a_row(&mixed), 2);
    // Resumed since: these failures have had their pause.
    let resumed = Facts { since_ms: NOW + 1, now_ms: NOW + 2, ..facts(&failed) };
    assert_eq!(watch(&resumed, None), None);
    let paused = Facts { paused: Some(FAILING), ..facts(&failed) };
    assert_eq!((watch(&paused, None), next_watch_ms(&paused)), (None, None));
}

#[test]
fn the_next_look_is_when_it_would_go_quiet() {
    let rows = [row(1, State::Finished)];
    let facts = facts(&rows);
    let from_ms = next_watch_ms(&facts).unwrap();
    assert_eq!(from_ms, NOW - HOUR + 1_000 + HOUR + HOUR / 4);
    check(&Facts { now_ms: from_ms - 1, ..facts }, Health::OnTime, "met");
    check(&Facts { now_ms: from_ms, ..facts }, Health::Quiet, "");
    assert_eq!(cadence_ms(&[0, HOUR, 5 * HOUR]), Some(4 * HOUR));
    assert_eq!(cadence_ms(&[0]), None);
}
