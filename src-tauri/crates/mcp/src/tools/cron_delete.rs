//! `CronDelete`: ends a cron task.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::StandingAct;
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "CronDelete";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Ends a cron task of this session: it does not run again.",
        input: json!({
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "The task's id, as CronCreate returned it"}
            },
            "required": ["id"],
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given { id } = arguments::read("id", arguments)?;
    let act = StandingAct::CronDelete { id: id.clone() };
    match bridge.supervisor.act(act, Again::Harmful).await {
        Ok(_) => Ok(json!({"id": id, "deleted": true})),
        Err(fault) => Err(words::fault(&fault)),
    }
}
