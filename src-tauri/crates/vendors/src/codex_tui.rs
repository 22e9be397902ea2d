//! Codex's own terminal: its `notify` program tells the end of a turn, its terminal notifications
//! (OSC 9) what it wants to be allowed. That can be answered in its terminal only.

use crate::family::{Family, Heard, vendor};
use crate::registry::{AgentSpec, Protocol, TerminalWays};
use crate::start::Start;
use serde_json::{Value, json};

pub fn spec() -> AgentSpec {
    let title = "Codex (terminal)";
    let modes = ["untrusted", "on-request", "never"];
    let mut spec = vendor(Family::Codex, "codex-tui", title, &["codex"], &modes, "@openai/codex");
    spec.protocol = Protocol::Terminal(TerminalWays::default());
    spec.sign_in = "OPENAI_API_KEY, or `codex login`".to_owned();
    spec
}

pub fn arguments(start: &Start<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: &str| {
        arguments.extend([name.to_owned(), value.to_owned()]);
    };
    if !start.hook.is_empty() {
        // JSON of plain words is TOML too.
        add("-c", &format!("notify={}", json!(start.hook)));
    }
    add("-c", "tui.notifications=true");
    add("-c", "tui.notification_method=\"osc9\"");
    add("-c", "tui.notification_condition=\"always\"");
    if let Some(model) = start.model {
        add("--model", model);
    }
    if let Some(mode) = start.permission_mode {
        add("--ask-for-approval", mode);
    }
    if let Some(session) = start.resume {
        add("resume", session);
    }
    if let Some(prompt) = start.prompt {
        arguments.extend(["--".to_owned(), prompt.to_owned()]);
    }
    arguments
}

pub fn hook(told: &Value) -> Vec<Heard> {
    if told["type"] != "agent-turn-complete" {
        return Vec::new();
    }
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let session = text("thread-id").map(Heard::Session);
    let ended = Heard::Ended(Some(text("last-assistant-message").unwrap_or_default()));
    session.into_iter().chain([ended]).collect()
}

/// Approvals begin with these words; everything else is the end of a turn, told by `notify` too.
pub fn notified(text: &str) -> Option<Heard> {
    let wants = ["Approval requested", "Codex wants to edit", "Plan mode prompt"];
    match wants.iter().any(|words| text.starts_with(words)) {
        true => Some(Heard::Wants(text.to_owned())),
        false => Some(Heard::Ended(None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_turn_and_approvals_are_told_apart() {
        let told = json!({"type": "agent-turn-complete", "thread-id": "t1",
            "last-assistant-message": "done"});
        assert_eq!(hook(&told), [Heard::Session("t1".into()), Heard::Ended(Some("done".into()))]);
        assert_eq!(hook(&json!({"type": "else"})), []);
        let wants = "Approval requested: rm -rf x";
        assert_eq!(notified(wants), Some(Heard::Wants(wants.into())));
        assert_eq!(notified("All done"), Some(Heard::Ended(None)));
    }

    #[test]
    fn its_own_program_hears_of_turns() {
        let hook = ["/n".to_owned(), "hook".to_owned()];
        let start =
            Start { resume: Some("t1"), prompt: Some("-x"), hook: &hook, ..Start::default() };
        let arguments = arguments(&start);
        assert_eq!(arguments[1], r#"notify=["/n","hook"]"#);
        assert_eq!(arguments[arguments.len() - 4..], ["resume", "t1", "--", "-x"]);
    }
}
