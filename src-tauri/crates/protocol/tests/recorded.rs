//! Frames as earlier builds sent them: every later build reads them as what they meant.
//!
//! `tests/recorded/protocol-<version>/` holds the frames of one version, in the order of the lists
//! below. What is recorded is never changed. `UPDATE_GOLDEN=1` only appends what was added behind
//! the last of a file; a list of a version that is no longer spoken stays as it is.

use nightshift_model::{
    Answer, Evidence, Liveness, Millis, Need, NeedId, NeedKind, NeedOption, OptionKind, OptionRole,
    Origin, Source, State,
};
use nightshift_protocol::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::path::PathBuf;

const AT: Millis = Millis(1_750_000_000_123);
const ID: &str = "7c5d0a1b";

fn file(name: &str) -> PathBuf {
    let version = format!("tests/recorded/protocol-{PROTOCOL_VERSION}");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(version).join(name)
}

/// The frames of a file; those of `now` that it lacks are appended first when that is asked for.
fn recorded(name: &str, now: &[Vec<u8>]) -> Vec<(FrameKind, Vec<u8>)> {
    let path = file(name);
    let bytes = std::fs::read(&path).unwrap_or_default();
    let frames = frames_of(&bytes);
    if std::env::var_os("UPDATE_GOLDEN").is_none() || frames.len() >= now.len() {
        return frames;
    }
    let mut longer = bytes;
    now[frames.len()..].iter().for_each(|frame| longer.extend_from_slice(frame));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &longer).unwrap();
    frames_of(&longer)
}

fn frames_of(bytes: &[u8]) -> Vec<(FrameKind, Vec<u8>)> {
    let mut decoder = FrameDecoder::default();
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        frames.push(frame);
    }
    assert_eq!(decoder.pending(), 0, "the last frame is cut");
    frames
}

/// Every recorded frame is what it was, and still is with what a newer build might add to it.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, expected: &[T]) {
    let now: Vec<Vec<u8>> = expected.iter().map(encode_control).collect();
    let frames = recorded(name, &now);
    assert_eq!(frames.len(), expected.len(), "{name}: run again with UPDATE_GOLDEN=1");
    for ((kind, body), expected) in frames.iter().zip(expected) {
        assert_eq!(*kind, FrameKind::Control);
        assert_eq!(&serde_json::from_slice::<T>(body).unwrap(), expected);
        let mut newer: Value = serde_json::from_slice(body).unwrap();
        add_fields(&mut newer);
        let read = serde_json::from_value::<T>(newer.clone());
        assert_eq!(&read.unwrap_or_else(|e| panic!("{newer}: {e}")), expected);
    }
}

/// A field in every object that this build knows nothing of. An environment has no fields, but names.
fn add_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (_, inner) in fields.iter_mut().filter(|(name, _)| *name != "env") {
                add_fields(inner);
            }
            fields.insert("addedLater".into(), json!({"type": "added_later", "n": [1, null]}));
        }
        Value::Array(values) => values.iter_mut().for_each(add_fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn env() -> Environment {
    [("PATH".to_owned(), "/usr/bin".to_owned())].into()
}

fn session() -> String {
    ID.to_owned()
}

fn dispatches() -> Vec<Command> {
    let dispatch = |work| Dispatch {
        work,
        name: Some("map".into()),
        cwd: "/src".into(),
        env: env(),
        worktree: Default::default(),
        enclosures: Vec::new(),
    };
    vec![
        Command::Dispatch(dispatch(DispatchWork::Shell { command: "npm test".into() })),
        Command::Dispatch(dispatch(DispatchWork::Agent {
            prompt: "map every TODO\n…".into(),
            agent: Some("rehearsal".into()),
            model: None,
            permission_mode: Some("ask".into()),
        })),
    ]
}

fn commands() -> Vec<Command> {
    let mut all = dispatches();
    let answers = [
        Answer::Option { id: "a".into() },
        Answer::Allow,
        Answer::Deny,
        Answer::Text { text: "blue".into() },
    ];
    all.extend(answers.into_iter().map(|answer| Command::Answer {
        session: session(),
        need: Some(NeedId("need-1".into())),
        answer,
        shown_ms: None,
        env: nightshift_protocol::Environment::new(),
    }));
    all.extend([
        Command::Show { session: session() },
        Command::List,
        Command::Reply {
            session: session(),
            text: "go on".into(),
            env: env(),
            enclosures: Vec::new(),
        },
        Command::Interrupt { session: session() },
        Command::Stop { session: session() },
        Command::Respawn { session: session(), env: env() },
        Command::Remove { session: session(), discard: false, keep_worktree: false },
        Command::Rename { session: session(), name: "new".into() },
        Command::Pin { session: session(), pinned: true },
        Command::ContinueAtReset { session: session(), text: Some("go".into()) },
        Command::CancelContinue { session: session() },
        Command::Logs { session: session(), raw: true, offset: 7, since: Some(AT) },
        Command::Seen { session: session() },
        Command::Tasks { session: None },
        Command::StopTask { task: format!("{ID}.12.34") },
        Command::Why { session: session() },
        Command::Attach { session: session() },
        Command::FollowBoard,
        Command::FollowConversation { session: session() },
        Command::Unfollow { follow: 3 },
        Command::Agents { env: env() },
        Command::Status,
        Command::Shutdown { keep_workers: true },
        Command::Configuration { session: session() },
        Command::Choose { session: session(), option: "mode".into(), value: "ask".into() },
        Command::Answer {
            session: session(),
            need: Some(NeedId("need-1".into())),
            answer: Answer::Deny,
            env: nightshift_protocol::Environment::new(),
            shown_ms: Some(1_200),
        },
    ]);
    all
}

fn need() -> Need {
    let option = |id: &str, kind| NeedOption { id: id.into(), label: id.to_uppercase(), kind };
    Need {
        id: NeedId("need-1".into()),
        kind: NeedKind::Permission,
        question: "Run: make".into(),
        detail: "in /src".into(),
        options: vec![
            option("once", OptionKind::AllowOnce),
            option("always", OptionKind::AllowAlways),
            option("no", OptionKind::RejectOnce),
            option("never", OptionKind::RejectAlways),
        ],
        free_text: false,
        since: AT,
        unshown_bytes: 0,
        answered: Some(Answer::Allow),
    }
}

fn view(state: State, liveness: Liveness) -> SessionView {
    SessionView {
        id: session(),
        session_id: format!("{ID}-0000-4000-8000-000000000000"),
        name: "map".into(),
        kind: SessionKind::Agent,
        agent: Some("rehearsal".into()),
        surface: Default::default(),
        model: None,
        permission_mode: Some("ask".into()),
        choosing: Vec::new(),
        agent_session_id: Some("s-1".into()),
        cwd: "/src".into(),
        untrusted: None,
        prompt: "map every TODO".into(),
        state,
        state_since: AT,
        liveness,
        line: "Reading…".into(),
        pull_requests: Vec::new(),
        pinned: true,
        created_at: AT,
        queued: 2,
        exit_code: Some(3),
        lodging: None,
        continue_at: Some(AT),
        usage: None,
        standing: None,
        routine: None,
    }
}

fn views() -> Vec<SessionView> {
    let alive = || Liveness::Alive { pid: 7, since: AT };
    vec![
        view(State::Starting, Liveness::Gone { since: AT }),
        view(State::Working, alive()),
        view(State::NeedsInput { needs: vec![need()] }, alive()),
        view(State::Idle, alive()),
        view(State::Completed { result: "42 found".into() }, alive()),
        view(
            State::failed("no key"),
            Liveness::Unknown { why: "/proc".into(), way_out: String::new(), since: AT },
        ),
        view(State::Stopped, Liveness::Gone { since: AT }),
    ]
}

fn status() -> DaemonStatus {
    DaemonStatus {
        pid: 12,
        version: "0.1.0".into(),
        protocol: 1,
        socket: "/run/s".into(),
        sessions: 2,
        connected: 1,
        unknown: 1,
        gone: 4,
        started_at: AT,
        notices: Some(1),
        schedules_paused: false,
        heartbeat_at: AT,
        next_due: Some(AT),
        memory_kib: 9000,
    }
}

fn task(kind: TaskKind) -> Task {
    Task {
        id: format!("{ID}.12.34"),
        session: session(),
        kind,
        title: "npm test".into(),
        since: AT,
        stoppable: true,
        usage: Some(TaskUsage { pid: 12, cpu_ms: 30, memory_kib: 4000 }),
        last_lines: vec!["ok".into()],
    }
}

fn agent() -> AgentView {
    AgentView {
        id: "rehearsal".into(),
        title: "Rehearsal".into(),
        installed: true,
        version: Some("0.1.0".into()),
        path: Some("/usr/bin/nightshift".into()),
        signed_in: None,
        sign_in: String::new(),
        how_to: String::new(),
        is_default: true,
        surface: Default::default(),
        counterpart: None,
        modes: vec!["ask".into(), "auto".into()],
    }
}

fn replies() -> Vec<Reply> {
    let why = Evidence { at: AT, source: Source::User, state: "working".into(), text: "go".into() };
    let logs = LogPage { data: "a\n".into(), next: 7, end: true, ended: false };
    let terminal = AttachTarget::Terminal { socket: "/run/h".into() };
    vec![
        Reply::Session { view: Box::new(views().remove(2)) },
        Reply::Sessions { views: views() },
        Reply::Removed { id: session(), worktree: None },
        Reply::Logs(logs),
        Reply::Why { evidence: vec![why] },
        Reply::Tasks { tasks: vec![task(TaskKind::Process), task(TaskKind::Tool)] },
        Reply::TaskStopped { id: format!("{ID}.12.34") },
        Reply::Attach { target: terminal },
        Reply::Attach { target: AttachTarget::Conversation },
        Reply::Attach { target: AttachTarget::Ended },
        Reply::Agents { agents: vec![agent()] },
        Reply::Status(status()),
        Reply::Ok,
    ]
}

fn board_events() -> Vec<BoardEvent> {
    let notice = |level| Notice { at: AT, level, text: "set aside".into() };
    let change = |seq, change| BoardEvent::Change { seq, change };
    let notices = [NoticeLevel::Info, NoticeLevel::Warning, NoticeLevel::Error].map(notice);
    vec![
        BoardEvent::Snapshot { seq: 4, sessions: views(), notices: notices.to_vec() },
        change(5, BoardChange::Upsert { view: Box::new(views().remove(1)) }),
        change(6, BoardChange::Removed { id: session() }),
        change(7, BoardChange::Notice { notice: notice(NoticeLevel::Warning) }),
    ]
}

fn items() -> Vec<ConversationItem> {
    let diff =
        ToolContent::Diff { path: "a.rs".into(), old_text: Some("a".into()), new_text: "b".into() };
    let entry = conversation::PlanEntry { text: "read".into(), status: "pending".into() };
    let bodies = vec![
        ItemBody::User {
            text: "map".into(),
            queued: false,
            origin: Origin::User,
            enclosures: Vec::new(),
        },
        ItemBody::Agent { text: "*found*".into() },
        ItemBody::Thought { text: "hm".into() },
        ItemBody::Tool {
            title: "Edit a.rs".into(),
            kind: "edit".into(),
            status: ToolStatus::Running,
            input: "a.rs".into(),
            content: vec![ToolContent::Text { text: "ok".into() }, diff],
        },
        ItemBody::Plan { entries: vec![entry] },
        ItemBody::Request { need: need(), answer: Some("Once".into()) },
        ItemBody::Note { level: NoticeLevel::Error, text: "ended".into() },
        ItemBody::Unknown { kind: "later".into(), raw: "{}".into() },
    ];
    let item = |(n, body)| ConversationItem { id: format!("i{n}"), at: AT, body };
    bodies.into_iter().enumerate().map(item).collect()
}

fn configuration() -> Configuration {
    let value = ConfigValue { id: "ask".into(), name: "Ask".into(), description: None };
    let option = ConfigOption {
        id: "mode".into(),
        name: "Mode".into(),
        description: None,
        role: OptionRole::Mode,
        current: Some("ask".into()),
        values: vec![value],
    };
    let (name, description) = ("review".into(), "Reviews".into());
    let command = SlashCommand { name, description, hint: Some("what".into()) };
    Configuration { options: vec![option], commands: vec![command] }
}

fn conversation_events() -> Vec<ConversationEvent> {
    vec![
        ConversationEvent::Snapshot {
            seq: 1,
            items: items(),
            trimmed: true,
            configuration: Configuration::default(),
        },
        ConversationEvent::Upsert { seq: 2, item: Box::new(items().remove(3)) },
        ConversationEvent::Append { seq: 3, id: "i1".into(), text: "more".into() },
        ConversationEvent::Removed { seq: 4, id: "i0".into() },
        ConversationEvent::Configured { seq: 5, configuration: configuration() },
    ]
}

fn faults() -> Vec<Fault> {
    use FaultCode::*;
    let codes = [Invalid, NotFound, Ambiguous, Refused, Limit, Protocol, Unreachable, Io, Internal];
    codes.map(|code| Fault::new(code, "what is wrong").hint("the way out")).to_vec()
}

fn server_messages() -> Vec<ServerMessage> {
    let mut all: Vec<ServerMessage> = Vec::new();
    all.extend(replies().into_iter().map(|reply| ServerMessage::Reply { id: 1, reply }));
    all.extend(faults().into_iter().map(|fault| ServerMessage::Fault { id: 2, fault }));
    all.extend(board_events().into_iter().map(|event| ServerMessage::Board { id: 3, event }));
    let events = conversation_events().into_iter();
    all.extend(events.map(|event| ServerMessage::Conversation { id: 4, event }));
    all
}

fn host_requests() -> Vec<HostRequest> {
    vec![
        HostRequest::Attach { cols: 80, rows: 24, read_only: true },
        HostRequest::AttachTerminal {
            cols: 80,
            rows: 24,
            read_only: false,
            detach_keys: vec!["\u{1c}".into()],
            clipboard: false,
        },
        HostRequest::Detach,
        HostRequest::Ack { bytes: 4096 },
        HostRequest::Resize { cols: 100, rows: 30 },
        HostRequest::Follow { after: 9 },
        HostRequest::Watch,
        HostRequest::WriteLine { tag: 1, line: "{\"id\":1}".into() },
        HostRequest::Signal { signal: 10 },
        HostRequest::Stop { grace_ms: 3000 },
        HostRequest::Status,
        HostRequest::WatchMarks { after: 9 },
        HostRequest::Hook { line: "{\"a\":1}".into(), wait: true },
    ]
}

fn host_events() -> Vec<HostEvent> {
    let exit = Exited {
        version: 1,
        code: Some(3),
        signal: None,
        spawn_error: None,
        user_time_ms: 10,
        system_time_ms: 5,
        max_rss_kib: 900,
        at: AT,
        last_seq: 12,
    };
    vec![
        HostEvent::Snapshot { cols: 80, rows: 24 },
        HostEvent::Detached,
        HostEvent::Resized { cols: 100, rows: 30 },
        HostEvent::Written { tag: 1, seq: 8 },
        HostEvent::Refused { tag: 2, error: "too long".into() },
        HostEvent::Activity { line: "$ make".into() },
        HostEvent::CaughtUp { seq: 9 },
        HostEvent::Exited { exit },
        HostEvent::Status {
            pid: 1,
            child_pid: 2,
            cols: 80,
            rows: 24,
            clients: 3,
            last_seq: 9,
            started_at: AT,
        },
        HostEvent::HookTaken,
        HostEvent::HookAnswer { line: "{}".into() },
    ]
}

#[test]
fn greetings_are_what_they_were() {
    let hello = |role| Hello { protocol: 1, build: "0.1.0".into(), role };
    check("greetings.frames", &[Role::Client, Role::Supervisor, Role::Host].map(hello));
}

#[test]
fn what_clients_asked_is_what_it_was() {
    let requests = commands().into_iter().zip(1..).map(|(command, id)| Request { id, command });
    check("client.frames", &requests.collect::<Vec<_>>());
}

#[test]
fn what_supervisors_answered_is_what_it_was() {
    check("supervisor.frames", &server_messages());
}

#[test]
fn what_was_asked_of_hosts_is_what_it_was() {
    check("host-requests.frames", &host_requests());
}

#[test]
fn what_hosts_said_is_what_it_was() {
    check("host-events.frames", &host_events());
}

#[test]
fn records_and_terminal_bytes_are_what_they_were() {
    let kinds = [RecordKind::Out, RecordKind::In, RecordKind::Err, RecordKind::Mark];
    let mark = br#"{"type":"launched","pid":7}"#;
    let body = |kind| if kind == RecordKind::Mark { mark.to_vec() } else { b"a\xff\0b".to_vec() };
    let records = kinds.map(|kind| Record { seq: 7, at: AT, kind, body: body(kind) });
    let mut now: Vec<Vec<u8>> =
        records.iter().map(|r| encode_frame(FrameKind::Record, &r.encode())).collect();
    now.push(encode_frame(FrameKind::Data, b"\x1b[31mred\r\n"));
    let frames = recorded("raw.frames", &now);
    assert_eq!(frames.len(), now.len(), "run again with UPDATE_GOLDEN=1");
    for ((kind, body), expected) in frames.iter().zip(&records) {
        assert_eq!(*kind, FrameKind::Record);
        assert_eq!(Record::decode(body), Some((expected.clone(), body.len())));
    }
    assert_eq!(frames[4], (FrameKind::Data, b"\x1b[31mred\r\n".to_vec()));
}

/// Passing over what is not known needs that it is never taken for something that is.
#[test]
fn what_a_newer_build_says_is_never_taken_for_something_else() {
    let unknown = json!({"type": "added_later", "id": 1, "seq": 2, "tag": 3, "session": ID});
    fn refuses<T: DeserializeOwned>(value: &Value) -> bool {
        serde_json::from_value::<T>(value.clone()).is_err()
    }
    assert!(refuses::<Command>(&unknown) && refuses::<HostRequest>(&unknown));
    assert!(refuses::<HostEvent>(&unknown) && refuses::<ServerMessage>(&unknown));
    assert!(refuses::<Reply>(&unknown) && refuses::<BoardEvent>(&unknown));
    assert!(refuses::<BoardChange>(&unknown) && refuses::<ConversationEvent>(&unknown));
    assert!(refuses::<ItemBody>(&unknown) && refuses::<AttachTarget>(&unknown));
    assert!(refuses::<State>(&unknown) && refuses::<record::Mark>(&unknown));
    let kind: TaskKind = serde_json::from_value(json!("added later")).unwrap();
    assert_eq!(kind, TaskKind::Other);
    // Below the messages nothing can be passed over: the stream or the journal ends there.
    let mut decoder = FrameDecoder::default();
    decoder.push(&[3, 0, 0, 0, 99, 1, 2]);
    assert_eq!(decoder.next_frame(), Err(FrameError::UnknownKind { kind: 99 }));
}
