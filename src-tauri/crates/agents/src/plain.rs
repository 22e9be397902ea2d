//! A conversation as plain text, for `nightshift logs`.
//!
//! Promise: no control bytes of the agent's survive except newline and tab; what is invisible is shown; no line of
//! an agent's begins as one of ours (`foreign`).

use nightshift_model::visible::{Glyph, visible_line, visible_output};
use nightshift_model::{Enclosure, foreign};
use nightshift_protocol::{ConversationItem, ItemBody, NoticeLevel, ToolContent, ToolStatus};
use nightshift_vendors::request_text::diff;

/// The conversation as readable plain text, one blank line between items.
pub fn plain(items: &[ConversationItem]) -> String {
    let mut text = String::new();
    for item in items {
        let block = block(&item.body);
        let block = block.trim_end();
        if block.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(block);
        text.push('\n');
    }
    text
}

fn block(body: &ItemBody) -> String {
    match body {
        ItemBody::User { text, queued, origin, enclosures } => {
            let by = if origin.is_user() { String::new() } else { format!("[{}] ", origin.word()) };
            let mark = format!("> {}{by}", if *queued { "(queued) " } else { "" });
            let mut lines = vec![quoted(&mark, text)];
            let name = |e: &Enclosure| {
                visible_line(&format!("[{}, {}]", e.name, e.media_type)).into_owned()
            };
            lines.extend(enclosures.iter().map(|e| format!("> {}", name(e))));
            lines.join("\n")
        }
        ItemBody::Agent { text } => foreign::speech(&clean(text)),
        ItemBody::Thought { text } => quoted("~ ", text),
        ItemBody::Tool { title, status, input, content, .. } => {
            let mut block = ending(&format!("[{}] ", status_word(*status)), title);
            if !input.is_empty() && !title.contains(input.as_str()) {
                block.push_str(&foreign(input));
            }
            block.extend(content.iter().map(|part| match part {
                ToolContent::Text { text } => foreign(text),
                ToolContent::Diff { path, old_text, new_text } => {
                    foreign(&diff(&visible_line(path), old_text.as_deref(), new_text))
                }
            }));
            block
        }
        ItemBody::Plan { entries } => {
            let line = |e: &nightshift_protocol::conversation::PlanEntry| {
                let mark = match e.status.as_str() {
                    "completed" => "x",
                    "in_progress" => "~",
                    _ => " ",
                };
                ending(&format!("[{mark}] "), &e.text)
            };
            entries.iter().map(line).collect()
        }
        ItemBody::Request { need, answer } => {
            let answer = answer.as_deref().unwrap_or("(waiting for an answer)");
            format!("? {}\n{}", visible_line(&need.question), ending("  ", answer))
        }
        ItemBody::Note { level, text } => match level {
            NoticeLevel::Info => ending("-- ", text),
            NoticeLevel::Warning => ending("-- warning: ", text),
            NoticeLevel::Error => ending("-- error: ", text),
        },
        ItemBody::Unknown { kind, raw } => {
            format!("-- {}: {}", visible_line(kind), visible_line(&raw.to_string()))
        }
    }
}

fn status_word(status: ToolStatus) -> &'static str {
    match status {
        ToolStatus::Pending => "pending",
        ToolStatus::Running => "running",
        ToolStatus::Completed => "done",
        ToolStatus::Failed => "failed",
    }
}

fn quoted(prefix: &str, text: &str) -> String {
    Vec::from_iter(clean(text).lines().map(|line| format!("{prefix}{line}"))).join("\n")
}

/// Lines of others.
fn foreign(text: &str) -> String {
    match clean(text).trim_end_matches('\n') {
        "" => String::new(),
        text => foreign::marked("  ", text),
    }
}

/// A line of ours that ends with words of others. In it a tab is seen as one: it may be part of a command.
fn ending(head: &str, text: &str) -> String {
    let seen = clean(text);
    let seen = seen.trim_end_matches('\n');
    let (first, rest) = seen.find('\n').map_or((seen, ""), |at| seen.split_at(at));
    foreign::ending(head, &format!("{}{rest}", visible_line(first)))
}

/// Without what colours a terminal; whatever else is invisible is shown, so that two texts that differ read so.
fn clean(text: &str) -> String {
    let seen = visible_output(&text.replace("\r\n", "\n")).into_owned();
    let mut carriage_return = String::new();
    Glyph::Hidden('\r').push_to(&mut carriage_return);
    seen.replace('\r', &carriage_return)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{Millis, Origin};

    #[test]
    fn a_conversation_reads_as_text_and_nothing_hostile_survives() {
        let item = |body| ConversationItem { id: "x".into(), at: Millis(1), body };
        let items = [
            item(ItemBody::User {
                text: "do it\nnow".into(),
                queued: false,
                origin: Origin::User,
                enclosures: Vec::new(),
            }),
            item(ItemBody::Agent { text: "ok \u{1b}[31mred\u{1b}[0m\u{7}\r\n".into() }),
            item(ItemBody::Tool {
                title: "Write a.txt".into(),
                kind: "edit".into(),
                status: ToolStatus::Completed,
                input: "a.txt".into(),
                content: vec![ToolContent::Diff {
                    path: "a.txt".into(),
                    old_text: None,
                    new_text: "one\n".into(),
                }],
            }),
        ];
        let expected =
            "> do it\n> now\n\nok red‹U+0007›\n\n[done] Write a.txt\n  │ a.txt\n  │ +one\n";
        assert_eq!(plain(&items), expected);
    }

    #[test]
    fn security_16_a_heading_shows_every_character_of_a_command() {
        let heading = |title: &str| {
            let body = ItemBody::Tool {
                title: title.into(),
                kind: "execute".into(),
                status: ToolStatus::Completed,
                input: String::new(),
                content: Vec::new(),
            };
            plain(&[ConversationItem { id: "x".into(), at: Millis(1), body }])
        };
        for (title, expected) in [
            ("cut -d'\t' a", "[done] cut -d'‹U+0009›' a\n"),
            ("rm x\ry\u{7}\u{8}\u{0}", "[done] rm x‹U+000D›y‹U+0007›‹U+0008›‹U+0000›\n"),
            ("a\tb\n\tc\r\n", "[done] a‹U+0009›b\n  │ \tc\n"),
            ("\u{1b}[31mls\u{1b}[0m \u{1b}]0;x\u{7}", "[done] ls ‹U+001B›]0;x‹U+0007›\n"),
        ] {
            assert_eq!(heading(title), expected, "{title:?}");
        }
        let controls = (0..=0x9f).filter_map(char::from_u32).filter(|c| c.is_control());
        for c in controls.filter(|c| *c != '\n') {
            let shown = heading(&format!("a{c}b"));
            assert_eq!(shown, format!("[done] a‹U+{:04X}›b\n", u32::from(c)), "{c:?}");
        }
    }

    #[test]
    fn imitation_no_line_of_an_agent_begins_as_one_of_ours() {
        let item = |body| ConversationItem { id: "x".into(), at: Millis(1), body };
        let forged =
            "a\n\u{1b}[1m? Run: ls\n  1 Allow\n\n> go\n[done] x\n  answer: nightshift answer";
        let items = [
            item(ItemBody::Agent { text: forged.into() }),
            item(ItemBody::Tool {
                title: forged.into(),
                kind: "edit".into(),
                status: ToolStatus::Completed,
                input: String::new(),
                content: vec![ToolContent::Text { text: forged.into() }],
            }),
            item(ItemBody::Note { level: NoticeLevel::Info, text: forged.into() }),
        ];
        let text = plain(&items);
        let ours = |line: &&str| !line.starts_with(char::is_alphabetic) && !line.is_empty();
        let marked = |line: &&str| line.trim_start().starts_with('│');
        let left: Vec<&str> = text.lines().filter(ours).filter(|line| !marked(line)).collect();
        assert_eq!(left, ["[done] a", "-- a"], "{text}");
        for part in ["? Run: ls", "  1 Allow", "> go", "[done] x", "  answer: nightshift answer"] {
            assert_eq!(text.matches(&format!("│ {part}\n")).count(), 4, "{part}: {text}");
        }
    }
}
