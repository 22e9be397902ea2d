//! What the model does next: the script in a prompt, and how far it has come.
//!
//! Promise: pure.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One thing the model does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Text(String),
    Tool {
        name: String,
        input: Value,
    },
    /// The request is refused with this HTTP status.
    Refuse(u16),
}

/// Names and schemas of the tools an agent offered.
pub type Tools = BTreeMap<String, Value>;

/// The conversation as far as the script is concerned.
#[derive(Debug, Default)]
pub struct Progress {
    steps: Vec<(String, String)>,
    /// Tool results since the prompt that holds the script.
    results: usize,
    /// Requests that a limit would refuse are served again.
    limit_is_over: bool,
}

/// What `@@fail@@` is refused with: a request that is wrong in itself.
const BAD_REQUEST: u16 = 400;

impl Progress {
    pub fn new(limit_is_over: bool) -> Progress {
        Progress { limit_is_over, ..Progress::default() }
    }

    /// A user's message. One with a script begins that script.
    pub fn user(&mut self, text: &str) {
        let mut steps = steps(text);
        steps.retain(|(kind, _)| !(self.limit_is_over && kind == "status"));
        if !steps.is_empty() {
            self.steps = steps;
            self.results = 0;
        }
    }

    pub fn result(&mut self) {
        self.results += 1;
    }

    pub fn next(&self, tools: &Tools) -> Vec<Act> {
        if tools.is_empty()
            && !self.steps.iter().any(|(kind, _)| kind == "fail" || kind == "status")
        {
            // Agents ask for titles and summaries without tools.
            return vec![Act::Text("Scripted title".to_owned())];
        }
        let Some((kind, argument)) = self.steps.get(self.results) else {
            return vec![Act::Text(match self.steps.len() {
                0 => "Hello. There is no script in your prompt.".to_owned(),
                count => format!("All {count} steps are done."),
            })];
        };
        match kind.as_str() {
            "fail" => vec![Act::Refuse(BAD_REQUEST)],
            "status" => vec![Act::Refuse(argument.parse().unwrap_or(BAD_REQUEST))],
            "slow" => {
                let words: usize = argument.parse().unwrap_or(100);
                (0..words).map(|n| Act::Text(format!("w{n} "))).collect()
            }
            kind => call(kind, argument, tools),
        }
    }
}

/// `@@kind argument@@` in the order written.
fn steps(text: &str) -> Vec<(String, String)> {
    let mut parts = text.split("@@");
    parts.next();
    let mut steps = Vec::new();
    while let (Some(inside), Some(_after)) = (parts.next(), parts.next()) {
        let (kind, argument) = inside.split_once(' ').unwrap_or((inside, ""));
        if ["bash", "write", "ask", "tool", "slow", "fail", "status"].contains(&kind) {
            steps.push((kind.to_owned(), argument.trim().to_owned()));
        }
    }
    steps
}

/// Tools of that kind, as the vendors name them, the best first.
fn candidates(kind: &str) -> &'static [&'static str] {
    match kind {
        "bash" => &["Bash", "run_shell_command", "bash", "exec_command", "shell", "shell_command"],
        "write" => &["Write", "write_file", "write", "apply_patch", "exec_command", "shell"],
        "ask" => {
            &["AskUserQuestion", "ask_user_question", "ask_user", "question", "request_user_input"]
        }
        _ => &[],
    }
}

/// Calls the tool of an MCP server whose name, however the agent spells it, ends with the one given.
fn call_named(argument: &str, tools: &Tools) -> Vec<Act> {
    let (wanted, input) = argument.split_once(' ').unwrap_or((argument, "{}"));
    let ends = |name: &&String| {
        let before = name.strip_suffix(wanted);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['_', ':']))
    };
    // The agent's own tool of that name is not meant: those of servers have longer names.
    let Some(name) = tools.keys().filter(ends).max_by_key(|name| name.len()) else {
        let names = Vec::from_iter(tools.keys().map(String::as_str)).join(", ");
        return vec![Act::Text(format!("There is no tool {wanted} among {names}. All done."))];
    };
    match serde_json::from_str(input) {
        Ok(input) => {
            vec![Act::Text(format!("I will use {name}.")), Act::Tool { name: name.clone(), input }]
        }
        Err(error) => vec![Act::Text(format!("The script holds no JSON: {error}"))],
    }
}

fn call(kind: &str, argument: &str, tools: &Tools) -> Vec<Act> {
    if kind == "tool" {
        return call_named(argument, tools);
    }
    let found = candidates(kind).iter().find_map(|name| Some((*name, tools.get(*name)?)));
    let Some((name, schema)) = found else {
        let names = Vec::from_iter(tools.keys().map(String::as_str)).join(", ");
        return vec![Act::Text(format!("There is no tool for {kind} among {names}. All done."))];
    };
    let input = match kind {
        "bash" => bash_input(argument, schema),
        "write" => write_input(name, argument, schema),
        _ => ask_input(name),
    };
    vec![Act::Text(format!("I will use {name}.")), Act::Tool { name: name.to_owned(), input }]
}

fn bash_input(command: &str, schema: &Value) -> Value {
    let properties = &schema["properties"];
    let key = if properties["command"].is_null() { "cmd" } else { "command" };
    let value = match properties[key]["type"].as_str() {
        Some("array") => json!(["bash", "-lc", command]),
        _ => json!(command),
    };
    let mut input = json!({key: value});
    for (name, value) in [("description", json!("Scripted")), ("is_background", json!(false))] {
        if !properties[name].is_null() {
            input[name] = value;
        }
    }
    input
}

/// What every written file holds.
pub const WRITTEN: &str = "written by the scripted model\n";

fn write_input(name: &str, path: &str, schema: &Value) -> Value {
    let text = WRITTEN.trim_end();
    let patch = format!("*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch\n");
    match name {
        "apply_patch" => return json!(patch),
        // An agent whose shell knows patches, and that has no other tool for files.
        "exec_command" | "shell" => {
            return bash_input(&format!("apply_patch <<'EOF'\n{patch}EOF"), schema);
        }
        _ => {}
    }
    let properties = &schema["properties"];
    let key = ["file_path", "filePath", "path"].into_iter().find(|k| !properties[*k].is_null());
    json!({key.unwrap_or("path"): path, "content": WRITTEN})
}

fn ask_input(name: &str) -> Value {
    let options = json!([
        {"label": "Red", "description": "the warm one"},
        {"label": "Blue", "description": "the cool one"},
    ]);
    let mut question = json!({"question": "Which colour?", "header": "Colour", "options": options});
    match name {
        "ask_user" => question["type"] = json!("choice"),
        "request_user_input" => question["id"] = json!("colour"),
        "question" => {}
        _ => question["multiSelect"] = json!(false),
    }
    json!({"questions": [question]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_tool_is_found_however_it_is_spelled() {
        for spelled in ["mcp__ours__Echo", "mcp_ours_Echo", "ours_Echo", "mcp__ours::Echo"] {
            let names = ["Echo", spelled, "NoEcho"].map(|name| (name.to_owned(), Value::Null));
            let mut progress = Progress::default();
            progress.user(r#"@@tool Echo {"n": 1}@@"#);
            let called = Act::Tool { name: spelled.into(), input: json!({"n": 1}) };
            assert_eq!(progress.next(&Tools::from(names))[1], called);
        }
    }

    #[test]
    fn a_script_runs_step_by_step() {
        let schema = json!({"properties": {"cmd": {"type": "string"}}});
        let tools = Tools::from([("exec_command".to_owned(), schema)]);
        let mut progress = Progress::default();
        progress.user("first @@bash a b@@ then @@ask@@ and @@fail@@");
        progress.user("<context without a script>");
        let tool = Act::Tool { name: "exec_command".into(), input: json!({"cmd": "a b"}) };
        assert_eq!(progress.next(&tools)[1], tool);
        progress.result();
        assert!(
            matches!(&progress.next(&tools)[..], [Act::Text(t)] if t.contains("no tool for ask"))
        );
        progress.result();
        assert_eq!(progress.next(&tools), [Act::Refuse(400)]);
        progress.result();
        assert_eq!(progress.next(&tools), [Act::Text("All 3 steps are done.".into())]);
    }
}
