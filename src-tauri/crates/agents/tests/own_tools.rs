//! Requests for permission about our own tools, as each vendor's agent was seen to write them: allowed
//! by us, except a command to watch; and none that only looks like one of ours.

use nightshift_agents::acp::{Driver, DriverSpec};
use nightshift_model::{Answer, Fact, Millis, Need, Origin, Prompt};
use nightshift_protocol::{ItemBody, Record, RecordKind};
use nightshift_vendors::Watched;
use nightshift_vendors::registry::Registry;
use nightshift_vendors::servers::Servers;
use serde_json::{Value, json};
use std::path::Path;

/// Id of the session; Gemini's and Qwen's names of our tools hold its last digits.
const SESSION: &str = "7c5d0f1e-1111-4222-8333-0123456789ab";

struct Desk {
    driver: Driver,
    facts: Vec<Fact>,
    seq: u64,
    prompt: Prompt,
}

impl Desk {
    /// An agent in the middle of a turn.
    fn of(agent: &str) -> Desk {
        let registry = Registry::builtin(Path::new("/nonexistent"));
        let agent = registry.find(agent).unwrap().clone();
        let servers = Servers { bridge: Some("/n".into()), ..Servers::default() };
        let name = agent.family.server_name(SESSION);
        let driver = Driver::new(DriverSpec {
            mcp_servers: servers.of("7c5d", &name),
            ..DriverSpec::new(agent, "/w")
        });
        let prompt = Prompt::of_user(1, "go".into(), Millis(1));
        assert_eq!(prompt.origin, Origin::User);
        let mut desk = Desk { driver, facts: Vec::new(), seq: 0, prompt };
        desk.record(RecordKind::Mark, r#"{"type":"launched","pid":1}"#.into());
        desk.write();
        for request in ["init", "new"] {
            let result = json!({"protocolVersion": 1, "sessionId": "s"});
            let answer =
                json!({"jsonrpc": "2.0", "id": format!("ns-{request}-1"), "result": result});
            desk.record(RecordKind::Out, answer.to_string());
            desk.write();
        }
        assert!(desk.facts.iter().any(|f| matches!(f, Fact::PromptSent { n: 1 })), "in a turn");
        desk.facts.clear();
        desk
    }

    fn record(&mut self, kind: RecordKind, body: String) {
        self.seq += 1;
        let record = Record { seq: self.seq, at: Millis(self.seq), kind, body: body.into() };
        self.facts.extend(self.driver.feed(&record).facts.into_iter().map(|(_, fact)| fact));
    }

    /// Writes what is due; the lines.
    fn write(&mut self) -> Vec<Value> {
        let lines = self.driver.due(std::slice::from_ref(&self.prompt), &[]);
        for line in &lines {
            self.record(RecordKind::In, line.clone());
        }
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn says(&mut self, method: &str, mut params: Value, id: Option<i64>) {
        params["sessionId"] = json!("s");
        let mut message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        if let Some(id) = id {
            message["id"] = json!(id);
        }
        self.record(RecordKind::Out, message.to_string());
    }

    fn updates(&mut self, update: Value) {
        self.says("session/update", json!({"update": update}), None);
    }

    /// Asks; what we answer by ourselves, or what the user is asked.
    fn asks(&mut self, mut params: Value) -> Result<Value, Box<Need>> {
        params["options"] = json!([
            {"optionId": "always", "kind": "allow_always", "name": "Always"},
            {"optionId": "once", "kind": "allow_once", "name": "Yes"},
            {"optionId": "no", "kind": "reject_once", "name": "No"}]);
        self.facts.clear();
        self.says("session/request_permission", params, Some(self.seq as i64));
        let need = self.facts.iter().find_map(|fact| match fact {
            Fact::NeedOpened { need } => Some(need.clone()),
            _ => None,
        });
        match need {
            Some(need) => Err(Box::new(need)),
            None => Ok(self.write()[0]["result"]["outcome"].clone()),
        }
    }

    fn allowed_by_us(&mut self, params: Value, tool: &str) {
        let outcome = self.asks(params.clone()).unwrap_or_else(|need| panic!("{params}: {need:?}"));
        assert_eq!(outcome, json!({"outcome": "selected", "optionId": "once"}));
        let told = |fact: &Fact| matches!(fact, Fact::OwnToolAllowed { tool: t, .. } if t == tool);
        assert!(self.facts.iter().any(told), "{:?}", self.facts);
    }
}

fn claude(tool: &str, server: &Value, input: &Value) -> Value {
    json!({"toolCall": {"toolCallId": "t1", "title": tool, "kind": "other", "rawInput": input,
        "_meta": {"claudeCode": {"toolName": tool, "mcpServer": server}}}})
}

#[test]
fn claude_names_the_server_and_where_it_comes_from() {
    let mut desk = Desk::of("claude");
    let ours = json!({"name": "nightshift", "source": "dynamic"});
    let list = "mcp__nightshift__CronList";
    desk.allowed_by_us(claude(list, &ours, &json!({})), "CronList");
    for (tool, server) in [
        // A server of that name in the project's own files.
        (list, json!({"name": "nightshift", "source": "project"})),
        (list, Value::Null),
        ("mcp__other__CronList", json!({"name": "other", "source": "dynamic"})),
        ("mcp__nightshift__Other", ours.clone()),
        ("CronList", ours.clone()),
    ] {
        let asked = claude(tool, &server, &json!({}));
        assert!(desk.asks(asked).is_err(), "{tool} of {server} is the user's to allow");
    }
}

#[test]
fn codex_names_the_server_with_the_call() {
    let mut desk = Desk::of("codex");
    let call = |id: &str, server: &str, tool: &str| {
        json!({"sessionUpdate": "tool_call", "toolCallId": id, "kind": "execute",
            "title": "mcp.nightshift.CronList", "status": "in_progress",
            "rawInput": {"server": server, "tool": tool, "arguments": {}},
            "_meta": {"is_mcp_tool_call": true}})
    };
    let asked = |id: &str| {
        json!({"toolCall": {"toolCallId": id, "kind": "execute", "status": "pending"},
            "_meta": {"is_mcp_tool_approval": true}})
    };
    desk.updates(call("a", "nightshift", "CronList"));
    desk.allowed_by_us(asked("a"), "CronList");
    desk.updates(call("b", "other", "CronList"));
    assert!(desk.asks(asked("b")).is_err(), "the title alone is nothing");
    // A command that was made to look like it.
    let mut command = call("c", "nightshift", "CronList");
    command["_meta"] = Value::Null;
    desk.updates(command);
    assert!(desk.asks(asked("c")).is_err());
    assert!(desk.asks(asked("never heard of")).is_err());
}

#[test]
fn gemini_names_the_tool_in_the_id_of_its_call() {
    let mut desk = Desk::of("gemini");
    let asked = |id: &str, title: &str| {
        json!({"toolCall": {"toolCallId": id, "status": "pending", "title": title, "kind": "other",
            "content": [{"type": "content", "content": {"type": "text", "text": "{}"}}]}})
    };
    let ours = "mcp_nightshift0123456789ab_CronList";
    desk.allowed_by_us(asked(&format!("{ours}__x1"), "anything"), "CronList");
    let shell = format!("run_shell_command__{ours}__1");
    for id in ["mcp_other_CronList__1", &shell, "x"] {
        let need = desk.asks(asked(id, "CronList (nightshift MCP Server)"));
        assert!(need.is_err(), "{id}: the title alone is nothing");
    }
}

#[test]
fn qwen_names_the_tool_beside_its_call() {
    let mut desk = Desk::of("qwen");
    let asked = |name: &str| {
        json!({"toolCall": {"toolCallId": name, "title": "CronList (nightshift MCP Server)",
            "rawInput": {}, "_meta": {"toolName": name}}})
    };
    desk.allowed_by_us(asked("mcp__nightshift0123456789ab__CronList"), "CronList");
    assert!(desk.asks(asked("mcp__other__CronList")).is_err());
}

#[test]
fn security_13_a_server_of_the_project_s_is_never_taken_for_ours() {
    let gemini = |id: &str| json!({"toolCall": {"toolCallId": id, "status": "pending"}});
    for id in [
        "mcp_nightshift_CronList__1",
        "mcp_nightshift_CronList__exec__1",
        "mcp_nightshift0123456789ab_CronList__exec__1",
        "mcp_nightshift0123456789ab_CronList___exec__1",
    ] {
        assert!(Desk::of("gemini").asks(gemini(id)).is_err(), "{id}");
    }
    let qwen = |name: &str| json!({"toolCall": {"toolCallId": "t", "_meta": {"toolName": name}}});
    for name in ["mcp__nightshift__CronList", "mcp__nightshift0123456789ab__CronList__exec"] {
        assert!(Desk::of("qwen").asks(qwen(name)).is_err(), "{name}");
    }
}

#[test]
fn security_13_the_journal_says_what_our_server_was_called() {
    // A process that was started when the name was the same everywhere, under a supervisor of today.
    let mut desk = Desk::of("gemini");
    let server =
        json!({"name": "nightshift", "command": "/n", "args": ["mcp", "--session", "7c5d"]});
    let line = json!({"jsonrpc": "2.0", "id": "ns-load-1", "method": "session/load",
        "params": {"sessionId": "s", "cwd": "/w", "mcpServers": [server]}});
    desk.record(RecordKind::In, line.to_string());
    let asked = |id: &str| json!({"toolCall": {"toolCallId": id, "status": "pending"}});
    desk.allowed_by_us(asked("mcp_nightshift_CronList__1"), "CronList");
    assert!(desk.asks(asked("mcp_nightshift_CronList__exec__1")).is_err());
    let line = line.to_string().replace("mcp\",\"--session", "other\",\"--session");
    desk.record(RecordKind::In, line);
    assert!(
        desk.asks(asked("mcp_nightshift_CronList__2")).is_err(),
        "none of ours was handed over"
    );
}

#[test]
fn an_agent_whose_ways_nobody_knows_asks_the_user() {
    let mut desk = Desk::of("goose");
    let ours = json!({"name": "nightshift", "source": "dynamic"});
    assert!(desk.asks(claude("mcp__nightshift__CronList", &ours, &json!({}))).is_err());
}

#[test]
fn a_command_to_watch_is_the_users_to_allow() {
    let ours = json!({"name": "nightshift", "source": "dynamic"});
    let monitor = "mcp__nightshift__Monitor";
    let ws = json!({"description": "d", "ws": {"url": "wss://example.org"}});
    for input in [json!({}), json!({"command": "x", "ws": {"url": "wss://example.org"}}), ws] {
        // A call of its own: what one was told before is not told again.
        let mut desk = Desk::of("claude");
        assert!(desk.asks(claude(monitor, &ours, &input)).is_err(), "{input}");
    }

    let mut desk = Desk::of("claude");
    let input = json!({"description": "the log", "command": "tail -F log"});
    let need = desk.asks(claude(monitor, &ours, &input)).unwrap_err();
    assert_eq!(need.question, "Watch: tail -F log");
    assert_eq!(
        need.detail,
        "tail -F log
description: the log"
    );
    assert_eq!(desk.driver.may_watch(&command("tail -F log")), None, "not before the answer");
    let answers = [(need.id, Answer::Allow)];
    let lines = desk.driver.due(std::slice::from_ref(&desk.prompt), &answers);
    // The agent can act on the answer before the journal tells of it, and once it was told yes, no
    // later word changes that.
    assert_eq!(desk.driver.may_watch(&command("tail -F log")), Some("the user allowed it"));
    assert!(desk.driver.cancel().is_some());
    assert!(desk.driver.due(std::slice::from_ref(&desk.prompt), &answers).is_empty());
    assert_eq!(desk.driver.may_watch(&command("tail -F log")), Some("the user allowed it"));
    for line in lines {
        desk.record(RecordKind::In, line);
    }
    assert_eq!(desk.driver.may_watch(&command("tail -F log")), Some("the user allowed it"));
    assert_eq!(desk.driver.may_watch(&command("rm -rf /")), None, "that very command");
    let (items, _) = desk.driver.items();
    let shown = |body: &ItemBody| match body {
        ItemBody::Tool { title, kind, .. } => kind == "nightshift" && title == "Monitor: the log",
        _ => false,
    };
    assert!(items.iter().any(|item| shown(&item.body)), "{items:?}");
    desk.updates(json!({"sessionUpdate": "tool_call_update", "toolCallId": "t1",
        "status": "completed"}));
    assert_eq!(desk.driver.may_watch(&command("tail -F log")), None, "once");
}

#[test]
fn a_mode_that_asks_for_nothing_asks_for_no_monitor() {
    for (agent, mode) in [
        ("claude", "bypassPermissions"),
        ("codex", "agent-full-access"),
        ("gemini", "yolo"),
        ("rehearsal", "auto"),
    ] {
        let registry = Registry::builtin(Path::new("/nonexistent"));
        let spec = |mode: Option<&str>| DriverSpec {
            permission_mode: mode.map(str::to_owned),
            ..DriverSpec::new(registry.find(agent).unwrap().clone(), "/w")
        };
        assert!(Driver::new(spec(Some(mode))).may_watch(&command("ls")).is_some(), "{agent}");
        assert!(Driver::new(spec(None)).may_watch(&command("ls")).is_none(), "{agent}");
    }
}

fn command(line: &str) -> Watched {
    Watched::Command(line.to_owned())
}

#[test]
fn security_08_an_address_is_watched_when_the_user_allowed_that_very_one() {
    let socket = |url: &str, protocols: &[&str]| {
        let protocols = protocols.iter().map(|&word| word.to_owned()).collect();
        Watched::Socket { url: url.to_owned(), protocols }
    };
    let mut desk = Desk::of("claude");
    let ours = json!({"name": "nightshift", "source": "dynamic"});
    let url = format!("wss://example.org/feed?leak={}", "x".repeat(5_000));
    let input =
        json!({"description": "build status", "ws": {"url": url, "protocols": ["a", "key"]}});
    let need = desk.asks(claude("mcp__nightshift__Monitor", &ours, &input)).unwrap_err();
    assert!(need.question.starts_with("Watch: wss://example.org/feed?leak=x"), "{}", need.question);
    for part in [url.as_str(), "build status", "ws.protocols", "key"] {
        assert!(need.detail.contains(part), "{part}: {}", need.detail);
    }
    assert_eq!(need.unshown_bytes, 0);
    let wanted = socket(&url, &["a", "key"]);
    assert_eq!(desk.driver.may_watch(&wanted), None, "not before the answer");
    let answers = [(need.id, Answer::Allow)];
    desk.driver.due(std::slice::from_ref(&desk.prompt), &answers);
    assert_eq!(desk.driver.may_watch(&wanted), Some("the user allowed it"));
    for other in [
        socket(&url[..url.len() - 1], &["a", "key"]),
        socket("wss://example.org/feed", &["a", "key"]),
        socket(&url, &[]),
        socket(&url, &["a"]),
        command(&url),
    ] {
        assert_eq!(desk.driver.may_watch(&other), None, "{other:?}");
    }
}
