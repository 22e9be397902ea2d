//! The store as its user sees it: commits, damage, bounds, a full database. Real files.

use crate::table::notices::NOTICES_MAX;
use crate::table::receipts::RECEIPTS_MAX;
use crate::{Store, StoreError, Wanted, Write};
use nightshift_model::limits::EVIDENCE_MAX;
use nightshift_model::{Evidence, Liveness, Millis, Session, SessionId, Source, State, Work};
use nightshift_protocol::{
    Delivery, Notice, NoticeChannel, NoticeLevel, NotificationKind, Receipt,
};
use std::path::{Path, PathBuf};

const AT: Millis = Millis(1_700_000_000_000);

fn id(n: u32) -> SessionId {
    SessionId::parse(&format!("{n:08x}")).unwrap()
}

fn session(n: u32) -> Session {
    Session {
        trust: None,
        id: id(n),
        session_id: format!("{n:08x}-0000-4000-8000-000000000000"),
        name: format!("job {n}"),
        named_by_user: false,
        work: Work::Shell { command: "true".into() },
        cwd: "/".into(),
        first_prompt: "true".into(),
        created_at: Millis(u64::from(n)),
        state: State::Working,
        state_since: AT,
        liveness: Liveness::Gone { since: AT },
        stopping: false,
        removing: None,
        retiring: false,
        restarts: 0,
        cut: None,
        renewing: None,
        going: None,
        end_seen: false,
        pinned: false,
        line: String::new(),
        line_at: AT,
        exit_code: None,
        lodging: None,
        past_needs: Vec::new(),
        pull_requests: Vec::new(),
        unattended: None,
        journal_seq: 0,
    }
}

fn evidence(n: usize) -> Evidence {
    Evidence { at: AT, source: Source::Process, state: "working".into(), text: format!("e{n}") }
}

fn notice(n: i64) -> Notice {
    Notice { at: AT, level: NoticeLevel::Warning, text: format!("n{n}") }
}

fn open(path: &Path) -> Store {
    let (store, findings) = Store::open(path, AT).unwrap();
    assert_eq!(findings, Vec::new());
    store
}

fn temp() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nightshift.db");
    (dir, path)
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    store
        .commit(&Write {
            upserts: vec![session(2), session(1)],
            evidence: vec![(id(1), evidence(1))],
            notices: vec![notice(1)],
            ..Write::default()
        })
        .unwrap();
    let mut changed = session(2);
    changed.state = State::failed("no");
    store.commit(&Write { upserts: vec![changed.clone()], ..Write::default() }).unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(store.sessions().unwrap(), vec![session(1), changed]);
    assert_eq!(store.evidence(&id(1)).unwrap(), vec![evidence(1)]);
    assert_eq!(store.notices(10).unwrap(), vec![notice(1)]);
}

#[test]
fn a_removed_session_takes_its_evidence_with_it() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let upserts = vec![session(1), session(2)];
    let both = vec![(id(1), evidence(1)), (id(2), evidence(2))];
    store.commit(&Write { upserts, evidence: both, ..Write::default() }).unwrap();
    store.commit(&Write { removed: vec![id(1)], ..Write::default() }).unwrap();
    assert_eq!(store.sessions().unwrap(), vec![session(2)]);
    assert_eq!(store.evidence(&id(1)).unwrap(), Vec::new());
    assert_eq!(store.evidence(&id(2)).unwrap(), vec![evidence(2)]);
}

#[test]
fn evidence_and_notices_are_bounded_and_keep_the_newest() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let many = (1..=EVIDENCE_MAX + 50).map(|n| (id(1), evidence(n))).collect();
    let notices = (1..=NOTICES_MAX + 9).map(notice).collect();
    store.commit(&Write { evidence: many, notices, ..Write::default() }).unwrap();
    let kept = store.evidence(&id(1)).unwrap();
    assert_eq!(kept.len(), EVIDENCE_MAX);
    assert_eq!(kept[0], evidence(51));
    assert_eq!(kept[EVIDENCE_MAX - 1], evidence(EVIDENCE_MAX + 50));
    let all = store.notices(usize::MAX).unwrap();
    assert_eq!(all.len(), usize::try_from(NOTICES_MAX).unwrap());
    assert_eq!(store.notices(2).unwrap(), vec![notice(NOTICES_MAX + 8), notice(NOTICES_MAX + 9)]);
}

#[test]
fn a_damaged_row_is_set_aside_once_and_the_rest_is_intact() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let upserts = (1..=5).map(session).collect();
    store.commit(&Write { upserts, ..Write::default() }).unwrap();
    let damage = [
        "UPDATE sessions SET doc = '{broken' WHERE id = '00000001'",
        "UPDATE sessions SET doc = CAST(X'FF80' AS TEXT) WHERE id = '00000002'",
        "UPDATE sessions SET id = '0000ffff' WHERE id = '00000003'",
        "UPDATE sessions SET doc = replace(doc, '00000004', '../../et') , id = '../../et' \
         WHERE id = '00000004'",
    ];
    for sql in damage {
        assert_eq!(store.connection.execute(sql, []).unwrap(), 1, "{sql}");
    }
    drop(store);
    let (store, findings) = Store::open(&path, AT).unwrap();
    let ids: Vec<_> = findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(ids, ["00000001", "00000002", "0000ffff", "../../et"]);
    assert_eq!(findings[0].raw, "{broken");
    assert_eq!(store.sessions().unwrap(), vec![session(5)]);
    assert_eq!(store.set_aside().unwrap(), findings);
    drop(store);
    let store = open(&path);
    assert_eq!(store.sessions().unwrap(), vec![session(5)]);
}

#[test]
fn a_file_that_is_no_database_is_moved_away_and_a_fresh_one_made() {
    let (dir, path) = temp();
    std::fs::write(&path, "this is no database at all, ".repeat(100)).unwrap();
    let (mut store, findings) = Store::open(&path, AT).unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].table, "database");
    let moved = dir.path().join(format!("nightshift.db.corrupt-{}", AT.0));
    assert_eq!(findings[0].id, moved.display().to_string());
    assert!(std::fs::read_to_string(moved).unwrap().starts_with("this is no database"));
    store.commit(&Write { upserts: vec![session(1)], ..Write::default() }).unwrap();
}

#[test]
fn a_file_with_torn_pages_is_found_when_opened() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let upserts = (1..=200).map(session).collect();
    store.commit(&Write { upserts, ..Write::default() }).unwrap();
    store.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let from = bytes.len() / 4;
    bytes[from..from * 3].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let (store, findings) = Store::open(&path, AT).unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(store.sessions().unwrap(), Vec::new());
}

#[test]
fn a_newer_database_is_refused_and_not_a_byte_of_it_is_touched() {
    let (dir, path) = temp();
    let mut store = open(&path);
    store.commit(&Write { upserts: vec![session(1)], ..Write::default() }).unwrap();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    // As a kill leaves it: what was written last stands in the WAL alone.
    let left = dir.path().join("left");
    std::fs::create_dir(&left).unwrap();
    for name in ["nightshift.db", "nightshift.db-wal"] {
        std::fs::copy(dir.path().join(name), left.join(name)).unwrap();
    }
    let bytes = || {
        ["nightshift.db", "nightshift.db-wal"].map(|name| std::fs::read(left.join(name)).unwrap())
    };
    let before = bytes();
    for _ in 0..2 {
        let error = Store::open(&left.join("nightshift.db"), AT).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("start the newer nightshift"), "{error}");
        assert!(bytes() == before, "the newer file was changed");
    }
    let names = std::fs::read_dir(&left).unwrap().map(|e| e.unwrap().file_name());
    let others: Vec<_> = names.filter(|n| !n.to_string_lossy().ends_with("-shm")).collect();
    assert_eq!(others.len(), 2, "{others:?}");
}

#[test]
fn a_database_deleted_while_open_is_saved_anew_with_all_it_holds() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let upserts = (1..=50).map(session).collect();
    let told = vec![(id(1), evidence(1))];
    store.commit(&Write { upserts, evidence: told, ..Write::default() }).unwrap();
    assert!(store.is_in_place());
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(crate::open::with_suffix(&path, suffix)).unwrap();
    }
    assert!(!store.is_in_place());
    // Written to the file without a name.
    store.commit(&Write { removed: vec![id(50)], ..Write::default() }).unwrap();
    std::fs::write(&path, "somebody else's").unwrap();
    store.save_anew().unwrap();
    assert!(store.is_in_place());
    store.commit(&Write { upserts: vec![session(51)], ..Write::default() }).unwrap();
    drop(store);
    let store = open(&path);
    let kept: Vec<SessionId> = store.sessions().unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(kept, (1..=49).chain([51]).map(id).collect::<Vec<_>>());
    assert_eq!(store.evidence(&id(1)).unwrap(), vec![evidence(1)]);
    let replaced = crate::open::with_suffix(&path, ".replaced");
    assert_eq!(std::fs::read_to_string(replaced).unwrap(), "somebody else's");
}

#[test]
fn a_full_disk_is_told_apart_and_changes_nothing() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    store.commit(&Write { upserts: vec![session(1)], ..Write::default() }).unwrap();
    // SQLite reports its own size limit with the code of a full disk.
    let pages: i64 =
        store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let upserts = (2..=2000).map(session).collect();
    let error = store.commit(&Write { upserts, ..Write::default() }).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    assert_eq!(store.sessions().unwrap(), vec![session(1)]);
    store.commit(&Write { removed: vec![id(1)], ..Write::default() }).unwrap();
}

#[test]
fn a_commit_is_whole_or_not_at_all() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    store.connection.execute_batch("DROP TABLE notices").unwrap();
    let write = Write { upserts: vec![session(1)], notices: vec![notice(1)], ..Write::default() };
    assert!(store.commit(&write).is_err());
    assert_eq!(store.sessions().unwrap(), Vec::new());
}

#[test]
fn the_schema_version_is_that_of_the_last_migration() {
    let last = crate::table::migrations().iter().map(|m| m.to).max();
    assert_eq!(last, Some(crate::SCHEMA_VERSION));
}

#[test]
fn a_volatile_commit_outlives_its_store_and_the_next_one_is_durable_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nightshift.db");
    let (mut store, _) = Store::open(&path, AT).unwrap();
    let write = Write { upserts: vec![session(1)], volatile: true, ..Write::default() };
    store.commit(&write).unwrap();
    assert_eq!(synchronous(&store), 1);
    // Never closed, as if its process had been killed.
    std::mem::forget(store);
    let (mut store, _) = Store::open(&path, AT).unwrap();
    assert_eq!(store.sessions().unwrap(), [session(1)]);
    store.commit(&write).unwrap();
    store.commit(&Write { upserts: vec![session(2)], ..Write::default() }).unwrap();
    assert_eq!(synchronous(&store), 2);
}

/// 1 is NORMAL, 2 is FULL.
fn synchronous(store: &Store) -> i64 {
    store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
}

fn receipt(n: u32, occasion: &str) -> Receipt {
    Receipt {
        n,
        at: AT,
        settled_at: None,
        session: id(1).to_string(),
        occasion: occasion.into(),
        kind: NotificationKind::Failed,
        channel: NoticeChannel::Desktop,
        title: "job 1 failed".into(),
        text: "exit code 3".into(),
        delivery: Delivery::Pending,
    }
}

#[test]
fn a_receipt_is_written_once_and_settled_in_place() {
    let (_dir, path) = temp();
    let mut store = open(&path);
    let write = |receipts| Write { receipts, ..Write::default() };
    store.commit(&write(vec![receipt(1, "failed:1"), receipt(2, "failed:2")])).unwrap();
    // The same occasion told again after a crash.
    store.commit(&write(vec![receipt(3, "failed:1")])).unwrap();
    let numbers = |store: &Store, wanted| {
        store.receipts(wanted).unwrap().into_iter().map(|r| r.n).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&store, Wanted::Pending), [1, 2]);
    let delivered = Delivery::Delivered;
    let settled = Receipt { delivery: delivered, settled_at: Some(AT), ..receipt(1, "failed:1") };
    store.commit(&write(vec![settled.clone()])).unwrap();
    assert_eq!(numbers(&store, Wanted::Pending), [2]);
    let of = Wanted::Of { session: &settled.session, occasion: "failed:1" };
    assert_eq!(store.receipts(of).unwrap(), std::slice::from_ref(&settled));
    assert_eq!(numbers(&store, Wanted::Newest { limit: 5, before: None }), [2, 1]);
    assert_eq!(numbers(&store, Wanted::Newest { limit: 5, before: Some(2) }), [1]);
    let last = u32::try_from(RECEIPTS_MAX).unwrap() + 1;
    store.commit(&write(vec![receipt(last, "failed:9")])).unwrap();
    assert_eq!(numbers(&store, Wanted::Newest { limit: 5, before: None }), [last, 2]);
}

#[test]
fn a_switch_stays_as_it_was_turned() {
    let (_dir, path) = temp();
    for (on, expected) in [(true, true), (true, true), (false, false)] {
        let write = Write { switches: vec![("paused", on)], ..Write::default() };
        open(&path).commit(&write).unwrap();
        assert_eq!(open(&path).is_on("paused").unwrap(), expected);
    }
}
