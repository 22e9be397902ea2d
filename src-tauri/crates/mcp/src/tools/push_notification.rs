//! `PushNotification`: a word to the user, wherever they are.

use super::arguments;
use super::{Answer, Arguments, Definition, words};
use crate::bridge::Bridge;
use crate::supervisor::Again;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Deserialize;
use serde_json::json;

pub const NAME: &str = "PushNotification";
/// Shorter than this: it has to fit a phone's lock screen.
const MESSAGE_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    message: String,
}

pub fn definition() -> Definition {
    Definition {
        name: NAME,
        description: "Sends the user a notification: on this machine, and on their phone if they \
            have set that up. It interrupts somebody who may be away or asleep, so use it only for \
            what they would want to be interrupted for: something they waited for has happened, or \
            you are stuck on something that only they can decide. Not for progress. The answer says \
            what was sent; disabledReason says why not, for example because the user is looking at \
            this session already.",
        input: json!({
            "type": "object",
            "properties": {
                "message": {"type": "string", "maxLength": MESSAGE_CHARS - 1, "description": "One line of less than 200 characters that begins with what matters: \"build failed: 2 tests in auth\" rather than \"task update\""}
            },
            "required": ["message"],
            "additionalProperties": false
        }),
        only_reads: false,
    }
}

pub async fn call(bridge: &Bridge, arguments: Arguments) -> Answer {
    let Given { message } = arguments::read("message", arguments)?;
    let count = message.chars().count();
    if message.trim().is_empty() {
        return Err("`message` is empty".to_owned());
    }
    if count >= MESSAGE_CHARS {
        return Err(format!(
            "`message` has {count} characters; it must have less than {MESSAGE_CHARS}: say only \
             what matters"
        ));
    }
    match bridge.supervisor.act(StandingAct::Push { message }, Again::Harmful).await {
        Ok(StandingResult::Push(push)) => Ok(words::without_nulls(json!({
            "pushSent": push.push_sent,
            "localSent": push.local_sent,
            "disabledReason": push.disabled_reason,
        }))),
        // A supervisor that has no notifications yet.
        Ok(StandingResult::Done) => Ok(json!({
            "pushSent": false,
            "localSent": false,
            "disabledReason": "this version of Nightshift sends no notifications",
        })),
        Ok(other) => Err(words::unexpected(other)),
        Err(fault) => Err(words::fault(&fault)),
    }
}
