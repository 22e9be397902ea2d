//! Why a session is in its state: each transition stores what was seen, where and when.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Where a piece of evidence came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A command of the user.
    User,
    /// A message of the agent's protocol (a stop reason, a request).
    Protocol,
    /// A hook of the agent's own, which a terminal agent runs.
    Hook,
    /// What a terminal agent told its terminal: a notification, a bell, a prompt mark.
    Terminal,
    /// A marker line that closed the agent's turn.
    Marker,
    /// A closing question in the agent's own words.
    ClosingQuestion,
    /// A process start or exit.
    Process,
    /// The supervisor's own finding (launch failure, lost host, corrupt record).
    Supervisor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub at: Millis,
    pub source: Source,
    /// The state it led to, in one word.
    pub state: String,
    pub text: String,
}

/// Noted at each act of a repository whose hooks are left out. It is shown once, with how often.
pub const HOOKS_LEFT_OUT: &str =
    "hooks and programs of the repository's own did not run: Nightshift runs none of them";
