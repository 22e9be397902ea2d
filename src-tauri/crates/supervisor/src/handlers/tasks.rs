//! `tasks`: what runs in the background of sessions. Processes are looked up beside the loop.

use super::{Handled, Outcome, find};
use crate::core::{Core, Entry};
use crate::inbox::{ConnId, Inbox};
use crate::limits::TASK_LINES_MAX;
use nightshift_model::SessionId;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_protocol::{ConversationItem, ItemBody, Reply, Task, TaskKind, ToolContent};

pub fn tasks(core: &Core, conn: ConnId, request: u64, session: Option<&str>) -> Outcome {
    let asked = match session {
        Some(session) => vec![find(core, session)?],
        None => core.sessions.keys().cloned().collect(),
    };
    let mut live = Vec::new();
    for id in asked {
        if let Some(entry) = core.sessions.get(&id).filter(|e| e.session.is_alive()) {
            live.push((tools(&id, entry), core.outside.background(&id)));
        }
    }
    core.outside.beside(Box::new(move || {
        let mut tasks = Vec::new();
        for (tools, background) in live {
            tasks.extend(tools);
            tasks.extend(background.list());
        }
        Inbox::Answer { conn, request, result: Ok(Reply::Tasks { tasks }) }
    }));
    Ok(Handled::Pending)
}

fn tools(id: &SessionId, entry: &Entry) -> Vec<Task> {
    let open = entry.driver.iter().flat_map(|driver| driver.open_tools());
    open.map(|item| tool(id, item)).collect()
}

fn tool(id: &SessionId, item: &ConversationItem) -> Task {
    let (title, content) = match &item.body {
        ItemBody::Tool { title, content, .. } => (title.as_str(), content.as_slice()),
        ItemBody::User { .. }
        | ItemBody::Agent { .. }
        | ItemBody::Thought { .. }
        | ItemBody::Plan { .. }
        | ItemBody::Request { .. }
        | ItemBody::Note { .. }
        | ItemBody::Unknown { .. } => ("", [].as_slice()),
    };
    let text = |part: &ToolContent| match part {
        ToolContent::Text { text } => Some(last_lines(text)),
        ToolContent::Diff { .. } => None,
    };
    Task {
        id: format!("{id}.{}", one_line(&item.id, LINE_MAX_CHARS)),
        session: id.to_string(),
        kind: TaskKind::Tool,
        title: one_line(title, LINE_MAX_CHARS),
        since: item.at,
        stoppable: false,
        usage: None,
        last_lines: content.iter().rev().find_map(text).unwrap_or_default(),
    }
}

fn last_lines(text: &str) -> Vec<String> {
    let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    let mut last: Vec<String> =
        lines.take(TASK_LINES_MAX).map(|line| one_line(line, LINE_MAX_CHARS)).collect();
    last.reverse();
    last
}
