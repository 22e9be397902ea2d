//! What runs in the background of a session: processes and tool calls.

use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A process under the session's host, beside the agent or shell itself.
    Process,
    /// A tool call that the agent has begun and not ended.
    Tool,
    /// A program or socket that the agent watches.
    Monitor,
    /// A scheduled prompt.
    Cron,
    /// The session's loop.
    Loop,
    /// A prompt at the time that the agent asked to be woken at.
    Wakeup,
    /// A kind that this build does not know.
    #[serde(other)]
    Other,
}

/// One task; kinds to come bring no other fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Names this task for ever: never another one later.
    pub id: String,
    pub session: String,
    pub kind: TaskKind,
    /// A command line or the tool's own title.
    pub title: String,
    /// Since when; of a wake-up, when it comes.
    pub since: Millis,
    /// Whether it can be stopped alone.
    pub stoppable: bool,
    /// For processes.
    #[serde(default)]
    pub usage: Option<TaskUsage>,
    /// What it printed last, as far as that is known.
    #[serde(default)]
    pub last_lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TaskUsage {
    pub pid: u32,
    /// Processor time so far.
    #[specta(type = u32)]
    pub cpu_ms: u64,
    /// Resident memory, shared pages included.
    #[specta(type = u32)]
    pub memory_kib: u64,
}
