//! Messages for people that may quote what a repository holds: printable and short.
//!
//! Promise: no control character, no character that turns the direction of a line or is invisible,
//! however the text came here, from a child too.

use crate::limits::WORDS_MAX_CHARS;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Instead of a character that must not be shown.
const REPLACED: char = '\u{fffd}';

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Words(String);

impl Words {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Words {
    fn from(text: String) -> Words {
        Words::from(text.as_str())
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Words {
        let clean = |c: char| if is_shown(c) { c } else { REPLACED };
        let mut words: String = text.chars().take(WORDS_MAX_CHARS).map(clean).collect();
        if text.chars().nth(WORDS_MAX_CHARS).is_some() {
            words.push('…');
        }
        Words(words)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a control character, none of those that order text, join it or take no room.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_is_replaced_on_both_sides_of_the_wire() {
        for (text, expected) in [
            ("plain ü", "plain ü"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\nb\0", "a\u{fffd}b\u{fffd}"),
            ("a\u{202e}b\u{200b}", "a\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(Words::from(text).as_str(), expected);
            let wire = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<Words>(&wire).unwrap().as_str(), expected);
        }
        let long = "x".repeat(WORDS_MAX_CHARS + 1);
        assert_eq!(Words::from(long.as_str()).as_str().chars().count(), WORDS_MAX_CHARS + 1);
        assert!(Words::from(long).as_str().ends_with('…'));
    }
}
