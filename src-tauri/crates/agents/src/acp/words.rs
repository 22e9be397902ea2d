//! Short words for people: one-line forms, what a tool was given as its call in the conversation shows it.
//! What is read before an answer is made in one place, the vendors' `request_text`.
//!
//! Promise: agents' text comes out with nothing invisible and within a bound.

use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming;
pub use nightshift_model::naming::clip;
use nightshift_protocol::{ItemBody, ToolStatus};
use nightshift_vendors::request_text::command_line;
use nightshift_vendors::wire::ToolPatch;
use serde_json::Value;

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

/// One line with nothing invisible, at most `LINE_MAX_CHARS` long.
pub fn one_line(text: &str) -> String {
    naming::one_line(text, LINE_MAX_CHARS)
}

/// The last line with text in it, as one line.
pub fn last_line(text: &str) -> String {
    text.lines().rev().map(one_line).find(|l| !l.is_empty()).unwrap_or_default()
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
    match clip(&text, INPUT_MAX_BYTES) {
        whole if whole.len() == text.len() => text,
        cut => format!("{cut}…"),
    }
}

/// A string, or the words of a list of strings (an argv).
fn words_of(value: &Value) -> Option<String> {
    command_line(value).map(|command| command.line)
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

    #[test]
    fn lines_are_bounded() {
        assert_eq!(one_line("a\r\n b"), "a b");
        assert_eq!(one_line(&"é".repeat(1000)).chars().count(), LINE_MAX_CHARS);
        assert_eq!(last_line("one\ntwo \n\n"), "two");
        assert_eq!(clip("éé", 3), "é");
    }
}
