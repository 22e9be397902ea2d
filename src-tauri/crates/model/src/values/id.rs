//! Ids. A session's short id is the first eight hex digits of its UUID and names its directory.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Short session id: exactly eight lower-case hex digits.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, specta::Type,
)]
#[serde(transparent)]
pub struct SessionId(String);

/// How many hex digits a session id has.
pub const SESSION_ID_DIGITS: usize = 8;

impl SessionId {
    /// Accepts exactly eight lower-case hex digits, so that an id is always a safe directory name.
    pub fn parse(text: &str) -> Option<SessionId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == SESSION_ID_DIGITS && text.bytes().all(hex))
            .then(|| SessionId(text.to_owned()))
    }

    /// The short id of a session whose UUID is `uuid`.
    pub fn of_uuid(uuid: &str) -> Option<SessionId> {
        SessionId::parse(uuid.get(..SESSION_ID_DIGITS)?)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identifies one request for input: `need-<record>` for a request of the agent (its own ids repeat
/// after a restart), or `turn-<n>`
/// for a question that closed turn `n`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, specta::Type,
)]
#[serde(transparent)]
pub struct NeedId(pub String);

/// A request about a monitor is the supervisor's own; its bridge asks for the answer.
pub const MONITOR_NEED_PREFIX: &str = "monitor-";

impl NeedId {
    /// Whether its answer goes to a tool bridge, and not through the session's host.
    pub fn is_for_monitor(&self) -> bool {
        self.0.starts_with(MONITOR_NEED_PREFIX)
    }
}

impl fmt::Display for NeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eight_lower_hex_digits_are_an_id() {
        for (text, ok) in [
            ("7c5d0a1b", true),
            ("7c5d0a1", false),
            ("7c5d0a1bb", false),
            ("7C5D0A1B", false),
            ("../../et", false),
            ("", false),
        ] {
            assert_eq!(SessionId::parse(text).is_some(), ok, "{text:?}");
        }
    }
}
