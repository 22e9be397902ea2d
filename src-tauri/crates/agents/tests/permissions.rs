//! What a request is about, from all that the agent told of its call.

use nightshift_agents::acp::{Driver, DriverSpec};
use nightshift_model::{Answer, Fact, Millis, Need};
use nightshift_protocol::{Record, RecordKind};
use nightshift_vendors::registry::AgentSpec;
use serde_json::{Value, json};

struct Journal {
    driver: Driver,
    seq: u64,
}

impl Journal {
    /// A driver in the middle of a turn.
    fn begun() -> Journal {
        let spec = DriverSpec::new(AgentSpec::default(), "/w");
        let mut journal = Journal { driver: Driver::new(spec), seq: 0 };
        journal.feed(RecordKind::Mark, &json!({"type": "launched", "pid": 7}));
        for (id, method, result) in [
            ("ns-init-1", "initialize", json!({"protocolVersion": 1})),
            ("ns-new-1", "session/new", json!({"sessionId": "s"})),
        ] {
            let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}});
            journal.feed(RecordKind::In, &call);
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
            journal.feed(RecordKind::Out, &answer);
        }
        journal.prompt(1);
        journal
    }

    fn feed(&mut self, kind: RecordKind, body: &Value) -> Vec<Fact> {
        self.seq += 1;
        let body = body.to_string().into_bytes();
        let record = Record { seq: self.seq, at: Millis(self.seq), kind, body };
        self.driver.feed(&record).facts.into_iter().map(|(_, fact)| fact).collect()
    }

    fn prompt(&mut self, n: u32) {
        let params = json!({"sessionId": "s", "prompt": [{"type": "text", "text": "go"}]});
        let id = format!("ns-prompt-{n}");
        self.feed(
            RecordKind::In,
            &json!({"jsonrpc": "2.0", "id": id, "method": "session/prompt", "params": params}),
        );
    }

    fn announce(&mut self, call: Value) {
        let params = json!({"sessionId": "s", "update": call});
        self.feed(
            RecordKind::Out,
            &json!({"jsonrpc": "2.0", "method": "session/update", "params": params}),
        );
    }

    fn ask(&mut self, call: Value) -> Need {
        let options = json!([{"optionId": "a", "kind": "allow_always", "name": "Always"}]);
        let params = json!({"sessionId": "s", "toolCall": call, "options": options});
        let facts = self.feed(
            RecordKind::Out,
            &json!({"jsonrpc": "2.0", "id": self.seq, "method": "session/request_permission",
                    "params": params}),
        );
        let opened = facts.into_iter().find_map(|fact| match fact {
            Fact::NeedOpened { need } => Some(need),
            _ => None,
        });
        opened.unwrap()
    }

    fn about(&mut self, call: Value) -> Option<String> {
        let need = self.ask(call);
        self.driver.subject(&need.id).map(|subject| subject.what.clone())
    }
}

#[test]
fn a_request_with_only_an_id_is_about_what_was_announced() {
    let mut journal = Journal::begun();
    journal.announce(json!({"sessionUpdate": "tool_call", "toolCallId": "t1", "title": "make",
        "kind": "execute", "rawInput": {"command": "make"}}));
    assert_eq!(journal.about(json!({"toolCallId": "t1"})), Some("make".into()));
    let other = json!({"toolCallId": "t1", "rawInput": {"command": "make all"}});
    assert_eq!(journal.about(other), Some("make all".into()), "the newest word counts");
    assert_eq!(journal.about(json!({"toolCallId": "t2", "title": "make"})), None);
    // An id may be given anew in another turn.
    let ended =
        json!({"jsonrpc": "2.0", "id": "ns-prompt-1", "result": {"stopReason": "end_turn"}});
    journal.feed(RecordKind::Out, &ended);
    journal.prompt(2);
    assert_eq!(journal.about(json!({"toolCallId": "t1", "kind": "execute"})), None);
}

#[test]
fn a_request_that_is_closed_is_about_nothing() {
    let mut journal = Journal::begun();
    let call = json!({"toolCallId": "t1", "kind": "execute", "rawInput": {"command": "make"}});
    let need = journal.ask(call);
    let id = journal.seq - 1;
    assert!(journal.driver.subject(&need.id).is_some());
    let outcome = json!({"outcome": {"outcome": "selected", "optionId": "a"}});
    journal.feed(RecordKind::In, &json!({"jsonrpc": "2.0", "id": id, "result": outcome}));
    assert_eq!(journal.driver.subject(&need.id), None);
}

/// The protocol has no "no" of the client's: it cancels the turn and answers all requests of it so.
#[test]
fn answers_51_a_no_that_the_agent_does_not_offer_cancels_its_turn_and_allows_nothing() {
    let mut journal = Journal::begun();
    let call = |n: u32| json!({"toolCallId": format!("t{n}"), "kind": "execute", "rawInput": {"command": "make"}});
    let (first, second) = (journal.ask(call(1)), journal.ask(call(2)));
    let no = first.options.last().unwrap();
    assert_eq!(no.label, "No (allows nothing and ends the turn)");
    let answer = first.named(&Answer::Deny).unwrap();
    assert_eq!(answer, Answer::Option { id: no.id.clone() });
    let parsed = |line: &String| serde_json::from_str::<Value>(line).unwrap();
    let lines = journal.driver.due(&[], &[(first.id.clone(), answer.clone())]);
    let lines: Vec<Value> = lines.iter().map(parsed).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0]["method"], "session/cancel");
    for line in &lines[1..] {
        assert_eq!(line["result"], json!({"outcome": {"outcome": "cancelled"}}), "{line}");
    }
    assert_ne!(lines[1]["id"], lines[2]["id"]);
    // Killed before the journal held them: they are due again, and once.
    journal.driver.forget_unwritten();
    let again = journal.driver.due(&[], &[(first.id.clone(), answer.clone())]);
    assert_eq!(again.iter().map(parsed).collect::<Vec<_>>(), lines);
    assert!(journal.driver.due(&[], &[(first.id.clone(), answer.clone())]).is_empty());
    // Killed between the two: the cancel stands in the journal.
    journal.feed(RecordKind::In, &lines[0]);
    journal.driver.forget_unwritten();
    let rest = journal.driver.due(&[], &[]);
    assert_eq!(rest.iter().map(parsed).collect::<Vec<_>>(), lines[1..]);
    for line in &lines[1..] {
        let closed = journal.feed(RecordKind::In, line);
        let is_closed = |fact: &Fact| matches!(fact, Fact::NeedClosed { id } if *id == first.id || *id == second.id);
        assert!(closed.iter().any(is_closed), "{closed:?}");
    }
}

/// What the agent does offer is chosen, and nothing else ends.
#[test]
fn answers_51_a_no_of_the_agents_own_is_its_option_and_its_turn_goes_on() {
    let mut journal = Journal::begun();
    let options = json!([
        {"optionId": "y", "kind": "allow_once", "name": "Yes"},
        {"optionId": "n", "kind": "reject_always", "name": "Never"}]);
    let params = json!({"sessionId": "s", "toolCall": {"toolCallId": "t"}, "options": options});
    let asked = json!({"jsonrpc": "2.0", "id": 7, "method": "session/request_permission", "params": params});
    let facts = journal.feed(RecordKind::Out, &asked);
    let need = facts.iter().find_map(|fact| match fact {
        Fact::NeedOpened { need } => Some(need.clone()),
        _ => None,
    });
    let need = need.unwrap();
    assert_eq!(need.options.len(), 2);
    let answer = need.named(&Answer::Deny).unwrap();
    let lines = journal.driver.due(&[], &[(need.id, answer)]);
    let expected = json!({"outcome": {"outcome": "selected", "optionId": "n"}});
    assert_eq!(lines.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&lines[0]).unwrap()["result"], expected);
}
