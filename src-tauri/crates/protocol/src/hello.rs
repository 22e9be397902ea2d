//! The first frame each way: who speaks which protocol version.

use serde::{Deserialize, Serialize};

/// Raised whenever an old peer could misread a new one.
pub const PROTOCOL_VERSION: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Client,
    Supervisor,
    Host,
}

/// First control frame on every connection, sent by both sides before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    pub protocol: u32,
    /// Version of the build, for people.
    pub build: String,
    pub role: Role,
}

impl Hello {
    pub fn new(role: Role) -> Hello {
        Hello { protocol: PROTOCOL_VERSION, build: env!("CARGO_PKG_VERSION").to_owned(), role }
    }
}
