//! An agent session as a conversation: items that are upserted by id, text that is appended.

use crate::configuration::Configuration;
use nightshift_model::{Enclosure, Millis, Need, Origin};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConversationEvent {
    /// Replaces everything. Also sent again to a client that fell behind.
    Snapshot {
        #[specta(type = u32)]
        seq: u64,
        items: Vec<ConversationItem>,
        /// Older items exist that are no longer kept.
        trimmed: bool,
        #[serde(default)]
        configuration: Configuration,
    },
    /// The agent's options, their values in force and its commands, whole.
    Configured {
        #[specta(type = u32)]
        seq: u64,
        configuration: Configuration,
    },
    Upsert {
        #[specta(type = u32)]
        seq: u64,
        item: Box<ConversationItem>,
    },
    /// Adds to the text of an `Agent` or `Thought` item.
    Append {
        #[specta(type = u32)]
        seq: u64,
        id: String,
        text: String,
    },
    /// Takes an item away (a queued prompt that turned into a sent one under another id).
    Removed {
        #[specta(type = u32)]
        seq: u64,
        id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
pub struct ConversationItem {
    /// Stable within the session; items keep the order in which they first appeared.
    pub id: String,
    pub at: Millis,
    pub body: ItemBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemBody {
    /// A prompt: the user's words, or what goes on by itself. `queued`: the agent does not have them yet.
    User {
        text: String,
        queued: bool,
        /// Who gave it, when it was not the user.
        #[serde(default)]
        origin: Origin,
        /// Files that went with them.
        #[serde(default)]
        enclosures: Vec<Enclosure>,
    },
    /// The agent's words, Markdown.
    Agent {
        text: String,
    },
    Thought {
        text: String,
    },
    Tool {
        title: String,
        /// The protocol's tool kind: read, edit, execute, search, fetch, think, other, …
        kind: String,
        status: ToolStatus,
        /// What the tool was given, as a person reads it (a command, a path); may be empty.
        input: String,
        content: Vec<ToolContent>,
    },
    Plan {
        entries: Vec<PlanEntry>,
    },
    /// A permission request or question; `answer` once it was answered or withdrawn.
    Request {
        need: Need,
        answer: Option<String>,
    },
    /// The turn's end, a restart, stderr, an error.
    Note {
        level: crate::board::NoticeLevel,
        text: String,
    },
    /// An update this build does not know, kept as it came.
    Unknown {
        kind: String,
        raw: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    Pending,
    Running,
    Completed,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolContent {
    Text { text: String },
    Diff { path: String, old_text: Option<String>, new_text: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub struct PlanEntry {
    pub text: String,
    /// pending, in_progress, completed.
    pub status: String,
}
