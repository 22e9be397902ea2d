//! Claude Code through its adapter `claude-agent-acp`.
//!
//! It starts in mode `auto`, which asks nothing; puts our tools behind a search unless told not to;
//! has tools named like ours with another meaning; names what failed in `data.errorKind`; and tells
//! a subscription's reset time in `usage_update`, but for a limit that the first turn of a process
//! meets: that one has its time only in the sentence.

use crate::family::{Family, Overheard, vendor};
use crate::own_call::OwnCall;
use crate::registry::AgentSpec;
use crate::reset_time;
use crate::wire::RpcError;
use crate::words;
use jiff::tz::TimeZone;
use nightshift_model::{Millis, Trouble, TroubleKind};
use nightshift_platform::process;
use nightshift_protocol::tools;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
    spec.unasked_modes = vec!["bypassPermissions".to_owned()];
    spec.env.insert("ENABLE_TOOL_SEARCH".to_owned(), "false".to_owned());
    spec.env.extend(sandbox_environment());
    spec
}

/// Root is refused the mode that asks nothing unless the machine is said to be a sandbox.
pub fn sandbox_environment() -> BTreeMap<String, String> {
    let root = process::is_root();
    root.then(|| ("IS_SANDBOX".to_owned(), "1".to_owned())).into_iter().collect()
}

pub fn session_meta() -> Value {
    json!({"claudeCode": {"options": {"disallowedTools": DISALLOWED_TOOLS}}})
}

/// It names tools of servers `mcp__<server>__<tool>`, and its own never so.
pub fn own_call(call: &Value) -> Option<OwnCall> {
    let name = call["_meta"]["claudeCode"]["toolName"].as_str()?;
    let tool = name.strip_prefix("mcp__")?.strip_prefix(tools::SERVER)?.strip_prefix("__")?;
    OwnCall::new(tool, call["rawInput"].clone())
}

/// The server's name alone may be that of one in the project's files: ours came with the session.
pub fn asks_for_own(params: &Value) -> bool {
    let server = &params["toolCall"]["_meta"]["claudeCode"]["mcpServer"];
    server["name"] == tools::SERVER && server["source"] == "dynamic"
}

pub fn overhear(update: &Value, heard: &mut Overheard) {
    let limit = &update["_meta"]["_claude/rateLimit"];
    if let Some(status) = limit["status"].as_str() {
        let resets = limit["resetsAt"].as_u64().filter(|_| status == "rejected");
        heard.resets = resets.map(|seconds| Millis(seconds.saturating_mul(1000)));
    }
}

pub fn trouble(error: &RpcError, heard: &Overheard, at: Millis) -> Option<Trouble> {
    // An overload comes as a server's error too; other server errors are no overload.
    let named = error.data["errorKind"].as_str().and_then(kind_named);
    let kind = named.or_else(|| words::kind_of(&error.message))?;
    // What it told may be the end of an earlier limit.
    let told = || heard.resets.filter(|resets| *resets > at);
    let resets = match kind {
        TroubleKind::UsageLimit => told().or_else(|| reset_in(&error.message, at)),
        TroubleKind::Overloaded
        | TroubleKind::SignIn
        | TroubleKind::Credit
        | TroubleKind::Context
        | TroubleKind::Model => None,
    };
    Some(Trouble { kind, resets })
}

/// The time in `… · resets 4:26am (Europe/Berlin)` or `… · resets Dec 3, 5am (UTC)`.
fn reset_in(text: &str, at: Millis) -> Option<Millis> {
    let (_, rest) = text.rsplit_once("resets ")?;
    let line = rest.lines().next()?;
    let (when, zone) = match line.split_once('(') {
        Some((when, zone)) => (when, zone_named(zone.split(')').next()?)?),
        None => (line.split('·').next()?, TimeZone::system()),
    };
    reset_time::read(when, at, &zone)
}

/// What its own word for a failure means.
pub fn kind_named(word: &str) -> Option<TroubleKind> {
    match word {
        "rate_limit" => Some(TroubleKind::UsageLimit),
        "overloaded" => Some(TroubleKind::Overloaded),
        "authentication_failed" | "oauth_org_not_allowed" => Some(TroubleKind::SignIn),
        "billing_error" | "account_on_hold" => Some(TroubleKind::Credit),
        _ => None,
    }
}

/// A machine may have no database of time zones.
fn zone_named(name: &str) -> Option<TimeZone> {
    match name {
        "UTC" => Some(TimeZone::UTC),
        _ => TimeZone::get(name).ok(),
    }
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
            let got = trouble(&error(message, kind), &heard, Millis(4));
            assert_eq!(got.map(|t| t.kind), expected, "{message}");
            let limited = expected == Some(TroubleKind::UsageLimit);
            assert_eq!(got.and_then(|t| t.resets).is_some(), limited, "{message}");
        }
    }

    #[test]
    fn a_limit_of_the_first_turn_has_its_time_in_the_sentence() {
        // 2026-11-23T20:46:30Z
        let said = Millis(1_795_466_790_000);
        let past = Overheard { resets: Some(Millis(said.0 - 1)), ..Overheard::default() };
        for (text, expected) in [
            ("You've hit your 5-hour limit · resets 9pm (UTC)", Some("2026-11-23T21:00:59.999Z")),
            ("You've hit your limit · resets 10:05pm (UTC)", Some("2026-11-23T22:05:59.999Z")),
            (
                "You've hit your weekly limit · resets Nov 27, 5am (UTC)",
                Some("2026-11-27T05:00:59.999Z"),
            ),
            ("You've hit your 5-hour limit · resets 9pm (Nowhere/Town)", None),
            ("You've hit your 5-hour limit", None),
        ] {
            let expected = expected.map(|at| at.parse::<jiff::Timestamp>().unwrap());
            let expected = expected.map(|at| Millis(u64::try_from(at.as_millisecond()).unwrap()));
            let got = trouble(&error(text, "rate_limit"), &past, said).unwrap();
            assert_eq!(got.resets, expected, "{text}");
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
