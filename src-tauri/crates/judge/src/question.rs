//! What is judged: a condition, what is known to hold, and the transcript.

use crate::check::CheckResult;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Without any words the checks alone decide, and nobody is asked.
    pub condition: String,
    /// The goal's bounds in words. Others enforce them; a judge is only told.
    pub bounds: String,
    /// Oldest first.
    pub transcript: Vec<Entry>,
    /// Evidence stands from this entry on, counted from 0; what came before was judged by then, or is no evidence.
    pub evidence_from: usize,
    /// Commands of the user's that were run for this judgement.
    pub checks: Vec<CheckResult>,
    pub phase: Phase,
}

/// When a question is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The agent has ended a turn.
    #[default]
    TurnEnded,
    /// Background work goes on, and it is time to look all the same.
    CheckIn,
    /// A bound is reached: whatever is missing will not be done.
    Last,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub text: String,
}

impl Entry {
    pub fn new(kind: Kind, text: impl Into<String>) -> Entry {
        Entry { kind, text: text.into() }
    }
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    /// A prompt or a notice of ours.
    Supervisor,
    /// The agent's words.
    Words,
    /// What the agent called a tool with.
    ToolCall,
    /// What the tool gave back.
    ToolResult,
}

impl Kind {
    /// As it stands at the head of an entry.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Supervisor => "supervisor",
            Kind::Words => "agent says",
            Kind::ToolCall => "agent calls a tool",
            Kind::ToolResult => "tool result",
        }
    }
}
