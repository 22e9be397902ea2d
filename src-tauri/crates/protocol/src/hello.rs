//! The first frame each way: who speaks which protocol version.
//!
//! The rule, for sockets and for the documents of a session directory alike:
//!
//! - What is added does not raise the version. Unknown fields are ignored and new fields have
//!   defaults; an unknown event, reply or journal mark is passed over; an unknown request is refused
//!   and the connection goes on.
//! - The version is raised only when an old peer could misread a new one. Whoever raises it still
//!   speaks the version before to a peer that greets with that one: the lower of the two counts.
//! - So peers one version apart work together (a host that outlived an update, or a downgrade).
//!   Further apart they say so, touch nothing and leave each other alone.

use semver::Version;
use serde::{Deserialize, Serialize};

/// Raised whenever an old peer could misread a new one.
pub const PROTOCOL_VERSION: u32 = 1;
/// How far a peer's version may be from ours: one update, or one step back.
pub const PROTOCOL_REACH: u32 = 1;

/// Whether a peer that greets with `version` and this build understand each other.
pub fn understands(version: u32) -> bool {
    version.abs_diff(PROTOCOL_VERSION) <= PROTOCOL_REACH
}

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

/// Whether `build` is certainly older than `own`. One that does not say its version is older than
/// those that do.
pub fn is_older(build: &str, own: &str) -> bool {
    match (Version::parse(build), Version::parse(own)) {
        (Ok(build), Ok(own)) => build < own,
        (Err(_), Ok(_)) => build.is_empty(),
        (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_older_is_called_so() {
        for (build, own, expected) in [
            ("0.1.0", "0.2.0", true),
            ("0.9.0", "0.10.0", true),
            ("", "0.1.0", true),
            ("0.2.0-rc.1", "0.2.0", true),
            ("0.2.0", "0.2.0", false),
            ("0.3.0", "0.2.0", false),
            ("a fork", "0.2.0", false),
        ] {
            assert_eq!(is_older(build, own), expected, "{build} {own}");
        }
    }
}
