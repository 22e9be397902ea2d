//! `GoalStatus`: the goal of this session and how far it is.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::standing::GoalView;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::{Value, json};

pub const NAME: &str = "GoalStatus";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Shows the goal of this session: its condition, how many turns it has taken, \
            and why the evaluator says it is not met yet.",
        input: json!({"type": "object", "properties": {}, "additionalProperties": false}),
        only_reads: true,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given {} = arguments::read("none", arguments)?;
    match bridge.supervisor.act(StandingAct::GoalShow, Again::Harmless).await {
        Ok(StandingResult::Goal(view)) => Ok(shown(&view)),
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}

/// A goal as a model reads it.
pub fn shown(view: &GoalView) -> Value {
    let goal = view.goal.as_ref();
    let last = goal.and_then(|goal| goal.verdicts.last());
    words::without_nulls(json!({
        "active": goal.is_some(),
        "condition": goal.map(|goal| goal.condition.clone()),
        "turns": goal.map(|goal| goal.turns),
        "setAt": goal.map(|goal| words::time(goal.set_at)),
        "lastReason": last.map(|verdict| verdict.reason.clone()),
        "summary": view.words,
    }))
}
