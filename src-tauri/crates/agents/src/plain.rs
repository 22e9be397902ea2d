//! A conversation as plain text, for `nightshift logs`.
//!
//! Promise: no control bytes of the agent's survive except newline and tab; what is invisible is shown.

use nightshift_model::visible::visible_speech;
use nightshift_protocol::{ConversationItem, ItemBody, NoticeLevel, ToolContent, ToolStatus};
use nightshift_vendors::request_text::diff;

/// The conversation as readable plain text, one blank line between items.
pub fn plain(items: &[ConversationItem]) -> String {
    let mut text = String::new();
    for item in items {
        let block = clean(&block(&item.body));
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
            lines.extend(enclosures.iter().map(|e| format!("> [{}, {}]", e.name, e.media_type)));
            lines.join("\n")
        }
        ItemBody::Agent { text } => text.clone(),
        ItemBody::Thought { text } => quoted("~ ", text),
        ItemBody::Tool { title, status, input, content, .. } => {
            let mut lines = vec![format!("[{}] {title}", status_word(*status))];
            if !input.is_empty() && !title.contains(input.as_str()) {
                lines.push(quoted("  ", input));
            }
            lines.extend(content.iter().map(|part| match part {
                ToolContent::Text { text } => quoted("  ", text),
                ToolContent::Diff { path, old_text, new_text } => {
                    quoted("  ", &diff(path, old_text.as_deref(), new_text))
                }
            }));
            lines.join("\n")
        }
        ItemBody::Plan { entries } => {
            let line = |e: &nightshift_protocol::conversation::PlanEntry| {
                let mark = match e.status.as_str() {
                    "completed" => "x",
                    "in_progress" => "~",
                    _ => " ",
                };
                format!("[{mark}] {}", e.text)
            };
            Vec::from_iter(entries.iter().map(line)).join("\n")
        }
        ItemBody::Request { need, answer } => {
            let answer = answer.as_deref().unwrap_or("(waiting for an answer)");
            format!("? {}\n  {answer}", need.question)
        }
        ItemBody::Note { level, text } => match level {
            NoticeLevel::Info => format!("-- {text}"),
            NoticeLevel::Warning => format!("-- warning: {text}"),
            NoticeLevel::Error => format!("-- error: {text}"),
        },
        ItemBody::Unknown { kind, raw } => format!("-- {kind}: {raw}"),
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
    Vec::from_iter(text.lines().map(|line| format!("{prefix}{line}"))).join("\n")
}

/// Without what colours a terminal; whatever else is invisible is shown.
fn clean(text: &str) -> String {
    let bytes = strip_ansi_escapes::strip(text.as_bytes());
    visible_speech(&String::from_utf8_lossy(&bytes)).replace('\r', "")
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
        let expected = "> do it\n> now\n\nok red\n\n[done] Write a.txt\n  a.txt\n  +one\n";
        assert_eq!(plain(&items), expected);
    }
}
