//! `GoalSet`: what this session is to get to.

use super::arguments;
use super::{Answer, Arguments, Definition, goal_status, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "GoalSet";

/// No check command: the supervisor would run it without the session's permission rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    condition: String,
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Sets the goal of this session: after each of your turns an independent \
            evaluator reads the transcript, and while the condition is not met you are sent on with \
            the reason. Use it when the user asks you to keep going until something is true.\n\n\
            The evaluator sees the transcript only and runs nothing, so name a condition that your \
            own output proves (\"the output of `npm test` shows 0 failures\"), and print that proof. \
            Bounds may be part of the text: \"… or stop after 20 turns\", \"… or stop after 2 \
            hours\". A goal that is set replaces the one before.",
        input: json!({
            "type": "object",
            "properties": {
                "condition": {"type": "string", "maxLength": 4000, "description": "When the goal is met, in words that the transcript can prove; up to 4,000 characters"}
            },
            "required": ["condition"],
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given { condition } = arguments::read("condition", arguments)?;
    let act = StandingAct::GoalSet { condition, check: None };
    match bridge.supervisor.act(act, Again::Harmful).await {
        Ok(StandingResult::Goal(view)) => Ok(goal_status::shown(&view)),
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}
