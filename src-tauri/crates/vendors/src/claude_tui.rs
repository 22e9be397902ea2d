//! Claude Code's own terminal, told about by its hooks.
//!
//! A `PermissionRequest` hook is asked while the dialog stands: its decision closes the dialog, and an
//! answer in the dialog ends the hook. A turn that the user interrupts has no `Stop`; `Notification`
//! of kind `idle_prompt` comes for it a minute later.

use crate::family::{Family, Heard, option, vendor};
use crate::registry::{AgentSpec, Protocol, TerminalWays};
use crate::request_text::{self, Shown};
use crate::start::{Start, shell_line};
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::decision_line;
use nightshift_model::{OptionKind, Trouble};
use nightshift_protocol::terminal::HOOK_CUT_FIELD;
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
/// Modes that a suggestion may set, and what each of them does.
const MODES: [(&str, &str); 4] = [
    ("acceptEdits", "accept all edits from now on"),
    ("plan", "only plan from now on"),
    ("default", "ask as usual from now on"),
    ("bypassPermissions", "ask for nothing from now on"),
];
/// Where a suggestion is kept.
const PLACES: [(&str, &str); 4] = [
    ("session", "in this session"),
    ("localSettings", "in this project, for you"),
    ("projectSettings", "in this project, for everybody"),
    ("userSettings", "in all projects"),
];

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
    let about = ["command", "file_path", "path", "url", "pattern", "query"];
    match about.iter().find_map(|key| input[key].as_str()) {
        Some(about) => decision_line(&format!("{name}: {about}"), LINE_MAX_CHARS),
        None => decision_line(name, LINE_MAX_CHARS),
    }
}

fn asks(hook: &Value) -> Heard {
    let decide = |decision: Value| {
        json!({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}})
            .to_string()
    };
    let mut options =
        vec![option("allow", "Allow", OptionKind::AllowOnce, decide(json!({"behavior": "allow"})))];
    let cut = usize::try_from(hook[HOOK_CUT_FIELD].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    let always = always(&hook["permission_suggestions"]).filter(|_| cut == 0);
    if let Some((label, _)) = &always {
        let rules = &hook["permission_suggestions"];
        let line = decide(json!({"behavior": "allow", "updatedPermissions": rules}));
        options.push(option("always", label, OptionKind::AllowAlways, line));
    }
    let denied = json!({"behavior": "deny", "message": "The user denied this."});
    options.push(option("deny", "Deny", OptionKind::RejectOnce, decide(denied)));
    let name = hook["tool_name"].as_str().unwrap_or("Tool");
    let call = json!({"kind": "other", "title": name, "rawInput": hook["tool_input"]});
    let all = always.map(|(_, all)| all).unwrap_or_default();
    let shown = Shown { question: tool(hook), ..request_text::shown(&call, Some(name), cut) };
    Heard::Asks { shown: shown.and(&all), options }
}

/// What "always" would do: a label, and all of it in words. None where a part of it cannot be named, and
/// where nothing is suggested.
fn always(suggestions: &Value) -> Option<(String, String)> {
    let all = suggestions.as_array().filter(|all| !all.is_empty())?;
    let named = all.iter().map(named).collect::<Option<Vec<String>>>()?;
    let whole = format!("Always allow: {}", named.join("; "));
    let label = decision_line(&whole, LINE_MAX_CHARS);
    let more = if label == whole { String::new() } else { format!("option: {whole}") };
    Some((label, more))
}

/// Whether nothing else is said in it that would go back unnamed.
fn only(value: &Value, fields: &[&str]) -> bool {
    value.as_object().is_some_and(|all| all.keys().all(|name| fields.contains(&name.as_str())))
}

/// One suggestion in words.
fn named(suggestion: &Value) -> Option<String> {
    if !only(suggestion, &["type", "rules", "behavior", "destination", "mode", "directories"]) {
        return None;
    }
    let word = |table: &[(&str, &str)], value: &Value| {
        let found = table.iter().find(|(name, _)| value == name);
        found.map(|(_, words)| (*words).to_owned())
    };
    let texts = |key: &str| -> Option<Vec<&str>> {
        let all = suggestion[key].as_array().filter(|all| !all.is_empty())?;
        all.iter().map(Value::as_str).collect()
    };
    let place = word(&PLACES, &suggestion["destination"])?;
    let what = match suggestion["type"].as_str()? {
        "addRules" if suggestion["behavior"] == "allow" => {
            let rules = suggestion["rules"].as_array().filter(|rules| !rules.is_empty())?;
            rules.iter().map(rule).collect::<Option<Vec<String>>>()?.join(", ")
        }
        "setMode" => word(&MODES, &suggestion["mode"])?,
        "addDirectories" => format!("work in {}", texts("directories")?.join(", ")),
        _ => return None,
    };
    Some(format!("{what} ({place})"))
}

/// As Claude Code writes a rule: `Bash(npm run test:*)`; without a part in parentheses, every use.
fn rule(rule: &Value) -> Option<String> {
    if !only(rule, &["toolName", "ruleContent"]) {
        return None;
    }
    let tool = rule["toolName"].as_str().filter(|tool| !tool.is_empty())?;
    match &rule["ruleContent"] {
        Value::Null => Some(format!("every {tool}")),
        Value::String(content) => Some(format!("{tool}({content})")),
        _ => None,
    }
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
        assert_eq!(
            said("PreToolUse", bash.clone()),
            [Heard::Tool("Bash: make‹U+000A›test".into())]
        );
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
        let [Heard::Asks { shown, options }] = &said("PermissionRequest", bash)[..] else {
            panic!()
        };
        assert_eq!((&*shown.question, shown.unshown_bytes), ("Bash: make‹U+000A›test", 0));
        assert!(shown.detail.starts_with("make\ntest"), "{}", shown.detail);
        assert_eq!(options.len(), 2, "without suggestions there is no always");
        let allow: Value = serde_json::from_str(&options[0].1).unwrap();
        assert_eq!(allow["hookSpecificOutput"]["decision"]["behavior"], "allow");
    }
    fn asked(suggestions: Value, input: Value, cut: u64) -> (Shown, Vec<(String, String)>) {
        let hook = json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash",
            "tool_input": input, "permission_suggestions": suggestions, HOOK_CUT_FIELD: cut});
        let [Heard::Asks { shown, options }] = &super::hook(&hook)[..] else { panic!() };
        let named = options.iter().map(|(option, line)| (option.label.clone(), line.clone()));
        (shown.clone(), named.collect())
    }

    #[test]
    fn security_17_the_whole_input_is_shown_or_counted() {
        let long = format!("echo {} ; curl evil", "a".repeat(9_000));
        let (shown, _) = asked(json!([]), json!({"command": long, "cwd": "/etc"}), 0);
        assert!(shown.detail.contains("; curl evil") && shown.detail.contains("cwd: /etc"));
        assert_eq!(shown.unshown_bytes, 0);
        let huge = json!({"command": "a".repeat(100_000)});
        assert!(asked(json!([]), huge, 0).0.unshown_bytes > 0);
        let (shown, options) = asked(
            json!([{"type": "addRules", "behavior": "allow", "destination": "session",
                "rules": [{"toolName": "Bash"}]}]),
            json!({"command": "ls"}),
            12,
        );
        assert_eq!(shown.unshown_bytes, 12);
        assert!(shown.detail.contains("12 bytes are not shown"), "{}", shown.detail);
        assert_eq!(options.len(), 2, "no always for a part");
    }

    #[test]
    fn security_17_always_says_what_it_adds_or_is_not_offered() {
        let rules = |rules: Value| {
            json!({"type": "addRules", "behavior": "allow", "destination": "localSettings",
                "rules": rules})
        };
        let npm = json!({"toolName": "Bash", "ruleContent": "npm run *"});
        let label = |suggestions: Value| {
            let (_, options) = asked(suggestions, json!({"command": "ls"}), 0);
            options
                .iter()
                .find(|(_, line)| line.contains("updatedPermissions"))
                .map(|o| o.0.clone())
        };
        let mode = |mode: &str| json!({"type": "setMode", "mode": mode, "destination": "session"});
        let directories = json!({"type": "addDirectories", "directories": ["/etc", "/home"],
            "destination": "session"});
        for (suggestions, expected) in [
            (
                json!([rules(json!([npm, {"toolName": "WebFetch"}]))]),
                Some("Always allow: Bash(npm run *), every WebFetch (in this project, for you)"),
            ),
            (
                json!([mode("acceptEdits")]),
                Some("Always allow: accept all edits from now on (in this session)"),
            ),
            (
                json!([rules(json!([npm])), directories]),
                Some(
                    "Always allow: Bash(npm run *) (in this project, for you); work in /etc, /home \
                     (in this session)",
                ),
            ),
            (json!([mode("unheard")]), None),
            (json!([{"type": "replaceRules", "rules": [npm]}]), None),
            (json!([rules(json!([npm])), {"type": "unheard"}]), None),
            (json!([rules(json!([]))]), None),
            (json!([rules(json!([{"toolName": "Bash", "ruleContent": 1}]))]), None),
            (
                json!([{"type": "addRules", "behavior": "deny", "destination": "session",
                "rules": [npm]}]),
                None,
            ),
            (json!([{"type": "addRules", "behavior": "allow", "rules": [npm]}]), None),
            (json!([]), None),
            (Value::Null, None),
        ] {
            assert_eq!(label(suggestions.clone()).as_deref(), expected, "{suggestions}");
        }
        let many: Vec<Value> = (0..40)
            .map(|n| json!({"toolName": "Bash", "ruleContent": format!("rule {n}")}))
            .collect();
        let (shown, options) = asked(json!([rules(json!(many))]), json!({"command": "ls"}), 0);
        assert!(options[1].0.ends_with('…') && shown.detail.contains("Bash(rule 39)"));
    }
}
