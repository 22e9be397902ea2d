//! What may stand in the settings file, table by table.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fields that are not set are `None` or empty: whoever uses them has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Agents by id, in the form that other hosts of the Agent Client Protocol use.
    pub agent_servers: BTreeMap<String, AgentServer>,
    pub defaults: Defaults,
    pub worktree: Worktree,
    pub life: Life,
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
}

impl Nightshift {
    fn is_empty(&self) -> bool {
        *self == Nightshift::default()
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
    /// Where worktrees are made, below the repository.
    pub dir: Option<String>,
    pub branch_prefix: Option<String>,
    /// What new branches begin at.
    pub base: Option<String>,
    /// `worktree`, or `none` to work in the directory itself.
    pub isolation: Option<String>,
    pub setup: Option<String>,
    pub teardown: Option<String>,
    /// Ports handed to each worktree.
    pub ports: Option<u16>,
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
    /// The first agent that cannot be meant so, and why.
    pub(crate) fn first_wrong(&self) -> Option<(&str, String)> {
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
            Some((id.as_str(), format!("agent `{id}`: {why}")))
        })
    }
}
