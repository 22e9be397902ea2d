//! Claude Code's own terminal, told about by its hooks.
//!
//! A `PermissionRequest` hook is asked while the dialog stands: its decision closes the dialog, and an
//! answer in the dialog ends the hook. A turn that the user interrupts has no `Stop`; `Notification`
//! of kind `idle_prompt` comes for it a minute later.

use crate::family::{Family, Heard, option, vendor};
use crate::registry::{AgentSpec, Protocol, TerminalWays};
use crate::start::{Start, shell_line};
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_model::{OptionKind, Trouble};
use serde_json::{Value, json};

const EVENTS: [&str; 8] = [
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PermissionRequest",
    "Notification",
    "Stop",
    "StopFailure",
    "SessionEnd",
];
/// A question may wait for days; its hook waits with it.
const HOOK_TIMEOUT_S: u64 = 7 * 24 * 60 * 60;
/// Of a tool's input, as much as is read before an answer.
const DETAIL_MAX_CHARS: usize = 4_000;

pub fn spec() -> AgentSpec {
    let modes = ["default", "acceptEdits", "plan", "auto", "bypassPermissions"];
    let package = "@anthropic-ai/claude-code";
    let mut spec = vendor(
        Family::Claude,
        "claude-tui",
        "Claude Code (terminal)",
        &["claude"],
        &modes,
        package,
    );
    spec.protocol = Protocol::Terminal(TerminalWays::default());
    spec.sign_in = "ANTHROPIC_API_KEY, or `claude /login`".to_owned();
    spec.env = crate::claude::sandbox_environment();
    spec
}

pub fn arguments(start: &Start<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: &str| {
        arguments.extend([name.to_owned(), value.to_owned()]);
    };
    if !start.hook.is_empty() {
        add("--settings", &settings(start.hook).to_string());
    }
    if let Some(session) = start.resume {
        add("--resume", session);
    }
    if let Some(model) = start.model {
        add("--model", model);
    }
    if let Some(mode) = start.permission_mode {
        add("--permission-mode", mode);
    }
    if let Some(prompt) = start.prompt {
        // A prompt may begin like an option.
        arguments.extend(["--".to_owned(), prompt.to_owned()]);
    }
    arguments
}

fn settings(hook: &[String]) -> Value {
    let command = json!({"type": "command", "command": shell_line(hook),
        "timeout": HOOK_TIMEOUT_S});
    let hooks = EVENTS.map(|event| (event.to_owned(), json!([{"hooks": [command.clone()]}])));
    json!({"hooks": serde_json::Map::from_iter(hooks)})
}

pub fn hook(hook: &Value) -> Vec<Heard> {
    let text = |key: &str| hook[key].as_str().map(str::to_owned);
    match hook["hook_event_name"].as_str().unwrap_or_default() {
        "SessionStart" => text("session_id").map(Heard::Session).into_iter().collect(),
        "UserPromptSubmit" => vec![Heard::Began(text("prompt").unwrap_or_default())],
        "PreToolUse" => vec![Heard::Tool(tool(hook))],
        "PermissionRequest" => vec![asks(hook)],
        "Notification" => match hook["notification_type"].as_str() {
            Some("idle_prompt") => vec![Heard::Ended(None)],
            // Asked for by its own hook, or no question.
            Some("permission_prompt" | "auth_success") => Vec::new(),
            Some(_) | None => text("message").map(Heard::Wants).into_iter().collect(),
        },
        "Stop" => vec![Heard::Ended(Some(text("last_assistant_message").unwrap_or_default()))],
        "StopFailure" => vec![failed(hook)],
        // The end of the process says it.
        _ => Vec::new(),
    }
}

/// A turn that the interface's refusal ended: `error` is a word of its own for it.
fn failed(hook: &Value) -> Heard {
    let text = |key: &str| hook[key].as_str().filter(|text| !text.is_empty());
    let said = text("last_assistant_message").or_else(|| text("error_details"));
    let word = text("error").unwrap_or("unknown");
    let error = said.map_or_else(|| format!("the turn failed: {word}"), str::to_owned);
    Heard::Failed { error, trouble: crate::claude::kind_named(word).map(Trouble::from) }
}

/// A tool's call in one line: its name and what it is about.
fn tool(hook: &Value) -> String {
    let name = hook["tool_name"].as_str().unwrap_or("Tool");
    let input = &hook["tool_input"];
    let about = ["command", "file_path", "path", "url", "pattern", "query", "description"];
    match about.iter().find_map(|key| input[key].as_str()) {
        Some(about) => one_line(&format!("{name}: {about}"), LINE_MAX_CHARS),
        None => one_line(name, LINE_MAX_CHARS),
    }
}

fn asks(hook: &Value) -> Heard {
    let decide = |decision: Value| {
        json!({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}})
            .to_string()
    };
    let mut options =
        vec![option("allow", "Allow", OptionKind::AllowOnce, decide(json!({"behavior": "allow"})))];
    if hook["permission_suggestions"].as_array().is_some_and(|all| !all.is_empty()) {
        let rules = &hook["permission_suggestions"];
        let always = decide(json!({"behavior": "allow", "updatedPermissions": rules}));
        options.push(option("always", "Always allow", OptionKind::AllowAlways, always));
    }
    let denied = json!({"behavior": "deny", "message": "The user denied this."});
    options.push(option("deny", "Deny", OptionKind::RejectOnce, decide(denied)));
    let detail = serde_json::to_string_pretty(&hook["tool_input"]).unwrap_or_default();
    let detail: String = detail.chars().take(DETAIL_MAX_CHARS).collect();
    Heard::Asks { question: tool(hook), detail, options }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_asked_for_and_prompts_are_no_options() {
        let hook = ["/opt/night shift".to_owned(), "hook".to_owned()];
        let start = Start {
            resume: Some("s1"),
            prompt: Some("--help me"),
            permission_mode: Some("default"),
            hook: &hook,
            ..Start::default()
        };
        let arguments = arguments(&start);
        let settings: Value = serde_json::from_str(&arguments[1]).unwrap();
        let stop = &settings["hooks"]["Stop"][0]["hooks"][0];
        assert_eq!(stop["command"], "'/opt/night shift' 'hook'");
        let rest = &arguments[2..];
        assert_eq!(rest, ["--resume", "s1", "--permission-mode", "default", "--", "--help me"]);
    }

    #[test]
    fn what_hooks_say_is_understood() {
        let said = |name: &str, more: Value| {
            let mut all = json!({"hook_event_name": name, "session_id": "s1"});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            hook(&all)
        };
        let bash = json!({"tool_name": "Bash", "tool_input": {"command": "make\ntest"}});
        assert_eq!(said("SessionStart", json!({})), [Heard::Session("s1".into())]);
        assert_eq!(said("UserPromptSubmit", json!({"prompt": "go"})), [Heard::Began("go".into())]);
        assert_eq!(said("PreToolUse", bash.clone()), [Heard::Tool("Bash: make test".into())]);
        let stop = json!({"last_assistant_message": "done"});
        assert_eq!(said("Stop", stop), [Heard::Ended(Some("done".into()))]);
        let idle = json!({"notification_type": "idle_prompt", "message": "waits"});
        assert_eq!(said("Notification", idle), [Heard::Ended(None)]);
        let limit = json!({"error": "rate_limit", "last_assistant_message": "limit reached"});
        let trouble = Some(Trouble::from(nightshift_model::TroubleKind::UsageLimit));
        let failed = Heard::Failed { error: "limit reached".into(), trouble };
        assert_eq!(said("StopFailure", limit), [failed]);
        assert_eq!(said("SessionEnd", json!({})), []);
        assert_eq!(said("Unheard", json!({})), []);
        let [Heard::Asks { question, options, .. }] = &said("PermissionRequest", bash)[..] else {
            panic!()
        };
        assert_eq!(question, "Bash: make test");
        assert_eq!(options.len(), 2, "without suggestions there is no always");
        let allow: Value = serde_json::from_str(&options[0].1).unwrap();
        assert_eq!(allow["hookSpecificOutput"]["decision"]["behavior"], "allow");
    }
}
