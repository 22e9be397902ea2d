//! Occurrences: the state machine as a golden table, retries, and which of the due ones start.
//!
//! `UPDATE_GOLDEN=1 cargo test -p nightshift-routines` writes the table anew after a wanted change.

use nightshift_routines::definition::{Overlap, Per};
use nightshift_routines::occurrence::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const NOW: i64 = 1_000_000;

fn row(state: State) -> Occurrence {
    let mut row = Occurrence::due("occ_1", "trig_1", Origin::Manual);
    row.state = state;
    if state == State::Finished {
        row.outcome = Some(Judgement::NotJudged);
    }
    if state == State::Skipped {
        row.reason = Some(SkipReason::TooLate);
    }
    if matches!(state, State::Starting | State::Running) {
        row.session = Some("s".into());
    }
    row
}

fn rows() -> Vec<(String, Occurrence)> {
    let mut rows: Vec<_> =
        State::ALL.iter().map(|state| (state.name().to_owned(), row(*state))).collect();
    let later = Occurrence { not_before_ms: Some(NOW + 1), ..row(State::Due) };
    rows.insert(1, ("due later".to_owned(), later));
    let year = Some(NOW + 365 * 24 * 3_600_000);
    let before_clock_was_set = Occurrence { not_before_ms: year, ..row(State::Due) };
    rows.insert(2, ("due in a year, by a clock that was wrong".to_owned(), before_clock_was_set));
    let judged = Occurrence { outcome: Some(Judgement::Met), ..row(State::Finished) };
    rows.push(("finished and judged".to_owned(), judged));
    let paused = Occurrence { reason: Some(SkipReason::Paused), ..row(State::Skipped) };
    rows.push(("skipped, paused".to_owned(), paused));
    rows
}

fn events() -> Vec<(&'static str, Event)> {
    let fail = |error, retry_at_ms| Event::Fail { error, message: "m".into(), retry_at_ms };
    let reason = String::from("r");
    vec![
        ("claim", Event::Claim { definition_hash: "h".into() }),
        ("release", Event::Release),
        ("start", Event::Start { session: "s".into() }),
        ("sign of life", Event::SignOfLife),
        ("end, met", Event::End { outcome: Judgement::Met, reason: reason.clone() }),
        ("end, not judged", Event::End { outcome: Judgement::NotJudged, reason: reason.clone() }),
        ("judge, not met", Event::Judge { outcome: Judgement::NotMet, reason }),
        ("fail: no start", fail(ErrorType::NoStart, None)),
        ("fail: offline, retry", fail(ErrorType::Offline, Some(NOW + 60_000))),
        ("fail: agent died, retry", fail(ErrorType::AgentDied, Some(NOW + 60_000))),
        ("skip: precheck", Event::Skip { reason: SkipReason::Precheck }),
        ("cancel", Event::Cancel),
        ("lose", Event::Lose),
        ("reopen", Event::Reopen),
    ]
}

/// What differs from a row that is only due.
fn said(row: &Occurrence) -> String {
    let mut text = row.state.name().to_owned();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, ", {name} {value}").unwrap();
        }
    };
    add("reason", row.reason.map(|reason| format!("{reason:?}")));
    add("attempt", (row.attempt > 0).then(|| row.attempt.to_string()));
    add("not before", row.not_before_ms.map(|at| at.to_string()));
    add("claimed", row.claimed_ms.map(|at| at.to_string()));
    add("started", row.started_ms.map(|at| at.to_string()));
    add("finished", row.finished_ms.map(|at| at.to_string()));
    add("session", row.session.clone());
    add("error", row.error.as_ref().map(|error| format!("{:?}", error.kind)));
    add("outcome", row.outcome.map(|outcome| outcome.words().to_owned()));
    add("hash", row.definition_hash.clone());
    text
}

#[test]
fn the_whole_behaviour_is_the_golden_table() {
    let mut table = String::new();
    for (name, row) in rows() {
        writeln!(table, "== {name}").unwrap();
        for (event_name, event) in events() {
            let result = match step(&row, event, NOW) {
                Ok(after) => said(&after),
                Err(refused) => format!("refused: {refused}"),
            };
            writeln!(table, "{event_name}: {result}").unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/occurrence.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (got, wanted)) in table.lines().zip(golden.lines()).enumerate() {
        assert_eq!(got, wanted, "line {}", line + 1);
    }
    assert_eq!(table.len(), golden.len(), "the table has grown or shrunk");
}

#[test]
fn green_means_met() {
    let finish = |outcome| {
        let end = Event::End { outcome, reason: "r".into() };
        step(&row(State::Running), end, NOW).unwrap().is_green()
    };
    assert!(finish(Judgement::Met));
    for outcome in [Judgement::NotMet, Judgement::Impossible, Judgement::NotJudged] {
        assert!(!finish(outcome), "{outcome:?}");
    }
    for state in State::ALL {
        let claimed_met = Occurrence { outcome: Some(Judgement::Met), ..row(state) };
        assert_eq!(claimed_met.is_green(), state == State::Finished, "{state:?}");
    }
}

#[test]
fn every_list_has_words_and_names_of_its_own() {
    let words: BTreeSet<&str> = SkipReason::ALL.iter().map(|reason| reason.words()).collect();
    assert_eq!(words.len(), SkipReason::ALL.len());
    let words: BTreeSet<&str> = ErrorType::ALL.iter().map(|error| error.words()).collect();
    assert_eq!(words.len(), ErrorType::ALL.len());
    let names: Vec<String> =
        SkipReason::ALL.iter().map(|reason| serde_json::to_string(reason).unwrap()).collect();
    assert_eq!(names[0], "\"precheck\"");
    assert_eq!(names[1], "\"previous_running\"");
    assert_eq!(serde_json::to_string(&ErrorType::NoStart).unwrap(), "\"no_start\"");
    assert_eq!(serde_json::to_string(&Judgement::NotMet).unwrap(), "\"not_met\"");
}

#[test]
fn only_what_may_pass_is_tried_again_with_growing_pauses() {
    let minute = 60_000;
    for (error, attempt, retries, resets_ms, expected) in [
        (ErrorType::Offline, 0, 2, None, Some(NOW + minute)),
        (ErrorType::Offline, 1, 2, None, Some(NOW + 4 * minute)),
        (ErrorType::Offline, 2, 2, None, None),
        (ErrorType::Offline, 9, 10, None, Some(NOW + BACK_OFF_MAX_MS)),
        (ErrorType::Overloaded, 63, 100, None, Some(NOW + BACK_OFF_MAX_MS)),
        (ErrorType::Limit, 0, 1, Some(NOW + 90 * minute), Some(NOW + 90 * minute)),
        (ErrorType::Limit, 0, 1, Some(NOW - minute), Some(NOW + minute)),
        (ErrorType::Offline, 0, 1, Some(NOW + 90 * minute), Some(NOW + minute)),
        (ErrorType::NoStart, 0, 1, None, Some(NOW + minute)),
        (ErrorType::NoStart, 0, 0, None, None),
        (ErrorType::AgentDied, 0, 2, None, None),
        (ErrorType::Deadline, 0, 2, None, None),
        (ErrorType::SetupFailed, 0, 2, None, Some(NOW + minute)),
        (ErrorType::Precheck, 0, 2, None, None),
        (ErrorType::BaseGone, 0, 2, None, None),
    ] {
        let at_ms = retry_at_ms(error, attempt, retries, resets_ms, NOW);
        assert_eq!(at_ms, expected, "{error:?} {attempt} of {retries}");
    }
}

fn candidate(id: &str, routine: &str, due_ms: i64, overlap: Overlap) -> Candidate {
    Candidate {
        id: id.into(),
        routine: routine.into(),
        key: routine.into(),
        pull_request: None,
        due_ms,
        n: 0,
        overlap,
        by_hand: false,
        one_off: false,
    }
}

fn caps(working: usize) -> Caps {
    Caps { working, live: 32 }
}

fn running(id: &str, routine: &str) -> Running {
    Running {
        id: id.into(),
        routine: routine.into(),
        key: routine.into(),
        pull_request: None,
        waits: false,
    }
}

fn standings(max_per_day: u32) -> BTreeMap<String, StandingOfRoutine> {
    let standing = StandingOfRoutine { max_per_day, ..StandingOfRoutine::default() };
    ["a", "b", "c"].iter().map(|name| ((*name).to_owned(), standing)).collect()
}

fn start() -> Admission {
    Admission::Start { cancel: Vec::new() }
}

#[test]
fn overlap_is_decided_by_the_policy_for_each_key() {
    let previous = [running("old", "a")];
    for (overlap, expected) in [
        (Overlap::Skip, Admission::Skip(SkipReason::PreviousRunning)),
        (Overlap::Queue, Admission::Wait(Held::PreviousRunning)),
        (Overlap::Cancel, Admission::Start { cancel: vec!["old".into()] }),
        (Overlap::Allow, start()),
    ] {
        let candidates = [candidate("x", "a", 1, overlap), candidate("y", "b", 2, overlap)];
        let admitted = admit(&candidates, &previous, &standings(24), caps(4));
        assert_eq!(admitted, [expected, start()], "{overlap:?}");
    }
    let per = |per, number| overlap_key(per, "t", Some("Acme/App"), number);
    assert_eq!(per(Per::Routine, Some(7)), "t");
    assert_eq!(per(Per::Repository, Some(7)), "t acme/app");
    assert_eq!(per(Per::PullRequest, Some(7)), "t acme/app#7");
    assert_eq!(per(Per::PullRequest, None), "t");
    // Of two that would cancel each other only the later one starts.
    let two = [candidate("x", "a", 1, Overlap::Cancel), candidate("y", "a", 2, Overlap::Cancel)];
    let admitted = admit(&two, &previous, &standings(24), caps(4));
    let later = Admission::Start { cancel: vec!["old".into()] };
    assert_eq!(admitted, [Admission::Skip(SkipReason::Superseded), later]);
    // Cancelling frees the one place there is.
    let admitted =
        admit(&[candidate("x", "a", 1, Overlap::Cancel)], &previous, &standings(24), caps(1));
    assert_eq!(admitted, [Admission::Start { cancel: vec!["old".into()] }]);
}

#[test]
fn caps_pauses_and_budgets_are_named() {
    let one = |change: &dyn Fn(&mut Candidate, &mut StandingOfRoutine)| {
        let mut candidate = candidate("x", "a", 1, Overlap::Allow);
        let mut standing = StandingOfRoutine { max_per_day: 2, ..StandingOfRoutine::default() };
        change(&mut candidate, &mut standing);
        admit(&[candidate], &[], &BTreeMap::from([("a".to_owned(), standing)]), caps(4)).remove(0)
    };
    assert_eq!(one(&|_, s| s.paused = true), Admission::Skip(SkipReason::Paused));
    assert_eq!(one(&|_, s| s.disabled = true), Admission::Skip(SkipReason::Disabled));
    assert_eq!(one(&|_, s| s.budget_spent = true), Admission::Skip(SkipReason::Budget));
    assert_eq!(one(&|_, s| s.runs_today = 2), Admission::Skip(SkipReason::Cap));
    assert_eq!(one(&|_, s| s.runs_today = 1), start());
    assert_eq!(one(&|c, s| (c.one_off, s.runs_today) = (true, 2)), start());
    assert_eq!(one(&|c, s| (c.by_hand, s.runs_today, s.paused) = (true, 2, true)), start());
    let many: Vec<Candidate> =
        (0..4).map(|n| candidate(&n.to_string(), "a", n, Overlap::Allow)).collect();
    let admitted = admit(&many, &[], &standings(2), caps(9));
    let cap = Admission::Skip(SkipReason::Cap);
    assert_eq!(admitted, [start(), start(), cap.clone(), cap]);
}

#[test]
fn the_global_cap_is_fair_and_pull_requests_are_worked_on_one_by_one() {
    let mut candidates: Vec<Candidate> =
        (0..100).map(|n| candidate(&format!("a{n:03}"), "a", n, Overlap::Allow)).collect();
    candidates.push(candidate("b", "b", 1_000, Overlap::Allow));
    candidates.push(candidate("c", "c", 2_000, Overlap::Allow));
    let admitted = admit(&candidates, &[], &standings(1_000), caps(4));
    let started: Vec<&str> = candidates
        .iter()
        .zip(&admitted)
        .filter(|(_, admission)| **admission == start())
        .map(|(candidate, _)| candidate.id.as_str())
        .collect();
    assert_eq!(started, ["a000", "a001", "b", "c"]);
    let pull = |id: &str, routine: &str| Candidate {
        pull_request: Some("acme/app#7".into()),
        ..candidate(id, routine, 1, Overlap::Allow)
    };
    let admitted = admit(&[pull("x", "a"), pull("y", "b")], &[], &standings(24), caps(4));
    assert_eq!(admitted, [start(), Admission::Wait(Held::PullRequest)]);
}

#[test]
fn a_run_that_waits_for_its_user_takes_no_place_of_those_that_work() {
    let routine = |n: usize| if n == 0 { "b".to_owned() } else { format!("r{n}") };
    let waits = |n: usize| Running { waits: true, ..running(&format!("w{n}"), &routine(n)) };
    let mut on: Vec<Running> = (0..4).map(waits).collect();
    let others = [candidate("x", "a", 1, Overlap::Skip), candidate("y", "b", 2, Overlap::Skip)];
    let admitted = admit(&others, &on, &standings(24), caps(4));
    let previous = Admission::Skip(SkipReason::PreviousRunning);
    assert_eq!(admitted, [start(), previous], "only its own routine is held by it");
    on.extend((0..4).map(|n| running(&format!("on{n}"), &format!("s{n}"))));
    let admitted = admit(&others[..1], &on, &standings(24), caps(4));
    assert_eq!(admitted, [Admission::Wait(Held::GlobalCap)]);
    let all: Vec<Running> = (0..32).map(waits).collect();
    let admitted = admit(&others[..1], &all, &standings(24), caps(4));
    assert_eq!(admitted, [Admission::Wait(Held::TooManyWait)]);
    let held = [Held::PreviousRunning, Held::PullRequest, Held::GlobalCap, Held::TooManyWait];
    let words: BTreeSet<&str> = held.iter().flat_map(|h| [h.name(), h.words()]).collect();
    assert_eq!(words.len(), 8);
}

#[test]
fn of_several_at_one_moment_that_cancel_each_other_the_newest_runs() {
    let at_once = |n: i64, id: &str| Candidate { n, ..candidate(id, "a", 7, Overlap::Cancel) };
    let three = [at_once(3, "a"), at_once(1, "b"), at_once(2, "c")];
    let admitted = admit(&three, &[], &standings(24), caps(4));
    let older = Admission::Skip(SkipReason::Superseded);
    assert_eq!(admitted, [start(), older.clone(), older]);
}

#[test]
fn a_queue_that_only_grows_is_told() {
    let candidates: Vec<Candidate> =
        (0..120).map(|n| candidate(&format!("{n:03}"), "a", n, Overlap::Queue)).collect();
    let admitted = admit(&candidates, &[running("old", "a")], &standings(1_000), caps(4));
    let skipped =
        admitted.iter().filter(|a| **a == Admission::Skip(SkipReason::PreviousRunning)).count();
    assert_eq!(skipped, 120 - QUEUE_MAX);
    assert_eq!(admitted[QUEUE_MAX - 1], Admission::Wait(Held::PreviousRunning));
}

fn overlap() -> impl Strategy<Value = Overlap> {
    prop::sample::select(vec![Overlap::Skip, Overlap::Queue, Overlap::Cancel, Overlap::Allow])
}

proptest! {
    #[test]
    fn nothing_exceeds_the_cap_or_overlaps_against_the_policy(
        due in prop::collection::vec((0..3_usize, 0..9_i64, overlap(), prop::option::of(0..3_u8)), 0..20),
        on in prop::collection::vec(0..3_usize, 0..4),
        cap in 1..6_usize,
    ) {
        let names = ["a", "b", "c"];
        let candidates: Vec<Candidate> = due
            .iter()
            .enumerate()
            .map(|(n, (routine, due_ms, overlap, pull))| Candidate {
                pull_request: pull.map(|pull| pull.to_string()),
                ..candidate(&format!("{n:02}"), names[*routine], *due_ms, *overlap)
            })
            .collect();
        let on: Vec<Running> =
            on.iter().enumerate().map(|(n, r)| running(&format!("on{n}"), names[*r])).collect();
        let admitted = admit(&candidates, &on, &standings(24), caps(cap));
        prop_assert_eq!(admitted.len(), candidates.len());
        let mut live: BTreeSet<String> = on.iter().map(|run| run.id.clone()).collect();
        let mut started = Vec::new();
        for (candidate, admission) in candidates.iter().zip(&admitted) {
            if let Admission::Start { cancel } = admission {
                prop_assert!(candidate.overlap == Overlap::Cancel || cancel.is_empty());
                live.insert(candidate.id.clone());
                started.push((candidate, cancel));
            }
        }
        for (_, cancel) in &started {
            live.retain(|id| !cancel.contains(id));
        }
        prop_assert!(live.len() <= cap.max(on.len()), "{admitted:?}");
        let mut pulls = BTreeSet::new();
        for (candidate, _) in started.iter().filter(|(candidate, _)| live.contains(&candidate.id)) {
            if let Some(pull) = &candidate.pull_request {
                prop_assert!(pulls.insert(pull), "two on {pull}");
            }
            let others = live.iter().filter(|id| **id != candidate.id);
            let same = |id: &&String| {
                on.iter().any(|run| run.id == **id && run.key == candidate.key)
            };
            prop_assert!(candidate.overlap == Overlap::Allow || !others.clone().any(|id| same(&id)));
        }
    }
}
