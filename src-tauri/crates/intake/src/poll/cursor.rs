//! How far a repository was looked at.
//!
//! Promise: one that cannot be read is one that was never looked at: it fires nothing of the past.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Id of the last entry in the list of events; none before the first look.
    pub event: Option<u64>,
    pub events_etag: Option<String>,
    /// The workflow runs that were over at the last look, each with its attempt; none before the first.
    pub runs: Option<BTreeSet<String>>,
    pub runs_etag: Option<String>,
}

impl Cursor {
    pub fn parse(text: &str) -> Cursor {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_after_it_was_kept_and_none_where_it_is_damaged() {
        let cursor = Cursor {
            event: Some(7),
            events_etag: Some("\"a\"".to_owned()),
            runs: Some(BTreeSet::from(["1.1".to_owned()])),
            runs_etag: None,
        };
        assert_eq!(Cursor::parse(&cursor.to_text()), cursor);
        assert_eq!(Cursor::parse("{"), Cursor::default());
    }
}
