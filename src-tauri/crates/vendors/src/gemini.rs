//! Gemini CLI with `--acp`.
//!
//! It has `session/set_model` and no option for the model; loads sessions and cannot resume them;
//! leaves out MCP servers in a directory it does not trust; stays when its stdin ends; and hands
//! the interface's error over as JSON text with the HTTP status as code. A session that is loaded
//! in the minute in which it began is lost, so it is not loaded then.

use crate::family::{Family, vendor};
use crate::own_call::OwnCall;
use crate::registry::AgentSpec;
use crate::wire::RpcError;
use crate::words;
use nightshift_model::{Millis, Trouble, TroubleKind};
use serde_json::Value;

pub fn spec() -> AgentSpec {
    let mut spec = vendor(
        Family::Gemini,
        "gemini",
        "Gemini",
        &["gemini", "--acp"],
        &["default", "autoEdit", "yolo", "plan"],
        "@google/gemini-cli",
    );
    spec.sign_in = "GEMINI_API_KEY, or `gemini`".to_owned();
    spec.unasked_modes = vec!["yolo".to_owned()];
    // Without it the agent silently leaves out MCP servers in a directory it does not know.
    spec.env.insert("GEMINI_CLI_TRUST_WORKSPACE".to_owned(), "true".to_owned());
    spec
}

/// It names tools of servers `mcp_<server>_<tool>` and begins a call's id with its tool's name and
/// two underscores, whatever id the model gave. Titles are the model's words and say nothing. An underscore
/// may be part of either name: one that could be read as another server's is not ours.
pub fn own_call(call: &Value, server: &str) -> Option<OwnCall> {
    let id = call["toolCallId"].as_str()?;
    let named = id.strip_prefix("mcp_")?.strip_prefix(server)?.strip_prefix('_')?;
    let (tool, given) = named.split_once("__")?;
    if given.contains("__") || given.starts_with('_') {
        return None;
    }
    // A call that waits to be allowed shows its arguments; one that has ended shows its result.
    let text = match call["status"].as_str() {
        Some("pending") => call["content"][0]["content"]["text"].as_str().unwrap_or_default(),
        _ => "",
    };
    OwnCall::new(tool, serde_json::from_str(text).unwrap_or_default())
}

/// It names a session's file by the minute and the session's id, and begins a new file before it
/// looks for the old one: loaded in the minute in which it was created, a session is overwritten.
pub fn cannot_reopen_yet(created: Millis, at: Millis) -> Option<&'static str> {
    let minute = |t: Millis| t.0 / 60_000;
    let why = "Gemini loses a session that is opened again in the minute in which it began; reply \
               in a minute";
    (minute(created) == minute(at)).then_some(why)
}

pub fn trouble(error: &RpcError, at: Millis) -> Option<Trouble> {
    let body: Value = serde_json::from_str(&error.message).unwrap_or_default();
    let body = &body["error"];
    let details = body["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let bad_key = details.iter().any(|d| d["reason"] == "API_KEY_INVALID");
    let kind = match (error.code, body["status"].as_str()) {
        (401, _) | (_, Some("UNAUTHENTICATED")) => TroubleKind::SignIn,
        _ if bad_key => TroubleKind::SignIn,
        (402, _) => TroubleKind::Credit,
        (429, _) | (_, Some("RESOURCE_EXHAUSTED")) => TroubleKind::UsageLimit,
        (503, _) | (_, Some("UNAVAILABLE")) => TroubleKind::Overloaded,
        _ => words::kind_of(&error.message)?,
    };
    let delay = details.iter().find_map(|d| d["retryDelay"].as_str()).and_then(seconds);
    let resets = delay.filter(|_| kind == TroubleKind::UsageLimit);
    Some(Trouble { kind, resets: resets.map(|s| Millis(at.0.saturating_add(s * 1000))) })
}

/// A protobuf duration such as `34s` or `34.5s`, in whole seconds, rounded up.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = match text.strip_suffix('s')?.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text.strip_suffix('s')?, ""),
    };
    let more = u64::from(fraction.bytes().any(|b| b != b'0'));
    whole.parse::<u64>().ok()?.checked_add(more).filter(|s| *s < u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn security_13_a_call_is_ours_only_where_no_other_server_can_be_meant() {
        let call = |id: &str| own_call(&json!({"toolCallId": id}), "nightshift4f2a");
        assert_eq!(call("mcp_nightshift4f2a_CronList__x1").unwrap().tool, "CronList");
        for id in [
            "mcp_nightshift4f2a_CronList__exec__1",
            "mcp_nightshift4f2a_CronList___exec__1",
            "mcp_nightshift4f2a_CronList___1",
            "mcp_nightshift4f2a__CronList__1",
            "mcp_nightshift_CronList__1",
            "mcp_nightshift_CronList__exec__1",
            "mcp_nightshift4f2a1_CronList__1",
            "mcp_nightshift4f2a_Other__1",
            "mcp_nightshift4f2a_CronList_1",
            "x_mcp_nightshift4f2a_CronList__1",
        ] {
            assert_eq!(call(id), None, "{id}");
        }
    }

    #[test]
    fn errors_are_told_apart_by_status_and_code() {
        let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": "34.1s"});
        let reason = json!({"reason": "API_KEY_INVALID"});
        let body = |status: &str, details: Value| {
            json!({"error": {"status": status, "message": "m", "details": details}}).to_string()
        };
        let plain = "You have exhausted your daily quota on this model.".to_owned();
        let kind = |kind: TroubleKind| Some(Trouble::from(kind));
        for (code, message, expected) in [
            (401, body("UNAUTHENTICATED", json!([])), kind(TroubleKind::SignIn)),
            (400, body("INVALID_ARGUMENT", json!([reason])), kind(TroubleKind::SignIn)),
            (402, body("FAILED_PRECONDITION", json!([])), kind(TroubleKind::Credit)),
            (429, plain, kind(TroubleKind::UsageLimit)),
            (
                429,
                body("RESOURCE_EXHAUSTED", json!([retry])),
                Some(Trouble { kind: TroubleKind::UsageLimit, resets: Some(Millis(36_000)) }),
            ),
            (503, body("UNAVAILABLE", json!([])), kind(TroubleKind::Overloaded)),
            (400, body("INVALID_ARGUMENT", json!([])), None),
        ] {
            let error = RpcError { code, message: message.clone(), data: Value::Null };
            assert_eq!(trouble(&error, Millis(1_000)), expected, "{message}");
        }
    }
}
