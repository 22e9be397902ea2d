//! `TaskStop`: ends one thing that runs in the background of this session.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::Command;
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "TaskStop";
/// How the supervisor names them.
const MONITOR: &str = "monitor.";
const CRON: &str = "cron.";
const LOOP: &str = "loop";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    task_id: String,
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Ends a monitor, a cron task, the loop or a background process of this \
            session, with everything below it. Answered when it is gone.",
        input: json!({
            "type": "object",
            "properties": {
                "task_id": {"type": "string", "description": "The id that Monitor, CronCreate or TaskList gave"}
            },
            "required": ["task_id"],
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given { task_id } = arguments::read("task_id", arguments)?;
    let own = bridge.supervisor.session();
    let id = match task_id.trim().split_once('.') {
        // Ids in lists carry the session's.
        Some((session, id)) if session == own => id.to_owned(),
        Some(_) => return Err(format!("task `{task_id}` is not of this session; see TaskList")),
        None => task_id.trim().to_owned(),
    };
    if bridge.monitors.stop(id.strip_prefix(MONITOR).unwrap_or(&id)).await {
        return Ok(json!({"task_id": task_id, "stopped": true}));
    }
    let task = match id.contains('.') || id == LOOP {
        true => format!("{own}.{id}"),
        // As CronCreate gave it.
        false => format!("{own}.{CRON}{id}"),
    };
    let stop = Command::StopTask { task };
    match bridge.supervisor.call(stop, Again::Harmless).await {
        Ok(_) => Ok(json!({"task_id": task_id, "stopped": true})),
        Err(fault) => Err(words::fault(&fault)),
    }
}
