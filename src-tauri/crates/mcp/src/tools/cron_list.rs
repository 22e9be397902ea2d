//! `CronList`: the cron tasks of this session.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::standing::CronView;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::{Value, json};

pub const NAME: &str = "CronList";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Lists the cron tasks of this session with their schedules and next runs.",
        input: json!({"type": "object", "properties": {}, "additionalProperties": false}),
        only_reads: true,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given {} = arguments::read("none", arguments)?;
    match bridge.supervisor.act(StandingAct::CronList, Again::Harmless).await {
        Ok(StandingResult::Crons { tasks }) => {
            Ok(json!({"tasks": tasks.iter().map(shown).collect::<Vec<_>>()}))
        }
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}

fn shown(view: &CronView) -> Value {
    let task = &view.task;
    words::without_nulls(json!({
        "id": task.id,
        "cron": task.cron,
        "humanSchedule": view.human_schedule,
        "prompt": task.prompt,
        "recurring": task.recurring,
        "durable": task.durable,
        "nextFireAt": words::time(task.fire_at),
        "expiresAt": task.expires_at.map(words::time),
        "runs": task.runs,
    }))
}
