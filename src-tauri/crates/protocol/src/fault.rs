//! Errors on the wire: a code to branch on, a message to read, a hint to act on.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The request itself is wrong (empty prompt, unknown option).
    Invalid,
    /// No session, agent or need of that name.
    NotFound,
    /// An id prefix or name fits several sessions.
    Ambiguous,
    /// The session's state refuses this.
    Refused,
    /// Over a named limit.
    Limit,
    /// The other side speaks another protocol version.
    Protocol,
    /// Nobody answers at the socket.
    Unreachable,
    /// Disk, process or database trouble.
    Io,
    Internal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type, thiserror::Error)]
pub struct Fault {
    pub code: FaultCode,
    /// Names the thing that is wrong, in one line.
    pub message: String,
    /// The way out, in one line; may be empty.
    #[serde(default)]
    pub hint: String,
}

impl Fault {
    pub fn new(code: FaultCode, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), hint: String::new() }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint.as_str() {
            "" => f.write_str(&self.message),
            hint => write!(f, "{}; {hint}", self.message),
        }
    }
}
