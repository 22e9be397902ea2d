//! Tool calls that are under way, as tasks of their session.

use crate::Driver;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_protocol::{ConversationItem, ItemBody, Task, TaskKind, ToolContent, ToolStatus};

/// Lines of a tool call's output that are shown.
const LINES_MAX: usize = 5;

/// What the agent of `session` has begun and not ended, oldest first.
pub fn tasks(session: &str, driver: &Driver) -> Vec<Task> {
    driver.tools().filter_map(|item| task(session, item)).collect()
}

fn task(session: &str, item: &ConversationItem) -> Option<Task> {
    let ItemBody::Tool { title, status, content, .. } = &item.body else { return None };
    let lines = |part: &ToolContent| match part {
        ToolContent::Text { text } => Some(last_lines(text)),
        ToolContent::Diff { .. } => None,
    };
    matches!(status, ToolStatus::Pending | ToolStatus::Running).then(|| Task {
        id: format!("{session}.{}", one_line(&item.id, LINE_MAX_CHARS)),
        session: session.to_owned(),
        kind: TaskKind::Tool,
        title: one_line(title, LINE_MAX_CHARS),
        since: item.at,
        stoppable: false,
        usage: None,
        last_lines: content.iter().rev().find_map(lines).unwrap_or_default(),
    })
}

fn last_lines(text: &str) -> Vec<String> {
    let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    let mut last: Vec<String> =
        lines.take(LINES_MAX).map(|line| one_line(line, LINE_MAX_CHARS)).collect();
    last.reverse();
    last
}
