//! Whatever agents say, the board fits its frame, each conversation fits its own, and what is kept of an
//! agent is bounded. The agents are random and hostile, from a seed; their words go through the real
//! driver and the real state machine.

use nightshift_agents::Driver;
use nightshift_agents::acp::DriverSpec;
use nightshift_model::{
    AgentWork, Answer, Event, Millis, NeedId, Prompt, Session, SessionId, Work, step,
};
use nightshift_protocol::{
    BoardEvent, ConversationEvent, FrameDecoder, Record, RecordKind, ServerMessage, SessionView,
};
use nightshift_supervisor::clients::{ROW_MAX_BYTES, frame};
use nightshift_testkit::Dice;
use nightshift_vendors::registry::AgentSpec;
use serde_json::{Value, json};

const SEEDS: u64 = 3;
const AGENTS: usize = 30;
const LINES: u64 = 30;
/// Longest text of a random line: what a host takes is longer, but takes its time in a debug build.
const TEXT_MAX_BYTES: u64 = 200_000;

fn text(dice: &mut Dice) -> String {
    up_to(dice, TEXT_MAX_BYTES)
}

/// One of many in a list: a host takes no line of more than 15 MiB.
fn word(dice: &mut Dice) -> String {
    up_to(dice, 2_000)
}

fn up_to(dice: &mut Dice, most: u64) -> String {
    let len = match dice.below(8) {
        0 => dice.below(most),
        1 => 200 + dice.below(200),
        _ => dice.below(60),
    };
    // What takes six bytes in JSON, what takes three, what takes one.
    let unit = ["\u{1}", "€", "x", "\"", "a b "][usize::try_from(dice.below(5)).unwrap()];
    unit.repeat(usize::try_from(len).unwrap() / unit.len())
}

fn list(dice: &mut Dice, most: u64, mut entry: impl FnMut(&mut Dice) -> Value) -> Value {
    let long = dice.one_in(6);
    let count = dice.below(if long { most } else { 6 });
    Value::Array((0..count).map(|_| entry(dice)).collect())
}

fn update(dice: &mut Dice) -> Value {
    match dice.below(9) {
        0 => json!({"sessionUpdate": "session_info_update", "title": text(dice)}),
        1 => json!({"sessionUpdate": "agent_message_chunk", "messageId": text(dice),
            "content": {"type": "text", "text": text(dice)}}),
        2 => json!({"sessionUpdate": "tool_call", "toolCallId": text(dice), "title": text(dice),
            "kind": text(dice), "status": "pending", "rawInput": {"command": text(dice)}}),
        3 => json!({"sessionUpdate": "tool_call_update", "toolCallId": text(dice), "content":
            [{"type": "diff", "path": text(dice), "oldText": text(dice), "newText": text(dice)}]}),
        4 => json!({"sessionUpdate": "plan", "entries":
            list(dice, 2_000, |dice| json!({"content": word(dice), "priority": "high", "status": "pending"}))}),
        5 => json!({"sessionUpdate": "available_commands_update", "availableCommands":
            list(dice, 2_000, |dice| json!({"name": word(dice), "description": word(dice)}))}),
        6 => {
            json!({"sessionUpdate": "config_option_update", "configOptions": list(dice, 40, |dice| {
                json!({"id": word(dice), "name": word(dice), "type": "select", "currentValue": word(dice),
                    "options": list(dice, 300, |dice| json!({"value": word(dice), "name": word(dice)}))})
            })})
        }
        7 => json!({"sessionUpdate": "usage_update", "used": 1, "size": 2,
            "cost": {"amount": 1.0, "currency": text(dice)}}),
        _ => json!({"sessionUpdate": text(dice), "more": text(dice)}),
    }
}

fn line(dice: &mut Dice, n: u64) -> Value {
    let id = if dice.one_in(5) { json!(text(dice)) } else { json!(n) };
    match dice.below(6) {
        0 => json!({"id": id, "method": "session/request_permission", "params": {
        "sessionId": "s", "toolCall": {"toolCallId": text(dice), "title": text(dice),
            "kind": "execute", "rawInput": {"command": text(dice)}},
        "options": list(dice, 120, |dice| {
            json!({"optionId": word(dice), "name": word(dice), "kind": "allow_once"})
        })}}),
        1 => json!({"id": id, "method": "elicitation/create", "params": {"message": text(dice),
            "requestedSchema": {"properties": {"q": {"title": text(dice), "oneOf":
                list(dice, 200, |dice| json!({"const": word(dice), "title": word(dice),
                    "description": word(dice)}))}}}}}),
        2 => json!({"id": id, "method": text(dice), "params": {}}),
        _ => json!({"method": "session/update",
            "params": {"sessionId": "s", "update": update(dice)}}),
    }
}

struct Agent {
    session: Session,
    driver: Driver,
    seq: u64,
}

impl Agent {
    fn new(n: usize) -> Agent {
        let spec = DriverSpec::new(
            AgentSpec { id: "a".into(), title: "Agent".into(), ..AgentSpec::default() },
            "/w",
        );
        let id = SessionId::parse(&format!("{n:08x}")).unwrap();
        let work = AgentWork::beginning("a".into(), Prompt::of_user(1, "go".into(), Millis(1)));
        let session = Session::starting(
            id,
            format!("{n:08x}-0000-4000-8000-000000000000"),
            "go".into(),
            Work::Agent(work),
            "/w".into(),
            "go".into(),
            Millis(1),
        );
        Agent { session, driver: Driver::new(spec), seq: 0 }
    }

    fn record(&mut self, kind: RecordKind, body: impl Into<Vec<u8>>) {
        self.seq += 1;
        let at = Millis(self.seq * 1_000);
        let fed = self.driver.feed(&Record { seq: self.seq, at, kind, body: body.into() });
        for (at, fact) in fed.facts {
            self.session = step(&self.session, Event::Fact(fact), at).unwrap().session;
        }
    }

    /// What is due is written, as far as a host would take it.
    fn write_due(&mut self) -> Vec<Value> {
        let prompts = self.session.agent().unwrap().prompts.clone();
        let answers: Vec<(NeedId, Answer)> = Vec::new();
        let lines = self.driver.due(&prompts, &answers);
        for line in &lines {
            assert!(line.len() < 4 * 1024 * 1024, "a line of {} bytes", line.len());
            self.record(RecordKind::In, line.clone());
        }
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn live(&mut self, dice: &mut Dice) {
        self.record(RecordKind::Mark, r#"{"type":"launched","pid":7}"#);
        let session = if dice.one_in(4) { text(dice) } else { "s".into() };
        for n in 0..LINES {
            for due in self.write_due() {
                let result = match due["method"].as_str() {
                    Some("initialize") => json!({"protocolVersion": 1}),
                    Some("session/new") => json!({"sessionId": session, "modes": {
                        "currentModeId": text(dice),
                        "availableModes": list(dice, 300, |dice| json!({"id": word(dice), "name": word(dice)}))}}),
                    _ => continue,
                };
                self.record(
                    RecordKind::Out,
                    json!({"id": due["id"], "result": result}).to_string(),
                );
            }
            let said = line(dice, n);
            self.record(RecordKind::Out, said.to_string());
        }
    }
}

/// What a client reads of it.
fn read(message: &ServerMessage) -> ServerMessage {
    let mut decoder = FrameDecoder::default();
    decoder.push(&frame(message));
    let (_, body) = decoder.next_frame().expect("a frame that its reader takes").unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn security_09_the_board_fits_its_frame_whatever_agents_say() {
    for seed in 1..=SEEDS {
        let mut dice = Dice::new(seed);
        let mut agents: Vec<Agent> = (0..AGENTS).map(Agent::new).collect();
        for agent in &mut agents {
            agent.live(&mut dice);
        }
        let sessions: Vec<SessionView> =
            agents.iter().map(|a| SessionView::of(&a.session)).collect();
        let ids: Vec<String> = sessions.iter().map(|view| view.id.clone()).collect();
        for view in &sessions {
            let len = serde_json::to_vec(view).unwrap().len();
            assert!(len < 16 * 1024 * 1024, "seed {seed}: a row of {len} bytes");
        }
        let event = BoardEvent::Snapshot { seq: 1, sessions, notices: Vec::new() };
        let ServerMessage::Board { event: BoardEvent::Snapshot { sessions, .. }, .. } =
            read(&ServerMessage::Board { id: 1, event })
        else {
            panic!("seed {seed}: no board");
        };
        assert_eq!(sessions.iter().map(|view| view.id.clone()).collect::<Vec<_>>(), ids);
        for agent in &agents {
            let (items, trimmed) = agent.driver.items();
            let configuration = agent.driver.configuration();
            let event = ConversationEvent::Snapshot { seq: 1, items, trimmed, configuration };
            let shown = read(&ServerMessage::Conversation { id: 1, event });
            assert!(matches!(shown, ServerMessage::Conversation { .. }), "seed {seed}");
        }
    }
}

/// Rows as an earlier version may have stored them, or a later one may make them.
#[test]
fn security_09_a_row_that_is_too_large_is_said_to_be_and_takes_nobody_elses() {
    let row = |n: usize, bytes: usize| {
        let mut agent = Agent::new(n);
        agent.session.first_prompt = "€".repeat(bytes / 3);
        SessionView::of(&agent.session)
    };
    for (sizes, stubs) in [
        (vec![100, 100], 0),
        (vec![100, ROW_MAX_BYTES + 1, 100], 1),
        (vec![9_000_000; 3], 3),
        (vec![400_000; 60], 60 - 35),
        (vec![6_000; 2_000], 0),
        (vec![9_000; 2_000], 600),
    ] {
        let views: Vec<SessionView> =
            sizes.iter().enumerate().map(|(n, len)| row(n, *len)).collect();
        let reply = nightshift_protocol::Reply::Sessions { views: views.clone() };
        let ServerMessage::Reply {
            reply: nightshift_protocol::Reply::Sessions { views: shown },
            ..
        } = read(&ServerMessage::Reply { id: 1, reply })
        else {
            panic!("no list");
        };
        assert_eq!(shown.len(), views.len());
        let stubbed = shown.iter().filter(|v| v.line.contains("too large to show")).count();
        let off = stubbed.abs_diff(stubs);
        assert!(off <= stubs / 3, "{stubbed} stubs of {} rows", views.len());
    }
    // Asked for by its id it is shown whole.
    let view = Box::new(row(1, 9_000_000));
    let whole = ServerMessage::Reply {
        id: 1,
        reply: nightshift_protocol::Reply::Session { view: view.clone() },
    };
    assert_eq!(read(&whole), whole);
    // And if that cannot be, it is said.
    let view = Box::new(row(1, 20_000_000));
    let reply = nightshift_protocol::Reply::Session { view };
    let ServerMessage::Reply { reply: nightshift_protocol::Reply::Session { view }, .. } =
        read(&ServerMessage::Reply { id: 1, reply })
    else {
        panic!("no row");
    };
    assert!(view.line.contains("too large to show"));
}

#[test]
fn security_09_no_answer_at_all_is_over_the_frame() {
    use nightshift_protocol::{Fault, FaultCode, LogPage, Notice, NoticeLevel, Reply};
    let long = "\u{1}".repeat(3 * 1024 * 1024);
    let page = LogPage { data: long.clone(), next: 1, end: true, ended: false };
    let fault = Fault::new(FaultCode::Invalid, long.clone()).hint(long.clone());
    let notice = Notice { at: Millis(1), level: NoticeLevel::Info, text: long.clone() };
    let evidence = nightshift_model::Evidence {
        at: Millis(1),
        source: nightshift_model::Source::Protocol,
        state: "idle".into(),
        text: long,
    };
    let snapshot = BoardEvent::Snapshot { seq: 1, sessions: Vec::new(), notices: vec![notice] };
    for (message, refused) in [
        (ServerMessage::Reply { id: 7, reply: Reply::Logs(page) }, true),
        (ServerMessage::Fault { id: 7, fault }, true),
        (ServerMessage::Reply { id: 7, reply: Reply::Why { evidence: vec![evidence] } }, false),
        (ServerMessage::Board { id: 7, event: snapshot }, false),
    ] {
        let shown = read(&message);
        assert_eq!(matches!(shown, ServerMessage::Fault { id: 7, .. }), refused);
    }
}
