//! What may stand in the settings file, table by table.

use crate::intake::Intake;
use crate::judge::Judge;
use crate::look::{Appearance, Keys, Terminal};
use crate::notifications::Notifications;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a session is kept apart from others.
const ISOLATIONS: &[&str] = &["worktree", "none"];

/// Fields that are not set are `None` or empty: whoever uses them has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Agents by id, in the form that other hosts of the Agent Client Protocol use.
    pub agent_servers: BTreeMap<String, AgentServer>,
    /// MCP servers by name, handed to every agent.
    pub mcp_servers: BTreeMap<String, McpServer>,
    pub defaults: Defaults,
    pub worktree: Worktree,
    pub life: Life,
    pub appearance: Appearance,
    pub terminal: Terminal,
    /// Keys of the window, where they are not the usual ones.
    pub keys: Keys,
    pub judge: Judge,
    pub notifications: Notifications,
    pub window: Window,
    pub intake: Intake,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerType {
    /// A program of the user's.
    #[default]
    Custom,
    /// One that is built in; what is set here comes on top.
    Registry,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentServer {
    #[serde(rename = "type")]
    pub kind: ServerType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub default_config_options: BTreeMap<String, String>,
    /// What only Nightshift reads.
    #[serde(skip_serializing_if = "Nightshift::is_empty")]
    pub nightshift: Nightshift,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nightshift {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whose ways it has: the id of a built-in agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Permission modes, the one that asks first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// How to sign in, a command line or a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
    /// How to install it, one command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how_to: Option<String>,
    #[serde(skip_serializing_if = "Protocol::is_acp")]
    pub protocol: Protocol,
    /// Terminal agents: arguments that give a prompt, `{prompt}` in its place. None: it is entered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompt_args: Vec<String>,
    /// Terminal agents: arguments that go on with session `{session}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resume_args: Vec<String>,
    /// Terminal agents: keys that end a turn; Escape when not set.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interrupt: String,
}

/// How an agent is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    #[default]
    Acp,
    /// Its own terminal.
    Terminal,
}

impl Protocol {
    fn is_acp(&self) -> bool {
        *self == Protocol::Acp
    }
}

impl Nightshift {
    fn is_empty(&self) -> bool {
        *self == Nightshift::default()
    }
}

/// A server as other hosts write it: a program, or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct McpServer {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<McpTransport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum McpTransport {
    Stdio,
    Http,
    Sse,
}

impl McpServer {
    /// An address without a type is one for HTTP.
    pub fn transport(&self) -> McpTransport {
        self.kind.unwrap_or(match self.url {
            Some(_) => McpTransport::Http,
            None => McpTransport::Stdio,
        })
    }

    fn wrong(&self) -> Option<&'static str> {
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.trim().is_empty());
        match self.transport() {
            McpTransport::Stdio if !filled(&self.command) => Some("a `command` is missing"),
            McpTransport::Http | McpTransport::Sse if !filled(&self.url) => {
                Some("a `url` is missing")
            }
            McpTransport::Stdio | McpTransport::Http | McpTransport::Sse => None,
        }
    }
}

/// What a dispatch takes when it names nothing else. Model and mode belong to `agent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defaults {
    pub agent: Option<String>,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Worktree {
    /// Where worktrees are made: relative to the main checkout, or absolute.
    pub dir: Option<String>,
    pub branch_prefix: Option<String>,
    /// What new branches begin at: `head`, `default`, or a branch where there is one of that name.
    pub base: Option<String>,
    /// `worktree`, or `none` to work in the directory itself.
    pub isolation: Option<String>,
    pub setup: Option<String>,
    pub teardown: Option<String>,
    /// Ports handed to each worktree.
    pub ports: Option<u16>,
}

/// Read when the window's process starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Brings the quick window from anywhere, as `Ctrl+Alt+Space`; an empty one is none.
    pub quick_shortcut: Option<String>,
    /// Whether the tray is there from login on; not set, it stays as it is.
    pub autostart: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// How long a finished agent keeps its process.
    pub retire_after_s: Option<u64>,
    /// How long a shell job's row stays after its end was seen.
    pub shell_keep_s: Option<u64>,
}

impl Settings {
    /// The first entry that cannot be meant so: its key, and why.
    pub(crate) fn first_wrong(&self) -> Option<(String, String)> {
        let isolation = self.worktree.isolation.as_deref();
        if let Some(other) = isolation.filter(|word| !ISOLATIONS.contains(word)) {
            let why = format!("isolation is `{other}`; it may be {}", ISOLATIONS.join(" or "));
            return Some(("worktree.isolation".to_owned(), why));
        }
        self.wrong_agent().or_else(|| {
            self.mcp_servers.iter().find_map(|(name, server)| {
                let why = format!("MCP server `{name}`: {}", server.wrong()?);
                Some((format!("mcp_servers.{name}"), why))
            })
        })
    }

    fn wrong_agent(&self) -> Option<(String, String)> {
        self.agent_servers.iter().find_map(|(id, server)| {
            let why = match (server.kind, &server.command) {
                (ServerType::Custom, None) => "a `command` is missing".to_owned(),
                (_, Some(command)) if command.trim().is_empty() => {
                    "the `command` is empty".to_owned()
                }
                _ if id.trim().is_empty() || id.chars().any(char::is_whitespace) => {
                    "the id must be one word".to_owned()
                }
                _ => return None,
            };
            Some((format!("agent_servers.{id}"), format!("agent `{id}`: {why}")))
        })
    }
}
