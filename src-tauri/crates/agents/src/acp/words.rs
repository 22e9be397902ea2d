//! Short words for people: what a tool is about to do, what it was given, one-line forms.
//!
//! Promise: agents' text comes out without control bytes and within a bound.

use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_protocol::{ConversationItem, ItemBody, ToolContent, ToolStatus};
use nightshift_vendors::wire::ToolPatch;
use serde_json::Value;

/// Longest detail of a permission request: a person decides on it, the tool call has the whole.
const DETAIL_MAX_BYTES: usize = 16 * 1024;
/// Longest input summary of a tool call.
const INPUT_MAX_BYTES: usize = 4 * 1024;
/// Fields of a tool's input that say what it is about, the most telling first.
const TELLING_FIELDS: [&str; 12] = [
    "command",
    "cmd",
    "file_path",
    "filePath",
    "path",
    "absolute_path",
    "abs_path",
    "url",
    "query",
    "pattern",
    "description",
    "prompt",
];

/// One line without control bytes, at most `LINE_MAX_CHARS` long.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars() {
            if chars + 1 >= LINE_MAX_CHARS {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

/// The last line with text in it, as one line.
pub fn last_line(text: &str) -> String {
    text.lines().rev().map(one_line).find(|l| !l.is_empty()).unwrap_or_default()
}

/// At most `max` bytes of `text`, cut at a character.
pub fn clip(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What the tool was given: a command, a path, a query; several lines are possible.
pub fn input_summary(input: Option<&Value>, locations: &[String]) -> String {
    let telling = input.and_then(|input| TELLING_FIELDS.iter().find_map(|f| words_of(&input[f])));
    let text = match (telling, input) {
        (Some(text), _) => text,
        (None, _) if !locations.is_empty() => locations.join("\n"),
        (None, Some(Value::String(text))) => text.clone(),
        (None, Some(Value::Object(fields))) if !fields.is_empty() => {
            Value::Object(fields.clone()).to_string()
        }
        _ => String::new(),
    };
    clip(&text, INPUT_MAX_BYTES).to_owned()
}

/// A string, or the words of a list of strings (an argv).
fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(items) if !items.is_empty() => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let words = words?;
            // `sh -c <command>` is about the command.
            match words.as_slice() {
                [_, "-c" | "-lc", command] => Some((*command).to_owned()),
                all => Some(all.join(" ")),
            }
        }
        _ => None,
    }
}

/// The one-line question of a permission request, and what to read before answering it. `known`
/// is the tool call as it was announced, if it was: some requests hold only its id.
pub fn permission(asked: &ToolPatch, known: Option<&ConversationItem>) -> (String, String) {
    let blank = (String::new(), String::new(), String::new(), Vec::new());
    let (known_title, known_kind, known_input, known_content) = match known.map(|i| &i.body) {
        Some(ItemBody::Tool { title, kind, input, content, .. }) => {
            (title.clone(), kind.clone(), input.clone(), content.clone())
        }
        _ => blank,
    };
    let title = asked.title.clone().unwrap_or(known_title);
    let kind = asked.kind.clone().unwrap_or(known_kind);
    let mut input = input_summary(asked.input.as_ref(), &asked.locations);
    if input.is_empty() {
        input = known_input;
    }
    let content = asked.content.clone().unwrap_or(known_content);
    (question(&title, &kind, &input), detail(&title, &input, &content))
}

fn question(title: &str, kind: &str, input: &str) -> String {
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
    let subject = if verb.is_empty() || input.is_empty() { title } else { input };
    let subject = subject.trim_matches('`');
    match (verb, subject.trim()) {
        ("", "") => "Use a tool".to_owned(),
        ("", subject) => one_line(subject),
        (verb, "") => verb.to_owned(),
        // A title such as "Run cargo test" says the verb itself.
        (verb, subject) if subject.starts_with(verb) => one_line(subject),
        (verb, subject) => one_line(&format!("{verb}: {subject}")),
    }
}

fn detail(title: &str, input: &str, content: &[ToolContent]) -> String {
    let mut parts = Vec::new();
    if !input.trim().is_empty() {
        parts.push(input.trim().to_owned());
    }
    if !title.trim().is_empty() && !input.contains(title.trim_matches('`')) {
        parts.insert(0, title.trim().to_owned());
    }
    for part in content {
        parts.push(match part {
            ToolContent::Text { text } => text.trim_end().to_owned(),
            ToolContent::Diff { path, old_text, new_text } => {
                diff(path, old_text.as_deref(), new_text)
            }
        });
    }
    clip(&parts.join("\n\n"), DETAIL_MAX_BYTES).to_owned()
}

/// A diff as text: every old line, then every new one. The window draws the real one.
pub fn diff(path: &str, old: Option<&str>, new: &str) -> String {
    let mut text = path.to_owned();
    for (sign, side) in [('-', old.unwrap_or_default()), ('+', new)] {
        for line in side.lines() {
            text.push('\n');
            text.push(sign);
            text.push_str(line);
        }
    }
    text
}

/// The tool call as it is after `patch`.
pub fn merged(known: Option<ItemBody>, patch: ToolPatch) -> ItemBody {
    let summary = input_summary(patch.input.as_ref(), &patch.locations);
    let (title, kind, status, input, content) = match known {
        Some(ItemBody::Tool { title, kind, status, input, content }) => {
            (title, kind, status, input, content)
        }
        _ => {
            ("Tool".to_owned(), "other".to_owned(), ToolStatus::Pending, String::new(), Vec::new())
        }
    };
    ItemBody::Tool {
        title: patch.title.unwrap_or(title),
        kind: patch.kind.unwrap_or(kind),
        status: patch.status.unwrap_or(status),
        input: if summary.is_empty() { input } else { summary },
        content: patch.content.unwrap_or(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_permission_reads_as_one_line() {
        let cases = [
            (
                json!({"kind": "execute", "title": "`make`", "rawInput": {"command": "make\nx"}}),
                "Run: make x",
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
            (json!({}), "Use a tool"),
            (json!({"title": "evil\u{1b}[2J"}), "evil [2J"),
        ];
        for (mut raw, expected) in cases {
            raw["toolCallId"] = json!("t");
            let patch = nightshift_vendors::wire::tool(&raw).unwrap();
            assert_eq!(permission(&patch, None).0, expected, "{raw}");
        }
    }

    #[test]
    fn lines_are_bounded() {
        assert_eq!(one_line("a\r\n b"), "a b");
        assert_eq!(one_line(&"é".repeat(1000)).chars().count(), LINE_MAX_CHARS);
        assert_eq!(last_line("one\ntwo \n\n"), "two");
        assert_eq!(clip("éé", 3), "é");
    }
}
