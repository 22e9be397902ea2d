//! Databases as earlier builds left them: every later build opens them and loses nothing.
//!
//! `tests/recorded/schema-<version>[-<what>].sql` are dumps, never changed once they are there;
//! `-first` is from before later fields of the same version.
//! `UPDATE_GOLDEN=1` writes the one of the present schema where it is missing.

use nightshift_model::{
    AgentWork, Evidence, Liveness, Millis, Need, NeedId, NeedKind, Prompt, PromptState, Session,
    SessionId, Source, State, Surface, Work,
};
use nightshift_protocol::{Notice, NoticeLevel};
use nightshift_routines::definition::TriggerKey;
use nightshift_routines::occurrence::{Occurrence, Origin};
use nightshift_store::ledger::{LedgerRow, LedgerWrite, Pause, RoutineRow, RoutineStanding};
use nightshift_store::outside::{DeliveryRow, OutsideWrite, Secret, TokenKind, TokenRow, Verdict};
use nightshift_store::{RowsWanted, SCHEMA_VERSION, Store, Write};
use rusqlite::Connection;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const AT: Millis = Millis(1_750_000_000_123);

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

fn id(n: u32) -> SessionId {
    SessionId::parse(&format!("{n:08x}")).unwrap()
}

fn shell(n: u32, state: State, liveness: Liveness) -> Session {
    Session {
        trust: None,
        id: id(n),
        session_id: format!("{n:08x}-0000-4000-8000-000000000000"),
        name: format!("it's job {n}"),
        named_by_user: true,
        work: Work::Shell { command: "make 'all'".into() },
        cwd: "/src".into(),
        first_prompt: "make 'all'".into(),
        created_at: Millis(u64::from(n)),
        state,
        state_since: AT,
        liveness,
        stopping: false,
        removing: None,
        retiring: false,
        restarts: 0,
        cut: None,
        renewing: None,
        going: None,
        end_seen: false,
        pinned: false,
        line: "last line".into(),
        line_at: AT,
        exit_code: None,
        lodging: None,
        past_needs: Vec::new(),
        pull_requests: Vec::new(),
        unattended: None,
        journal_seq: 0,
    }
}

fn agent(n: u32) -> Session {
    let need = Need {
        id: NeedId("need-1".into()),
        kind: NeedKind::Question,
        question: "Which colour?".into(),
        detail: String::new(),
        options: Vec::new(),
        free_text: true,
        since: AT,
        unshown_bytes: 0,
        answered: None,
    };
    let prompt = |n, state| Prompt { state, ..Prompt::of_user(n, format!("prompt {n}\n…"), AT) };
    let work = AgentWork {
        agent: "rehearsal".into(),
        surface: Surface::Conversation,
        model: None,
        permission_mode: Some("ask".into()),
        agent_session_id: Some("s-1".into()),
        prompts: vec![prompt(1, PromptState::Sent), prompt(2, PromptState::Queued)],
        next_prompt: 3,
        answers: Vec::new(),
        interrupts: None,
        choices: Box::default(),
        standing: Box::default(),
        continues: None,
        usage: None,
    };
    let state = State::NeedsInput { needs: vec![need] };
    let alive = Liveness::Alive { pid: 7, since: AT };
    Session { work: Work::Agent(work), ..shell(n, state, alive) }
}

/// What every recorded database holds.
fn sessions() -> Vec<Session> {
    let gone = Liveness::Gone { since: AT };
    let unknown = Liveness::Unknown { why: "/proc".into(), way_out: String::new(), since: AT };
    let done = State::Completed { result: "42".into() };
    let ended = Session { exit_code: Some(3), ..shell(2, State::failed("exit 3"), gone.clone()) };
    vec![shell(1, done, gone), ended, agent(3), shell(4, State::Stopped, unknown)]
}

fn evidence() -> Vec<Evidence> {
    let sources = [Source::User, Source::Protocol, Source::Process, Source::Supervisor];
    let of = |source| {
        let text = format!("by {source:?}");
        Evidence { at: AT, source, state: "done".into(), text }
    };
    sources.map(of).to_vec()
}

fn notices() -> Vec<Notice> {
    vec![Notice { at: AT, level: NoticeLevel::Warning, text: "it was set aside".into() }]
}

/// From which schema on there are routines.
const LEDGER_SCHEMA: u32 = 4;

fn ledger() -> LedgerWrite {
    let trigger = TriggerKey("schedule 0 9 * * *".into());
    let due_ms = 1_750_000_000_000;
    let due = Occurrence::due("run_1", "trig_1", Origin::Schedule { trigger, due_ms });
    let standing = RoutineStanding {
        hash: "ab".into(),
        paused: Some(Pause { since_ms: 7, note: "it's late".into() }),
        since_ms: 5,
        ..RoutineStanding::default()
    };
    let definition = Some("+++\nschedule = 'x'\n+++\nwork".into());
    let routine = RoutineRow { id: "trig_1".into(), name: "triage".into(), definition, standing };
    let row = LedgerRow { denials: vec!["Run: rm".into()], ..LedgerRow::of(due) };
    LedgerWrite { routines: vec![routine], rows: vec![row], ..LedgerWrite::default() }
}

/// From which schema on there are tokens and deliveries.
const OUTSIDE_SCHEMA: u32 = 5;

fn outside() -> OutsideWrite {
    let token = TokenRow {
        id: "tok_1".into(),
        routine: "trig_1".into(),
        kind: TokenKind::Fire,
        secret: Secret("ab".into()),
        previous: Some((Secret("cd".into()), 9)),
        created_ms: 1,
        rotated_ms: Some(2),
        last_used_ms: Some(3),
    };
    let delivery = DeliveryRow {
        n: 0,
        id: "dlv_1".into(),
        routine: "trig_1".into(),
        at_ms: 1_750_000_000_000,
        kind: "api".into(),
        verdict: Verdict::Accepted,
        status: Some(200),
        reason: None,
        headers: [("user-agent".to_owned(), "curl".to_owned())].into(),
        body: "{}".into(),
        text: Some("it's".into()),
        event: None,
        checked: true,
        guid: Some("g-1".into()),
        occurrence: Some("run_1".into()),
    };
    OutsideWrite {
        tokens: vec![token],
        deliveries: vec![delivery],
        remembered: vec![("intake-address".into(), Some("127.0.0.1:1".into()))],
        ..OutsideWrite::default()
    }
}

fn texts(database: &Connection, query: &str) -> Vec<String> {
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn version_of(database: &Connection) -> u32 {
    database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The whole database as SQL. The tables are few and their values plain.
fn dump(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let mut sql = format!("PRAGMA user_version = {};\n", version_of(&database));
    let made = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    for create in texts(&database, &format!("SELECT sql FROM sqlite_master WHERE {made}")) {
        writeln!(sql, "{create};").unwrap();
    }
    let tables = format!("SELECT name FROM sqlite_master WHERE type = 'table' AND {made}");
    for table in texts(&database, &tables) {
        let columns = texts(&database, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let values: Vec<String> = columns.iter().map(|c| format!("quote({c})")).collect();
        let rows = format!("SELECT {} FROM {table}", values.join(" || ', ' || "));
        for row in texts(&database, &rows) {
            writeln!(sql, "INSERT INTO {table} ({}) VALUES ({row});", columns.join(", ")).unwrap();
        }
    }
    sql
}

fn record_the_present_schema() {
    let file = recorded().join(format!("schema-{SCHEMA_VERSION}.sql"));
    if std::env::var_os("UPDATE_GOLDEN").is_none() || file.exists() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nightshift.db");
    let (mut store, _) = Store::open(&path, AT).unwrap();
    let evidence = evidence().into_iter().map(|e| (id(1), e)).collect();
    let (upserts, notices) = (sessions(), notices());
    let ledger = LedgerWrite { outside: outside(), ..ledger() };
    let write = Write { upserts, evidence, notices, ledger, ..Write::default() };
    store.commit(&write).unwrap();
    drop(store);
    std::fs::create_dir_all(recorded()).unwrap();
    std::fs::write(file, dump(&path)).unwrap();
}

#[test]
fn every_recorded_database_comes_forward_whole_and_is_backed_up_first() {
    record_the_present_schema();
    let files = std::fs::read_dir(recorded()).unwrap().map(|file| file.unwrap().path());
    let mut versions = Vec::new();
    for dumped in files {
        let name = dumped.display();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nightshift.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&std::fs::read_to_string(&dumped).unwrap()).unwrap();
        let version = version_of(&old);
        drop(old);
        versions.push(version);
        let (store, damaged) = Store::open(&path, AT).unwrap();
        assert_eq!(damaged, [], "{name}");
        assert_eq!(store.sessions().unwrap(), sessions(), "{name}");
        assert_eq!(store.evidence(&id(1)).unwrap(), evidence(), "{name}");
        assert_eq!(store.notices(10).unwrap(), notices(), "{name}");
        let rows = store.rows(RowsWanted { routine: None, before: None, limit: 9 }).unwrap();
        if version >= LEDGER_SCHEMA {
            assert_eq!(store.routines().unwrap(), ledger().routines, "{name}");
            let rows: Vec<LedgerRow> = rows.into_iter().map(|r| LedgerRow { n: 0, ..r }).collect();
            assert_eq!(rows, ledger().rows, "{name}");
        } else {
            assert_eq!((store.routines().unwrap().len(), rows.len()), (0, 0), "{name}");
        }
        let (tokens, deliveries) = match version >= OUTSIDE_SCHEMA {
            true => (outside().tokens, outside().deliveries),
            false => (Vec::new(), Vec::new()),
        };
        assert_eq!(store.tokens().unwrap(), tokens, "{name}");
        let kept = store.deliveries("trig_1", (None, 9)).unwrap();
        let kept: Vec<DeliveryRow> = kept.into_iter().map(|r| DeliveryRow { n: 0, ..r }).collect();
        assert_eq!(kept, deliveries, "{name}");
        drop(store);
        assert_eq!(version_of(&Connection::open(&path).unwrap()), SCHEMA_VERSION, "{name}");
        let backup = dir.path().join(format!("nightshift.db.bak-{version}"));
        assert_eq!(backup.exists(), version < SCHEMA_VERSION, "{name}");
        if backup.exists() {
            assert_eq!(version_of(&Connection::open(backup).unwrap()), version, "{name}");
        }
    }
    versions.sort_unstable();
    versions.dedup();
    let every: Vec<u32> = (1..=SCHEMA_VERSION).collect();
    assert_eq!(versions, every, "a schema version has no recorded database: UPDATE_GOLDEN=1");
}
