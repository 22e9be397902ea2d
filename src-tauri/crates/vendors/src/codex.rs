//! Codex through its adapter `codex-acp`.
//!
//! It starts in a mode that reviews by itself; ends its turn when a request is rejected once;
//! reports some failed requests as a turn that ended well, with `threadStatus: systemError` in an
//! update or, in older versions, in the answer; names a usage limit in `data.codexErrorInfo`, and
//! when it ends only in words, in local time.

use crate::family::{Family, Overheard, vendor};
use crate::own_call::OwnCall;
use crate::registry::AgentSpec;
use crate::reset_time;
use crate::wire::RpcError;
use crate::words;
use jiff::tz::TimeZone;
use nightshift_model::{Millis, Trouble, TroubleKind};
use nightshift_protocol::tools;
use serde_json::Value;

pub fn spec() -> AgentSpec {
    let mut spec = vendor(
        Family::Codex,
        "codex",
        "Codex",
        &["codex-acp"],
        &["read-only", "workspace-write", "agent", "agent-full-access"],
        "@agentclientprotocol/codex-acp",
    );
    spec.sign_in = "OPENAI_API_KEY, or `codex login`".to_owned();
    spec.unasked_modes = vec!["agent-full-access".to_owned()];
    spec
}

/// It tells server and tool with the call; its request for permission has only the call's id.
pub fn own_call(call: &Value) -> Option<OwnCall> {
    let input = &call["rawInput"];
    let ours = call["_meta"]["is_mcp_tool_call"] == true && input["server"] == tools::SERVER;
    OwnCall::new(input["tool"].as_str().filter(|_| ours)?, input["arguments"].clone())
}

pub fn asks_for_own(params: &Value) -> bool {
    params["_meta"]["is_mcp_tool_approval"] == true
}

pub fn overhear(update: &Value, heard: &mut Overheard) {
    // Only the newest status counts: it may have tried again with success.
    match &update["_meta"]["codex"]["threadStatus"] {
        Value::Null => {}
        status => heard.system_error = is_system_error(status),
    }
}

pub fn is_failure(result: &Value) -> bool {
    is_system_error(&result["_meta"]["codex"]["threadStatus"])
}

fn is_system_error(status: &Value) -> bool {
    status == "systemError" || status["type"] == "systemError"
}

pub fn trouble(error: &RpcError, at: Millis) -> Option<Trouble> {
    let by_words = words::kind_of(&error.message);
    let kind = match error.data["codexErrorInfo"].as_str() {
        // An empty account is reported as a usage limit too; only its words tell.
        Some("usageLimitExceeded") => match by_words {
            Some(TroubleKind::Credit) => TroubleKind::Credit,
            _ => TroubleKind::UsageLimit,
        },
        Some("serverOverloaded") => TroubleKind::Overloaded,
        Some("unauthorized") => TroubleKind::SignIn,
        Some(_) | None => by_words?,
    };
    let resets = match kind {
        TroubleKind::UsageLimit => reset_in(&error.message, at, &TimeZone::system()),
        TroubleKind::Overloaded
        | TroubleKind::SignIn
        | TroubleKind::Credit
        | TroubleKind::Context
        | TroubleKind::Model => None,
    };
    Some(Trouble { kind, resets })
}

/// The time in `… try again at 9:46 PM.` or `… try again at Nov 27th, 2026 9:46 PM.`
fn reset_in(text: &str, at: Millis, zone: &TimeZone) -> Option<Millis> {
    let (_, rest) = text.rsplit_once("try again at ")?;
    reset_time::read(rest.split(['.', '\n']).next()?, at, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2026-11-23T20:46:30Z
    const SAID: Millis = Millis(1_795_466_790_000);

    #[test]
    fn the_reset_time_is_read_in_local_time() {
        let hour = SAID.0 - 46 * 60_000 - 30_000;
        let minute = |h: u64, m: u64| Millis(hour + (h * 60 + m) * 60_000 + 59_999);
        for (text, expected) in [
            ("visit x or try again at 9:46 PM.", Some(minute(1, 46))),
            ("try again at 8:40 PM.", Some(minute(24, 40))),
            ("try again at Nov 24th, 2026 9:46 PM.", Some(minute(25, 46))),
            ("try again later.", None),
            ("try again at noon.", None),
        ] {
            assert_eq!(reset_in(text, SAID, &TimeZone::UTC), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_told_apart() {
        let limit = "You’ve hit your usage limit. Upgrade to Pro or try again at 9:46 PM.";
        let quota = "Quota exceeded. Check your plan and billing details.";
        let unexpected = "unexpected status 402 Payment Required: Insufficient credits, url: x";
        for (message, info, expected) in [
            (limit, Some("usageLimitExceeded"), Some(TroubleKind::UsageLimit)),
            (quota, Some("usageLimitExceeded"), Some(TroubleKind::Credit)),
            (unexpected, None, Some(TroubleKind::Credit)),
            (
                "Selected model is at capacity. Please try a different model.",
                None,
                Some(TroubleKind::Overloaded),
            ),
            ("stream disconnected", None, None),
        ] {
            let data = json!({"codexErrorInfo": info});
            let error = RpcError { code: -32603, message: message.into(), data };
            assert_eq!(trouble(&error, SAID).map(|t| t.kind), expected, "{message}");
        }
    }

    #[test]
    fn a_system_error_counts_until_it_works_again() {
        let status = |status: &str| json!({"_meta": {"codex": {"threadStatus": {"type": status}}}});
        let mut heard = Overheard::default();
        overhear(&status("systemError"), &mut heard);
        overhear(&json!({"sessionUpdate": "agent_message_chunk"}), &mut heard);
        assert!(heard.system_error);
        overhear(&status("active"), &mut heard);
        assert!(!heard.system_error);
        assert!(is_failure(&json!({"_meta": {"codex": {"threadStatus": "systemError"}}})));
    }
}
