//! A call of one of our own tools, as agents make it.
//!
//! Must not know: what the tools do, which vendor names them how.

use crate::wire::ToolPatch;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::decision_line;
use nightshift_model::visible::visible_line;
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

    /// What a monitor would watch; none where the call does not tell, or tells two things.
    pub fn watched(&self) -> Option<Watched> {
        let command = self.input["command"].as_str();
        match (command, &self.input["ws"]) {
            (Some(command), Value::Null) => Some(Watched::Command(command.to_owned())),
            (None, Value::Object(ws)) => {
                let words = ws.get("protocols").and_then(Value::as_array);
                let words = words.into_iter().flatten().filter_map(Value::as_str);
                let protocols = words.map(str::to_owned).collect();
                Some(Watched::Socket { url: ws.get("url")?.as_str()?.to_owned(), protocols })
            }
            _ => None,
        }
    }

    /// Whether the user has to be asked before it may be made: a command runs, and an address is
    /// told to the server there, with whatever the agent has written into it.
    pub fn needs_user(&self) -> bool {
        self.tool == MONITOR
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
        decision_line(found.unwrap_or_default(), LINE_MAX_CHARS)
    }

    /// The call as it is shown: one line, whatever the agent calls it.
    pub fn dress(&self, patch: &mut ToolPatch) {
        patch.kind = Some(KIND.to_owned());
        patch.title = Some(match self.subject().as_str() {
            "" => self.tool.clone(),
            subject => format!("{}: {subject}", self.tool),
        });
    }

    /// Question and detail for something to watch.
    pub fn question(&self) -> (String, String) {
        let what = self.input["description"].as_str().unwrap_or_default();
        match self.watched() {
            Some(watched) => (watched.question(), watched.detail(what)),
            // The bridge refuses it; until then it is shown as it is.
            None => ("Watch: what is not clear".to_owned(), self.input.to_string()),
        }
    }
}

/// What a monitor watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    Command(String),
    Socket { url: String, protocols: Vec<String> },
}

impl Watched {
    /// It in one line, cut where it is long.
    pub fn line(&self) -> String {
        let text = match self {
            Watched::Command(command) => command,
            Watched::Socket { url, .. } => url,
        };
        decision_line(text, LINE_MAX_CHARS)
    }

    /// What the user is asked about it.
    pub fn question(&self) -> String {
        format!("Watch: {}", self.line())
    }

    /// What there is to read before it may be watched: the whole of it.
    pub fn detail(&self, description: &str) -> String {
        let whole = match self {
            Watched::Command(command) => command.clone(),
            Watched::Socket { url, protocols } if protocols.is_empty() => url.clone(),
            Watched::Socket { url, protocols } => {
                format!("{url}\nprotocols: {}", visible_line(&protocols.join(", ")))
            }
        };
        match description {
            "" => whole,
            what => format!("{whole}\ndescription: {}", visible_line(what)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitation_a_description_is_one_line_and_shows_where_it_broke() {
        let socket =
            Watched::Socket { url: "wss://a".into(), protocols: vec!["x\ndescription: y".into()] };
        for (detail, expected) in [
            (
                Watched::Command("ls".into()).detail("a\nprotocols: b\tc\r"),
                "ls\ndescription: a‹U+000A›protocols: b‹U+0009›c‹U+000D›",
            ),
            (socket.detail("d"), "wss://a\nprotocols: x‹U+000A›description: y\ndescription: d"),
        ] {
            assert_eq!(detail, expected);
        }
    }
}
