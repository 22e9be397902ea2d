//! A call of one of our own tools, as agents make it.
//!
//! Must not know: what the tools do, which vendor names them how.

use crate::wire::ToolPatch;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_protocol::tools::{MONITOR, TOOLS};
use serde_json::Value;

/// Shown as the kind of such a call.
pub const KIND: &str = "nightshift";

/// One of our tools, as the agent called it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnCall {
    pub tool: String,
    /// Its arguments, as far as the agent tells them.
    pub input: Value,
}

impl OwnCall {
    /// None for a name that is not among our tools.
    pub fn new(tool: &str, input: Value) -> Option<OwnCall> {
        TOOLS.contains(&tool).then(|| OwnCall { tool: tool.to_owned(), input })
    }

    /// The command it would run.
    pub fn command(&self) -> Option<&str> {
        self.input["command"].as_str()
    }

    /// Whether the user has to be asked before it may be made.
    pub fn needs_user(&self) -> bool {
        // Without its arguments it may be a command.
        self.tool == MONITOR && !(self.input["ws"].is_object() && self.command().is_none())
    }

    /// What it is about, in a few words.
    fn subject(&self) -> String {
        let keys = [
            "description",
            "command",
            "humanSchedule",
            "cron",
            "condition",
            "reason",
            "message",
            "id",
            "task_id",
        ];
        let found = keys.iter().find_map(|key| self.input[*key].as_str());
        one_line(found.unwrap_or_default(), LINE_MAX_CHARS)
    }

    /// The call as it is shown: one line, whatever the agent calls it.
    pub fn dress(&self, patch: &mut ToolPatch) {
        patch.kind = Some(KIND.to_owned());
        patch.title = Some(match self.subject().as_str() {
            "" => self.tool.clone(),
            subject => format!("{}: {subject}", self.tool),
        });
    }

    /// Question and detail for a command to watch.
    pub fn question(&self) -> (String, String) {
        let what = self.input["description"].as_str().unwrap_or_default();
        let command = self.command().unwrap_or_default();
        (question(command), detail(command, what))
    }
}

/// What the user is asked about a command to watch.
pub fn question(command: &str) -> String {
    format!("Watch: {}", one_line(command, LINE_MAX_CHARS))
}

/// What there is to read before a command may be watched.
pub fn detail(command: &str, description: &str) -> String {
    match description {
        "" => command.to_owned(),
        what => format!("{command}\ndescription: {what}"),
    }
}
