//! `TaskList`: what runs in the background of this session.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::calls::{self, typed};
use nightshift_protocol::{Command, Task, TaskKind};
use serde::Deserialize;
use serde_json::{Value, json};

pub const NAME: &str = "TaskList";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Lists what runs in the background of this session or may wake it: monitors, \
            cron tasks, the loop, tool calls and processes, each with its id, its last lines and \
            whether TaskStop can end it.",
        input: json!({"type": "object", "properties": {}, "additionalProperties": false}),
        only_reads: true,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given {} = arguments::read("none", arguments)?;
    let session = Some(bridge.supervisor.session().to_owned());
    let answer = bridge.supervisor.call(Command::Tasks { session }, Again::Harmless).await;
    let tasks = typed::<calls::Tasks>(answer).map_err(|fault| words::fault(&fault))?;
    Ok(json!({"tasks": tasks.iter().map(shown).collect::<Vec<_>>()}))
}

fn shown(task: &Task) -> Value {
    let kind = match task.kind {
        TaskKind::Process => "process",
        TaskKind::Tool => "tool",
        TaskKind::Monitor => "monitor",
        TaskKind::Cron => "cron",
        TaskKind::Loop => "loop",
        TaskKind::Wakeup => "wakeup",
        TaskKind::Other => "other",
    };
    json!({
        "id": task.id,
        "kind": kind,
        "title": task.title,
        "since": words::time(task.since),
        "stoppable": task.stoppable,
        "lastLines": task.last_lines,
    })
}
