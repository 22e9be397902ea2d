//! The driver against journals written by hand: what rarely happens with one agent and happens
//! every day with all of them.

#[path = "driver/desk.rs"]
mod desk;

use desk::{Desk, no_command, replayed, spec};
use nightshift_agents::acp::Driver;
use nightshift_model::{Answer, Fact, Origin, PromptState, TurnOutcome};
use nightshift_protocol::{ItemBody, RecordKind, ToolStatus};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn one_prompt_at_a_time_and_each_once() {
    let mut desk = Desk::in_turn(json!({}));
    desk.prompt("and then");
    assert_eq!(desk.write_due(), [""; 0]);
    desk.text("do");
    desk.text("ne");
    desk.replies(json!({"stopReason": "end_turn"}));
    let ended = TurnOutcome::Finished { stop_reason: "end_turn".into(), last_text: "done".into() };
    assert!(desk.facts.contains(&Fact::TurnEnded { n: 1, outcome: ended }));
    let prompt = desk.due();
    assert_eq!(prompt.len(), 1);
    assert_eq!(desk.due().len(), 0, "handed out once");
    desk.driver.not_written(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    assert_eq!(desk.due().len(), 0, "another line was not written");
    desk.driver.not_written(&prompt[0].to_string());
    assert_eq!(desk.due(), prompt, "this line was not written");
    desk.driver.forget_unwritten();
    assert_eq!(desk.write_due(), ["session/prompt"]);
    assert_eq!(desk.last_id(), "ns-prompt-2");
    desk.check();
}

#[test]
fn words_after_a_tool_are_a_new_message_and_the_last_one_counts() {
    let mut desk = Desk::in_turn(json!({}));
    desk.text("first ");
    desk.text("words");
    desk.updates(json!({"sessionUpdate": "agent_thought_chunk",
        "content": {"type": "text", "text": "hm"}}));
    desk.updates(json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "Read a",
        "kind": "read", "rawInput": {"path": "a"}}));
    desk.updates(json!({"sessionUpdate": "tool_call_update", "toolCallId": "t",
        "status": "completed", "content": [{"type": "content",
        "content": {"type": "text", "text": "A"}}]}));
    desk.text("last words");
    desk.updates(json!({"sessionUpdate": "plan", "entries": [
        {"content": "one", "priority": "high", "status": "in_progress"}]}));
    desk.updates(json!({"sessionUpdate": "hologram", "beam": 1}));
    desk.replies(json!({"stopReason": "max_tokens"}));
    let kinds: Vec<String> = desk
        .bodies()
        .iter()
        .map(|b| serde_json::to_value(b).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["user", "agent", "thought", "tool", "agent", "plan", "unknown", "note"]);
    let ended = desk.facts.iter().find_map(|f| match f {
        Fact::TurnEnded { outcome: TurnOutcome::Finished { last_text, .. }, .. } => Some(last_text),
        _ => None,
    });
    assert_eq!(ended.unwrap(), "last words");
    assert!(desk.facts.contains(&Fact::Progress { line: "Read a".into() }));
    desk.check();
}

#[test]
fn several_requests_are_open_at_once_and_answered_in_any_order() {
    let mut desk = Desk::in_turn(json!({}));
    desk.ask_permission(0, "make");
    desk.ask_permission(1, "make test");
    let needs = desk.opened();
    assert_eq!(needs.len(), 2);
    desk.answers.push((needs[1].clone(), Answer::Allow));
    let written = desk.write_due();
    assert!(written.len() == 1 && written[0].contains(r#""optionId":"y""#), "{written:?}");
    assert_eq!(desk.closed(), [needs[1].clone()]);
    assert_eq!(desk.write_due(), [""; 0], "answered once");
    desk.replies(json!({"stopReason": "end_turn"}));
    assert_eq!(desk.closed().len(), 2, "the turn's end withdraws what is open");
    desk.check();
}

#[test]
fn a_request_that_the_agent_takes_back_is_closed_and_acknowledged() {
    let mut desk = Desk::in_turn(json!({}));
    desk.ask_permission(3, "make");
    desk.says(json!({"method": "$/cancel_request", "params": {"requestId": 3}}));
    assert_eq!(desk.closed(), desk.opened());
    assert_eq!(desk.write_due(), [r#"answer null{"code":-32800,"message":"cancelled"}"#]);
    assert_eq!(desk.write_due(), [""; 0]);
    desk.check();
}

#[test]
fn what_we_do_not_offer_is_refused_once() {
    let mut desk = Desk::in_turn(json!({}));
    desk.says(json!({"id": "r", "method": "fs/read_text_file", "params": {}}));
    desk.says(json!({"id": 9, "method": "elicitation/create",
        "params": {"mode": "url", "message": "m", "url": "file:///etc/passwd"}}));
    let written = desk.write_due();
    assert!(written[0].contains("-32601"), "{written:?}");
    assert!(written[1].contains("decline"), "{written:?}");
    assert_eq!(desk.write_due(), [""; 0]);
    assert!(desk.opened().is_empty());
    desk.check();
}

#[test]
fn cancel_goes_out_once_and_answers_what_is_open() {
    let mut desk = Desk::in_turn(json!({}));
    desk.ask_permission(0, "make");
    let line = desk.driver.cancel().unwrap();
    assert!(line.contains("session/cancel"));
    assert_eq!(desk.driver.cancel(), None);
    desk.record(RecordKind::In, line);
    assert_eq!(desk.driver.cancel(), None);
    assert_eq!(desk.write_due(), [r#"answer {"outcome":{"outcome":"cancelled"}}null"#]);
    desk.fails(-32603, "aborted");
    let cancelled = Fact::TurnEnded { n: 1, outcome: TurnOutcome::Cancelled };
    assert!(desk.facts.contains(&cancelled));
    let tool = desk.bodies().into_iter().find_map(|b| match b {
        ItemBody::Tool { status, .. } => Some(status),
        _ => None,
    });
    assert_eq!(tool, Some(ToolStatus::Failed));
    assert_eq!(desk.driver.cancel(), None, "no turn runs");
    desk.check();
}

#[test]
fn a_new_process_loads_the_session_and_its_replay_is_not_shown_twice() {
    let mut desk = Desk::in_turn(json!({"loadSession": true}));
    desk.text("working");
    desk.ask_permission(0, "make");
    desk.launch();
    let interrupted = desk.facts.iter().any(|f| {
        matches!(f,
        Fact::TurnEnded { n: 1, outcome: TurnOutcome::Error { message, .. } }
            if message.contains("process ended"))
    });
    assert!(interrupted);
    assert_eq!(desk.closed(), desk.opened());
    assert_eq!(desk.write_due(), ["initialize"]);
    desk.replies(json!({"protocolVersion": 1, "agentCapabilities": {"loadSession": true}}));
    assert_eq!(desk.write_due(), ["session/load"]);
    let before = desk.bodies();
    desk.text("working");
    desk.replies(json!({"modes": {"availableModes": [{"id": "ask"}]}}));
    desk.text("working, streamed late");
    assert_eq!(desk.write_due(), ["session/set_mode"]);
    desk.replies(json!({}));
    assert_eq!(desk.bodies(), before);
    assert_eq!(desk.write_due(), [""; 0], "prompt 1 is not sent again");
    desk.prompt("go on");
    assert_eq!(desk.write_due(), ["session/prompt"]);
    desk.text("fresh");
    assert!(matches!(desk.bodies().last(), Some(ItemBody::Agent { text }) if text == "fresh"));
    // The new process counts its requests from zero again.
    desk.ask_permission(0, "make");
    let needs = desk.opened();
    assert_ne!(needs[0], needs[1], "an answer to the old one must never reach the new one");
    desk.check();
}

#[test]
fn a_conversation_is_never_replaced_by_a_fresh_session() {
    let mut desk = Desk::in_turn(json!({}));
    desk.launch();
    desk.write_due();
    desk.replies(json!({"protocolVersion": 1, "agentCapabilities": {}}));
    assert!(desk.refusal().contains("cannot be resumed"), "{}", desk.refusal());
    assert_eq!(desk.write_due(), [""; 0]);
    desk.check();

    let mut desk = Desk::in_turn(json!({"sessionCapabilities": {"resume": {}}}));
    desk.launch();
    desk.write_due();
    desk.replies(json!({"protocolVersion": 1,
        "agentCapabilities": {"sessionCapabilities": {"resume": {}}}}));
    assert_eq!(desk.write_due(), ["session/resume"]);
    desk.fails(-32603, "no such session");
    assert_eq!(desk.refusal(), "this session cannot be resumed: Agent says: no such session");
    desk.check();
}

#[test]
fn a_session_without_a_prompt_has_nothing_to_lose() {
    let mut desk = Desk::ready(json!({}));
    desk.launch();
    desk.write_due();
    desk.replies(json!({"protocolVersion": 1, "agentCapabilities": {}}));
    assert_eq!(desk.write_due(), ["session/new"]);
    desk.check();
}

#[test]
fn a_handshake_that_fails_says_what_to_do() {
    let mut desk = Desk::new(None);
    desk.launch();
    desk.write_due();
    desk.replies(json!({"protocolVersion": 2}));
    assert!(desk.refusal().contains("version 2"), "{}", desk.refusal());

    let terminal = json!({"terminal-auth": {"command": "agent", "args": ["auth", "login"]}});
    for (methods, way) in [
        (json!([]), "sign in with `agent login`"),
        (json!([{"id": "x", "name": "X", "_meta": terminal}]), "sign in with `agent auth login`"),
    ] {
        let mut desk = Desk::new(None);
        desk.launch();
        desk.write_due();
        desk.replies(json!({"protocolVersion": 1, "authMethods": methods}));
        desk.write_due();
        desk.fails(-32000, "Authentication required");
        assert_eq!(desk.refusal(), format!("Agent is not signed in; {way}"));
        assert_eq!(desk.write_due(), [""; 0]);
    }
}

#[test]
fn an_agent_that_signs_in_itself_asks_how_until_it_is_in() {
    let mut desk = Desk::of(no_command());
    let way = |id: &str, name: &str| json!({"id": id, "name": name, "description": "in a browser"});
    let methods = json!([way("work", "Work account"), way("home", "Home account")]);
    desk.launch();
    desk.prompt("hello");
    desk.write_due();
    desk.replies(json!({"protocolVersion": 1, "authMethods": methods}));
    assert_eq!(desk.write_due(), ["session/new"]);
    desk.fails(-32000, "Authentication required");
    assert_eq!(desk.write_due(), [""; 0], "the user is asked first");
    let asked = desk.opened();
    let need = desk.needs().pop().unwrap();
    assert_eq!(need.question, "Agent wants you to sign in");
    assert_eq!(need.detail, "Work account: in a browser\nHome account: in a browser");
    let labels = Vec::from_iter(need.options.iter().map(|option| option.label.as_str()));
    assert_eq!(labels, ["Work account", "Home account"]);

    let choice = |id: &str| Answer::Option { id: id.into() };
    desk.answers.push((asked[0].clone(), choice("work")));
    let due = desk.due();
    assert_eq!(due[0]["params"], json!({"methodId": "work"}));
    // The connection is lost before it is written: it is handed out again, and once.
    desk.driver.forget_unwritten();
    assert_eq!(desk.write_due(), ["authenticate"]);
    assert_eq!(desk.write_due(), [""; 0]);
    assert_eq!(desk.closed(), asked);
    desk.fails(-32603, "the browser was closed");
    let again = desk.opened();
    assert_eq!(again.len(), 2, "it is asked again, under another name");
    assert!(desk.bodies().iter().any(|body| matches!(body,
        ItemBody::Note { text, .. } if text == "Agent could not sign in: the browser was closed")));
    desk.answers.push((again[1].clone(), choice("home")));
    assert_eq!(desk.write_due(), ["authenticate"]);
    desk.replies(json!({}));
    assert_eq!(desk.write_due(), ["session/new"]);
    desk.replies(json!({"sessionId": "s"}));
    assert!(desk.facts.contains(&Fact::AgentReady { agent_session_id: "s".into() }));
    assert!(!desk.facts.iter().any(|fact| matches!(fact, Fact::AgentRefused { .. })));
    desk.check();
}

#[test]
fn a_process_that_ends_while_it_wants_a_sign_in_takes_the_question_with_it() {
    let mut desk = Desk::of(no_command());
    let methods = json!([{"id": "work", "name": "Work account"}]);
    for _ in 0..2 {
        desk.launch();
        desk.write_due();
        desk.replies(json!({"protocolVersion": 1, "authMethods": methods}));
        desk.write_due();
        desk.fails(-32000, "Authentication required");
    }
    assert_eq!(desk.opened().len(), 2);
    assert_eq!(desk.closed(), desk.opened()[..1]);
    desk.check();
}

#[test]
fn a_journal_without_its_beginning_is_adopted_as_it_runs() {
    let mut whole = Desk::in_turn(json!({}));
    whole.prompts[0].state = PromptState::Sent;
    whole.text("words");
    whole.ask_permission(0, "make");
    let mut late = Desk::new(Some("s"));
    // What the journal has dropped: everything up to the prompt.
    let kept = whole.journal.split_off(whole.journal.len() - 2);
    for record in kept {
        late.facts.extend(late.driver.feed(&record).facts.into_iter().map(|(_, f)| f));
        late.journal.push(record);
    }
    late.prompts = whole.prompts.clone();
    late.prompt("next");
    assert!(late.driver.items().1, "it is told that older items are missing");
    assert_eq!(late.write_due(), [""; 0], "the agent is busy with a prompt nobody can see");
    assert_eq!(late.opened(), whole.opened(), "needs keep their names");
    late.answers.push((late.opened()[0].clone(), Answer::Deny));
    assert_eq!(late.write_due().len(), 1);
    late.says(json!({"id": "ns-prompt-1", "result": {"stopReason": "end_turn"}}));
    assert!(late.facts.iter().any(|f| matches!(f, Fact::TurnEnded { n: 1, .. })));
    assert_eq!(late.write_due(), ["session/prompt"]);
}

#[test]
fn prompts_that_wait_stand_last_and_become_items_of_their_own() {
    let mut desk = Desk::in_turn(json!({}));
    desk.prompt("next");
    let prompts = desk.prompts.clone();
    let changes = desk.driver.set_prompts(&prompts);
    assert_eq!(changes.len(), 1);
    desk.changes.extend(changes);
    assert!(desk.driver.set_prompts(&prompts).is_empty());
    desk.text("words");
    let bodies = desk.bodies();
    assert_eq!(
        bodies.last(),
        Some(&ItemBody::User {
            text: "next".into(),
            queued: true,
            origin: Origin::User,
            enclosures: Vec::new()
        })
    );
    desk.replies(json!({"stopReason": "end_turn"}));
    desk.write_due();
    let bodies = desk.bodies();
    assert_eq!(
        bodies.last(),
        Some(&ItemBody::User {
            text: "next".into(),
            queued: false,
            origin: Origin::User,
            enclosures: Vec::new()
        })
    );
    assert_eq!(bodies.iter().filter(|b| matches!(b, ItemBody::User { .. })).count(), 2);
    desk.check();
}

#[test]
fn output_that_is_no_protocol_is_noted_within_bounds() {
    let mut desk = Desk::in_turn(json!({}));
    for n in 0..500 {
        desk.record(RecordKind::Out, format!("banner {n}\u{1b}[2J"));
        desk.record(RecordKind::Err, format!("log {n}"));
    }
    desk.record(RecordKind::Mark, r#"{"type":"dropped","bytes":99}"#);
    let notes = desk.bodies().iter().filter(|b| matches!(b, ItemBody::Note { .. })).count();
    assert_eq!(notes, 21);
    desk.check();
}

/// Any line at all, hostile ones included.
fn any_line() -> impl Strategy<Value = (RecordKind, String)> {
    let texts = prop::sample::select(vec![
        json!({"id": "ns-init-1", "result": {"protocolVersion": 1}}),
        json!({"id": "ns-new-1", "result": {"sessionId": "s"}}),
        json!({"id": "ns-new-1", "result": 7}),
        json!({"id": "ns-prompt-1", "result": {"stopReason": "end_turn"}}),
        json!({"id": "ns-prompt-1", "method": "session/prompt", "params": {"sessionId": "s",
            "prompt": [{"type": "text", "text": "p"}]}}),
        json!({"id": 0, "method": "session/request_permission", "params": {}}),
        json!({"id": 0, "result": {"outcome": {"optionId": "y"}}}),
        json!({"id": [1], "method": "elicitation/create", "params": {"requestedSchema":
            {"properties": {"q": {"enum": ["a"]}, "r": {}}}}}),
        json!({"method": "session/cancel"}),
        json!({"method": "$/cancel_request", "params": {"requestId": 0}}),
        json!({"method": "session/update", "params": {"update": {
            "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "é\n"}}}}),
        json!({"method": "session/update", "params": {"update": {
            "sessionUpdate": "tool_call", "toolCallId": "t", "title": "T"}}}),
        json!({"method": "session/update"}),
        json!({"type": "launched", "pid": 1}),
        json!(null),
    ]);
    let kinds = prop::sample::select(vec![
        RecordKind::Out,
        RecordKind::Out,
        RecordKind::In,
        RecordKind::Mark,
        RecordKind::Err,
    ]);
    (kinds, prop_oneof![4 => texts.prop_map(|v| v.to_string()), 1 => ".{0,20}"])
}

proptest! {
    #[test]
    fn any_journal_is_read_twice_the_same(lines in prop::collection::vec(any_line(), 0..60)) {
        let mut desk = Desk::new(None);
        desk.launch();
        for (kind, line) in lines {
            desk.record(kind, line);
        }
        let mut again = Driver::new(spec(None));
        for record in &desk.journal {
            again.feed(record);
            again.feed(record);
        }
        prop_assert_eq!(again.items(), desk.driver.items());
        prop_assert_eq!(replayed(&desk.changes), desk.driver.items().0);
        prop_assert_eq!(again.due(&[], &[]), desk.driver.due(&[], &[]));
    }
}
