//! What an agent lets be chosen while a session goes on, and the commands that it knows.

use nightshift_model::OptionRole;
use serde::{Deserialize, Serialize};

/// As the agent told it last; empty until its process has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Configuration {
    pub options: Vec<ConfigOption>,
    pub commands: Vec<SlashCommand>,
}

/// One option with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct ConfigOption {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub role: OptionRole,
    /// The id of the value in force, where the agent says it.
    pub current: Option<String>,
    pub values: Vec<ConfigValue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct ConfigValue {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
}

/// A command that the agent takes as the beginning of a prompt: `/name …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct SlashCommand {
    /// Without the slash.
    pub name: String,
    pub description: String,
    /// What may follow the name, where something may.
    pub hint: Option<String>,
}
