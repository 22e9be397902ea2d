//! `ScheduleWakeup`: the agent says when it wants to go on.

use super::arguments::{self, whole_or_none, yes_or_no};
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "ScheduleWakeup";
const TAKES: &str = "delaySeconds (60 to 3600), reason, prompt; or stop: true";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Given {
    #[serde(default, deserialize_with = "whole_or_none")]
    delay_seconds: Option<u64>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default, deserialize_with = "yes_or_no")]
    stop: bool,
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Wakes you after a while: in a loop that has no interval of its own it \
            schedules the next run, without a loop it sends `prompt` to this session once. The \
            session sleeps until then and costs nothing.\n\n\
            Choose the delay by what you wait for: a build of eight minutes needs one look after \
            eight minutes and not eight looks. When nothing is expected soon, 1200 to 1800 seconds \
            are a good pace. Delays are clamped to 60 to 3600 seconds; the answer says to what. \
            Waiting for something that prints or answers? Monitor tells you as it happens, without \
            looking at all. In a loop, call this once as the last act of each run; a run that does \
            not is followed by one fallback wake and then the loop ends. stop: true ends the loop.",
        input: json!({
            "type": "object",
            "properties": {
                "delaySeconds": {"type": "number", "description": "Seconds from now, 60 to 3600"},
                "reason": {"type": "string", "description": "Why then, in one short sentence; the user reads it beside the countdown"},
                "prompt": {"type": "string", "description": "What is sent to you then. In a loop: leave it out, the loop's own prompt is sent"},
                "stop": {"type": "boolean", "default": false, "description": "true: end the loop instead of going on"}
            },
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let given: Given = arguments::read(TAKES, arguments)?;
    let delay = match (given.delay_seconds, given.stop) {
        (Some(delay), _) => u32::try_from(delay).unwrap_or(u32::MAX),
        (None, true) => 0,
        (None, false) => return Err(format!("`delaySeconds` is missing. Arguments: {TAKES}")),
    };
    let act = StandingAct::ScheduleWakeup {
        delay_seconds: delay,
        reason: given.reason,
        prompt: given.prompt,
        stop: given.stop,
    };
    // A second one replaces the first.
    match bridge.supervisor.act(act, Again::Harmless).await {
        Ok(StandingResult::Wakeup(wakeup)) => Ok(json!({
            "scheduledFor": wakeup.scheduled_for.map(words::time),
            "clampedDelaySeconds": wakeup.clamped_delay_seconds,
            "wasClamped": wakeup.was_clamped,
        })),
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}
