//! The ledger of routines as its user sees it: rows and marks in one commit, each due time once, pages, what is
//! kept and forgotten, damage. Real files.

use nightshift_model::Millis;
use nightshift_routines::definition::TriggerKey;
use nightshift_routines::occurrence::{Occurrence, Origin, SkipReason, State};
use nightshift_store::ledger::{LedgerEvent, LedgerRow, LedgerWrite, RoutineRow, RoutineStanding};
use nightshift_store::{RowsWanted, Store, Write};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

const AT: Millis = Millis(1_700_000_000_000);
const ROUTINE: &str = "trig_1";

fn temp() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nightshift.db");
    (dir, path)
}

fn open(path: &Path) -> Store {
    let (store, findings) = Store::open(path, AT).unwrap();
    assert_eq!(findings, []);
    store
}

fn routine(name: &str, marks_ms: i64) -> RoutineRow {
    let mut standing = RoutineStanding { since_ms: 5, ..RoutineStanding::default() };
    standing.marks.latest_ms = marks_ms;
    let definition = Some("+++\n+++\nwork".to_owned());
    RoutineRow { id: ROUTINE.to_owned(), name: name.to_owned(), definition, standing }
}

fn row(id: &str, due_ms: i64, state: State) -> LedgerRow {
    let trigger = TriggerKey("schedule * * * * *".to_owned());
    let occurrence = Occurrence::due(id, ROUTINE, Origin::Schedule { trigger, due_ms });
    let finished_ms = state.is_over().then_some(due_ms + 1);
    LedgerRow::of(Occurrence { state, finished_ms, ..occurrence })
}

fn rows(rows: Vec<LedgerRow>) -> Write {
    Write { ledger: LedgerWrite { rows, ..LedgerWrite::default() }, ..Write::default() }
}

fn page(store: &Store, before: Option<i64>, limit: usize) -> Vec<LedgerRow> {
    store.rows(RowsWanted { routine: Some(ROUTINE), before, limit }).unwrap()
}

fn ids(rows: &[LedgerRow]) -> Vec<&str> {
    rows.iter().map(|row| row.occurrence.id.as_str()).collect()
}

#[test]
fn rows_and_marks_of_one_commit_are_there_together_after_reopening() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let event = LedgerEvent { occurrence: "a".into(), at_ms: 7, text: "due".into() };
    let ledger = LedgerWrite {
        routines: vec![routine("triage", 60_000)],
        rows: vec![row("a", 60_000, State::Due)],
        events: vec![event.clone()],
        look: Some("{}".into()),
        ..LedgerWrite::default()
    };
    store.commit(&Write { ledger, ..Write::default() }).unwrap();
    // A definition that is not given again stays.
    let later = RoutineRow { definition: None, ..routine("triage", 120_000) };
    let ledger = LedgerWrite { routines: vec![later], ..LedgerWrite::default() };
    store.commit(&Write { ledger, ..Write::default() }).unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(store.routines().unwrap(), [routine("triage", 120_000)]);
    assert_eq!(ids(&store.open_rows().unwrap()), ["a"]);
    assert_eq!(store.row_events("a").unwrap(), [event]);
    assert_eq!(store.look().unwrap().as_deref(), Some("{}"));
}

#[test]
fn a_second_row_for_a_due_time_takes_nothing_of_its_commit() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    store.commit(&rows(vec![row("a", 60_000, State::Due)])).unwrap();
    let mut both = rows(vec![row("b", 120_000, State::Due), row("c", 60_000, State::Due)]);
    both.ledger.routines = vec![routine("triage", 120_000)];
    assert!(store.commit(&both).is_err());
    assert_eq!(ids(&page(&store, None, 10)), ["a"]);
    assert_eq!(store.routines().unwrap(), []);
    // The same time of another routine is another one.
    let mut other = row("d", 60_000, State::Due);
    other.occurrence.routine = "trig_2".into();
    store.commit(&rows(vec![other])).unwrap();
    assert_eq!(store.rows(RowsWanted { routine: None, before: None, limit: 9 }).unwrap().len(), 2);
}

#[test]
fn one_key_of_a_fire_and_one_event_have_one_row() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let api = |id: &str, key: Option<&str>| {
        let trigger = TriggerKey("api".to_owned());
        let idempotency_key = key.map(str::to_owned);
        LedgerRow::of(Occurrence::due(id, ROUTINE, Origin::Api { trigger, idempotency_key }))
    };
    let event = |id: &str, key: &str| {
        let trigger = TriggerKey("github acme/app push".to_owned());
        let event_key = key.to_owned();
        LedgerRow::of(Occurrence::due(id, ROUTINE, Origin::Github { trigger, event_key }))
    };
    let first = vec![api("a", Some("k")), event("b", "e"), api("c", None), api("d", None)];
    store.commit(&rows(first)).unwrap();
    assert!(store.commit(&rows(vec![api("e", Some("k"))])).is_err());
    assert!(store.commit(&rows(vec![event("f", "e")])).is_err());
    assert_eq!(ids(&page(&store, None, 10)), ["d", "c", "b", "a"]);
}

#[test]
fn pages_come_newest_first_and_go_on_where_the_one_before_ended() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let all = (0..25).map(|n| row(&format!("r{n:02}"), n * 60_000, State::Finished)).collect();
    store.commit(&rows(all)).unwrap();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = page(&store, before, 10);
        let Some(last) = page.last() else { break };
        before = Some(last.n);
        seen.extend(page);
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("r{n:02}")).collect();
    assert_eq!(ids(&seen), expected);
}

#[test]
fn a_due_time_says_whether_it_was_missed_and_what_counts_is_counted() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let skipped = |id: &str, due_ms, reason| {
        let mut row = row(id, due_ms, State::Skipped);
        row.occurrence.reason = Some(reason);
        row
    };
    let mut ran = row("c", 3, State::Running);
    ran.occurrence.claimed_ms = Some(50);
    let mut once = LedgerRow { one_off: true, ..row("d", 4, State::Running) };
    once.occurrence.claimed_ms = Some(50);
    let all =
        vec![skipped("a", 1, SkipReason::TooLate), skipped("b", 2, SkipReason::Paused), ran, once];
    store.commit(&rows(all)).unwrap();
    let missed: Vec<Option<bool>> =
        (1..=5).map(|due_ms| store.is_missed(ROUTINE, due_ms).unwrap()).collect();
    assert_eq!(missed, [Some(true), Some(false), Some(false), Some(false), None]);
    assert_eq!(store.due_row(ROUTINE, 2).unwrap().unwrap().occurrence.id, "b");
    assert_eq!(store.counted_runs(ROUTINE, 50).unwrap(), 1, "`at` does not count");
    assert_eq!(store.counted_runs(ROUTINE, 51).unwrap(), 0);
}

#[test]
fn only_old_rows_beyond_the_newest_are_past_and_open_ones_never() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let mut all: Vec<LedgerRow> =
        (0..10).map(|n| row(&format!("r{n}"), n * 1_000, State::Finished)).collect();
    all[1] = row("r1", 1_000, State::Running);
    store.commit(&rows(all)).unwrap();
    let past = |before_ms, keep| {
        let past = store.past_rows(ROUTINE, before_ms, (keep, 100)).unwrap();
        past.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(past(i64::MAX, 6), ["r0", "r2", "r3"]);
    assert_eq!(past(2_500, 6), ["r0", "r2"], "the others are not old enough");
    assert_eq!(past(i64::MAX, 10), Vec::<String>::new());
    let ledger = LedgerWrite { forgotten: vec!["r0".into()], ..LedgerWrite::default() };
    store.commit(&Write { ledger, ..Write::default() }).unwrap();
    assert_eq!(page(&store, None, 100).len(), 9);
}

#[test]
fn a_routine_that_is_removed_takes_its_rows_along_and_no_others() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let mut other = row("b", 1, State::Due);
    other.occurrence.routine = "trig_2".into();
    let mut write = rows(vec![row("a", 1, State::Due), other]);
    write.ledger.routines = vec![routine("triage", 0)];
    store.commit(&write).unwrap();
    let ledger = LedgerWrite { removed: vec![ROUTINE.into()], ..LedgerWrite::default() };
    store.commit(&Write { ledger, ..Write::default() }).unwrap();
    assert_eq!(store.routines().unwrap(), []);
    let left = store.rows(RowsWanted { routine: None, before: None, limit: 9 }).unwrap();
    assert_eq!(ids(&left), ["b"]);
}

#[test]
fn damaged_rows_are_set_aside_and_start_nothing_and_their_times_stay_decided() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let mut write = rows(vec![row("a", 1, State::Due), row("b", 2, State::Due)]);
    write.ledger.routines = vec![routine("triage", 0)];
    store.commit(&write).unwrap();
    drop(store);
    let raw = Connection::open(&path).unwrap();
    raw.execute("UPDATE occurrences SET doc = '{' WHERE id = 'a'", []).unwrap();
    raw.execute("UPDATE routines SET standing = '[]x'", []).unwrap();
    drop(raw);
    let (mut store, findings) = Store::open(&path, AT).unwrap();
    let tables: Vec<&str> = findings.iter().map(|found| found.table.as_str()).collect();
    assert_eq!(tables, ["routines", "occurrences"]);
    assert_eq!(ids(&store.open_rows().unwrap()), ["b"]);
    assert_eq!(store.is_missed(ROUTINE, 1).unwrap(), Some(false));
    assert!(store.commit(&rows(vec![row("c", 1, State::Due)])).is_err(), "it happens once");
    drop(store);
    assert_eq!(open(&path).set_aside().unwrap().len(), 2);
}

#[test]
fn a_page_of_ten_thousand_rows_is_read_whole() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let all = (0..10_000).map(|n| row(&format!("r{n:05}"), n, State::Finished)).collect();
    store.commit(&rows(all)).unwrap();
    assert_eq!(page(&store, None, 10_000).len(), 10_000);
}
