//! The first frame each way: who speaks which protocol version.

use semver::Version;
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
