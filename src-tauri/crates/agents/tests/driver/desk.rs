//! A desk at which a journal is written by hand, line by line, with the driver that reads it.

use nightshift_agents::acp::{Driver, DriverSpec, Fed, ItemChange};
use nightshift_model::{Answer, Fact, Millis, Need, NeedId, Prompt};
use nightshift_protocol::{ConversationItem, ItemBody, Record, RecordKind};
use nightshift_vendors::registry::AgentSpec;
use serde_json::{Value, json};

/// An agent whose sign-in can only be left to itself.
pub fn no_command() -> DriverSpec {
    let mut spec = spec(None);
    spec.agent.sign_in = String::new();
    spec
}

pub fn spec(resume: Option<&str>) -> DriverSpec {
    let agent = AgentSpec {
        id: "a".into(),
        title: "Agent".into(),
        default_mode: Some("ask".into()),
        sign_in: "`agent login`".into(),
        ..AgentSpec::default()
    };
    DriverSpec { resume: resume.map(str::to_owned), ..DriverSpec::new(agent, "/w") }
}

/// A journal being written, with the driver that reads it.
pub struct Desk {
    pub spec: DriverSpec,
    pub driver: Driver,
    pub journal: Vec<Record>,
    pub facts: Vec<Fact>,
    pub changes: Vec<ItemChange>,
    pub prompts: Vec<Prompt>,
    pub answers: Vec<(NeedId, Answer)>,
}

impl Desk {
    pub fn new(resume: Option<&str>) -> Desk {
        Desk::of(spec(resume))
    }

    pub fn of(spec: DriverSpec) -> Desk {
        Desk {
            driver: Driver::new(spec.clone()),
            spec,
            journal: Vec::new(),
            facts: Vec::new(),
            changes: Vec::new(),
            prompts: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub fn record(&mut self, kind: RecordKind, body: impl Into<Vec<u8>>) {
        let seq = self.journal.last().map_or(0, |r| r.seq) + 1;
        let record = Record { seq, at: Millis(seq * 10_000), kind, body: body.into() };
        let Fed { facts, changes } = self.driver.feed(&record);
        self.facts.extend(facts.into_iter().map(|(_, fact)| fact));
        self.changes.extend(changes);
        self.journal.push(record);
    }

    pub fn launch(&mut self) {
        self.record(RecordKind::Mark, r#"{"type":"launched","pid":7}"#);
    }

    pub fn due(&mut self) -> Vec<Value> {
        let lines = self.driver.due(&self.prompts, &self.answers);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Writes what is due; the methods written, or `answer` with what it says.
    pub fn write_due(&mut self) -> Vec<String> {
        let due = self.due();
        for line in &due {
            self.record(RecordKind::In, line.to_string());
        }
        let name = |v: &Value| match v["method"].as_str() {
            Some(method) => method.to_owned(),
            None => format!("answer {}{}", v["result"], v["error"]),
        };
        due.iter().map(name).collect()
    }

    pub fn says(&mut self, message: Value) {
        self.record(RecordKind::Out, message.to_string());
    }

    /// The agent answers our newest request.
    pub fn replies(&mut self, result: Value) {
        self.says(json!({"jsonrpc": "2.0", "id": self.last_id(), "result": result}));
    }

    pub fn fails(&mut self, code: i64, message: &str) {
        let error = json!({"code": code, "message": message});
        self.says(json!({"jsonrpc": "2.0", "id": self.last_id(), "error": error}));
    }

    pub fn last_id(&self) -> Value {
        let ours = self.journal.iter().rev().filter(|r| r.kind == RecordKind::In);
        let calls = ours.filter_map(|r| serde_json::from_slice::<Value>(&r.body).ok());
        calls
            .filter(|v| v["method"].is_string() && !v["id"].is_null())
            .map(|v| v["id"].clone())
            .next()
            .unwrap()
    }

    pub fn updates(&mut self, update: Value) {
        self.says(json!({"method": "session/update",
            "params": {"sessionId": "s", "update": update}}));
    }

    pub fn text(&mut self, text: &str) {
        self.updates(json!({"sessionUpdate": "agent_message_chunk",
            "content": {"type": "text", "text": text}}));
    }

    /// Through the handshake, until prompts can go out.
    pub fn ready(offers: Value) -> Desk {
        let mut desk = Desk::new(None);
        desk.launch();
        assert_eq!(desk.write_due(), ["initialize"]);
        desk.replies(json!({"protocolVersion": 1, "agentCapabilities": offers}));
        assert_eq!(desk.write_due(), ["session/new"]);
        desk.replies(json!({"sessionId": "s", "modes": {"availableModes": [{"id": "ask"}]}}));
        assert_eq!(desk.write_due(), ["session/set_mode"]);
        desk.replies(json!({}));
        desk
    }

    pub fn prompt(&mut self, text: &str) {
        let n = u32::try_from(self.prompts.len()).unwrap() + 1;
        let (text, at) = (text.to_owned(), Millis(1));
        self.prompts.push(Prompt::of_user(n, text, at));
    }

    /// A turn in progress.
    pub fn in_turn(offers: Value) -> Desk {
        let mut desk = Desk::ready(offers);
        desk.prompt("go");
        assert_eq!(desk.write_due(), ["session/prompt"]);
        desk
    }

    pub fn ask_permission(&mut self, id: i64, command: &str) {
        self.says(json!({"id": id, "method": "session/request_permission", "params": {
            "sessionId": "s",
            "toolCall": {"toolCallId": format!("t{id}"), "kind": "execute", "title": command},
            "options": [
                {"optionId": "n", "kind": "reject_once", "name": "No"},
                {"optionId": "y", "kind": "allow_once", "name": "Yes"}]}}));
    }

    pub fn opened(&self) -> Vec<NeedId> {
        self.needs().into_iter().map(|need| need.id).collect()
    }

    pub fn needs(&self) -> Vec<Need> {
        let need = |f: &Fact| match f {
            Fact::NeedOpened { need } => Some(need.clone()),
            _ => None,
        };
        self.facts.iter().filter_map(need).collect()
    }

    pub fn closed(&self) -> Vec<NeedId> {
        let id = |f: &Fact| match f {
            Fact::NeedClosed { id } => Some(id.clone()),
            _ => None,
        };
        self.facts.iter().filter_map(id).collect()
    }

    pub fn bodies(&self) -> Vec<ItemBody> {
        self.driver.items().0.into_iter().map(|i| i.body).collect()
    }

    pub fn refusal(&self) -> &str {
        let found = self.facts.iter().find_map(|f| match f {
            Fact::AgentRefused { error, .. } => Some(error.as_str()),
            _ => None,
        });
        found.expect("a refusal")
    }

    pub fn fed_again(&self) -> Driver {
        let known = DriverSpec { resume: Some("s".into()), ..self.spec.clone() };
        let mut driver = Driver::new(known);
        for record in &self.journal {
            driver.feed(record);
        }
        driver
    }

    /// A driver built from the journal has the same items, hands out what this one has handed out
    /// and never wrote, and the changes told so far make up the same conversation.
    pub fn check(mut self) {
        self.driver.forget_unwritten();
        let mut again = self.fed_again();
        assert_eq!(again.items(), self.driver.items());
        assert_eq!(
            again.due(&self.prompts, &self.answers),
            self.driver.due(&self.prompts, &self.answers)
        );
        assert_eq!(replayed(&self.changes), self.driver.items().0);
    }
}

/// The conversation as a client builds it from changes.
pub fn replayed(changes: &[ItemChange]) -> Vec<ConversationItem> {
    let mut items: Vec<ConversationItem> = Vec::new();
    for change in changes {
        match change {
            ItemChange::Upsert(item) => match items.iter_mut().find(|i| i.id == item.id) {
                Some(known) => known.clone_from(item),
                None => items.push(item.clone()),
            },
            ItemChange::Append { id, text } => {
                let item = items.iter_mut().find(|i| i.id == *id).unwrap();
                match &mut item.body {
                    ItemBody::Agent { text: whole } | ItemBody::Thought { text: whole } => {
                        whole.push_str(text);
                    }
                    other => panic!("{other:?}"),
                }
            }
            ItemChange::Removed { id } => items.retain(|i| i.id != *id),
            ItemChange::Configured(_) => {}
        }
    }
    items
}
