//! `GoalClear`: the session has no goal any more.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::StandingAct;
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "GoalClear";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Takes the goal of this session away: nothing sends you on after your turns \
            any more. Only when the user asks for it, or the goal makes no sense any more.",
        input: json!({"type": "object", "properties": {}, "additionalProperties": false}),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given {} = arguments::read("none", arguments)?;
    match bridge.supervisor.act(StandingAct::GoalClear, Again::Harmful).await {
        Ok(_) => Ok(json!({"cleared": true})),
        Err(fault) => Err(words::fault(&fault)),
    }
}
