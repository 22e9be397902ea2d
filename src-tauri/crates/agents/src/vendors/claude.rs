//! Claude Code through its adapter `claude-agent-acp`.
//!
//! It starts in mode `auto`, which asks nothing; puts our tools behind a search unless told not to;
//! has tools named like ours with another meaning; names what failed in `data.errorKind`; and tells
//! a subscription's reset time in `usage_update`.

use super::{Family, Overheard, vendor, words};
use crate::acp::wire::RpcError;
use crate::registry::AgentSpec;
use nightshift_model::{Millis, Trouble, TroubleKind};
use nightshift_platform::process;
use serde_json::{Value, json};

/// Its own schedule and monitor tools end with its process: ours, which have the same names, do not.
const DISALLOWED_TOOLS: [&str; 4] = ["CronCreate", "CronDelete", "CronList", "Monitor"];

pub fn spec() -> AgentSpec {
    let mut spec = vendor(
        Family::Claude,
        "claude",
        "Claude Code",
        &["claude-agent-acp"],
        &["default", "acceptEdits", "plan", "auto", "bypassPermissions"],
        "@agentclientprotocol/claude-agent-acp",
    );
    spec.sign_in = "ANTHROPIC_API_KEY, or `claude /login`".to_owned();
    spec.env.insert("ENABLE_TOOL_SEARCH".to_owned(), "false".to_owned());
    if process::is_root() {
        // Root is refused the mode that asks nothing unless the machine is said to be a sandbox.
        spec.env.insert("IS_SANDBOX".to_owned(), "1".to_owned());
    }
    spec
}

pub fn session_meta() -> Value {
    json!({"claudeCode": {"options": {"disallowedTools": DISALLOWED_TOOLS}}})
}

pub fn overhear(update: &Value, heard: &mut Overheard) {
    let limit = &update["_meta"]["_claude/rateLimit"];
    if let Some(status) = limit["status"].as_str() {
        let resets = limit["resetsAt"].as_u64().filter(|_| status == "rejected");
        heard.resets = resets.map(|seconds| Millis(seconds.saturating_mul(1000)));
    }
}

pub fn trouble(error: &RpcError, heard: &Overheard) -> Option<Trouble> {
    let kind = match error.data["errorKind"].as_str() {
        Some("rate_limit") => TroubleKind::UsageLimit,
        Some("overloaded") => TroubleKind::Overloaded,
        Some("authentication_failed" | "oauth_org_not_allowed") => TroubleKind::SignIn,
        Some("billing_error" | "account_on_hold") => TroubleKind::Credit,
        // An overload comes as a server's error too; other server errors are no overload.
        Some(_) | None => words::kind_of(&error.message)?,
    };
    let resets = heard.resets.filter(|_| kind == TroubleKind::UsageLimit);
    Some(Trouble { kind, resets })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str, kind: &str) -> RpcError {
        RpcError { code: -32603, message: message.into(), data: json!({"errorKind": kind}) }
    }

    #[test]
    fn errors_are_told_apart_by_their_kind() {
        let heard = Overheard { resets: Some(Millis(5)), ..Overheard::default() };
        let overload = "Internal error: API Error: 529 Overloaded. This is a server-side issue";
        for (message, kind, expected) in [
            ("You've hit your 5-hour limit", "rate_limit", Some(TroubleKind::UsageLimit)),
            ("Credit balance is too low", "billing_error", Some(TroubleKind::Credit)),
            (overload, "server_error", Some(TroubleKind::Overloaded)),
            ("API Error: 500 Internal server error", "server_error", None),
            ("API Error: 400 scripted failure", "invalid_request", None),
            ("no", "authentication_failed", Some(TroubleKind::SignIn)),
        ] {
            let got = trouble(&error(message, kind), &heard);
            assert_eq!(got.map(|t| t.kind), expected, "{message}");
            let limited = expected == Some(TroubleKind::UsageLimit);
            assert_eq!(got.and_then(|t| t.resets).is_some(), limited, "{message}");
        }
    }

    #[test]
    fn the_reset_time_is_that_of_a_rejected_request() {
        let update = |status: &str| json!({"_meta": {"_claude/rateLimit": {"status": status, "resetsAt": 1_795_470_463}}});
        let mut heard = Overheard::default();
        overhear(&update("rejected"), &mut heard);
        assert_eq!(heard.resets, Some(Millis(1_795_470_463_000)));
        overhear(&json!({"sessionUpdate": "usage_update"}), &mut heard);
        assert!(heard.resets.is_some(), "an update without it says nothing");
        overhear(&update("allowed"), &mut heard);
        assert_eq!(heard.resets, None);
    }
}
