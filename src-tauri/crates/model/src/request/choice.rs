//! Values that the user chooses for an agent's options while a session goes on: its mode, its model.
//!
//! Promise: a choice waits until the agent has it or refuses it, over restarts of either side.
//! Must not know: which options an agent has.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One choice. `n` counts from 1 within the session and names its request on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Choice {
    pub n: u32,
    /// The agent's id of the option, and of its value.
    pub option: String,
    pub value: String,
}

/// What an option is about, where that matters to more than the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum OptionRole {
    Mode,
    Model,
    Other,
}

/// What was chosen in one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct Choices {
    /// So many were made.
    #[serde(default)]
    made: u32,
    /// Those that the agent has neither taken nor refused, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Choice>,
    /// Taken by the agent, and told to each new process; mode and model are kept by the session.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taken: BTreeMap<String, String>,
}

impl Choices {
    pub fn is_untouched(&self) -> bool {
        self.made == 0
    }

    /// A later choice of the same option takes the place of one that waits.
    pub fn choose(&mut self, option: String, value: String) {
        self.made += 1;
        self.waiting.retain(|choice| choice.option != option);
        self.waiting.push(Choice { n: self.made, option, value });
    }

    /// The agent has taken or refused choice `n`.
    pub fn settle(&mut self, n: u32) {
        self.waiting.retain(|choice| choice.n != n);
        // Told again by the journal of a session whose record was lost.
        self.made = self.made.max(n);
    }
}
