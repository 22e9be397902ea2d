//! The name of a commit: forty hexadecimal digits, whoever said so.

use serde::{Deserialize, Serialize};
use std::fmt;

/// SHA-1 in hexadecimal.
const LENGTH: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CommitId(String);

impl CommitId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<git2::Oid> for CommitId {
    fn from(id: git2::Oid) -> CommitId {
        CommitId(id.to_string())
    }
}

impl TryFrom<String> for CommitId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<CommitId, &'static str> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let fine = text.len() == LENGTH && text.bytes().all(is_digit);
        if fine { Ok(CommitId(text)) } else { Err("a commit is named by 40 hexadecimal digits") }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forty_digits_name_a_commit() {
        let fine = "0123456789abcdef0123456789abcdef01234567";
        for (text, is_fine) in [
            (fine, true),
            (&fine[1..], false),
            (&fine.to_uppercase(), false),
            ("\u{1b}[31m", false),
        ] {
            assert_eq!(CommitId::try_from(text.to_owned()).is_ok(), is_fine, "{text:?}");
        }
    }
}
