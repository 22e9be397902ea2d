//! A terminal agent beside its bytes: what its host recognises in its output, what its hooks tell, and
//! what is entered or answered in its name.
//!
//! All of it is in the journal: signs and hooks as marks, inputs as `In` records, each before it takes
//! effect, so that a new supervisor knows what was told, entered and answered.

use serde::{Deserialize, Serialize};

/// What a program tells its terminal beside text, as the host recognises it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Sign {
    /// OSC 9, 99 or 777.
    Notification {
        text: String,
    },
    Bell,
    /// OSC 0 or 2, when its words change.
    Title {
        text: String,
    },
    /// OSC 133 A or B: it waits at its prompt.
    Prompt,
    /// OSC 133 C: what was entered is being carried out.
    Began,
    /// OSC 133 D.
    Ended {
        code: Option<i32>,
    },
    /// Somebody attached pressed a key since the last notification, bell or prompt.
    Touched,
}

/// One line for a terminal agent's host, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TerminalInput {
    /// Given as one paste, then entered.
    Enter { id: String, text: String },
    /// As if pressed.
    Keys { id: String, keys: String },
    /// To the hook `call`, which waits: what it prints.
    Answer { call: u64, line: String },
}

impl TerminalInput {
    pub fn line(&self) -> String {
        // Our own type with string keys: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn parse(line: &[u8]) -> Option<TerminalInput> {
        serde_json::from_slice(line).ok()
    }
}

/// Longest line of a hook; larger ones are cut before they are sent.
pub const HOOK_MAX_BYTES: usize = 256 * 1024;
/// In a hook's words, how many bytes of them were cut before they were sent. Ours: what the agent itself
/// says under this name is passed over.
pub const HOOK_CUT_FIELD: &str = "nightshiftCutBytes";
/// Texts of a sign are cut to this.
pub const SIGN_MAX_BYTES: usize = 1024;
