//! Numbers with their noun.

use std::fmt::Display;

/// `1 file`, `2 files`, `0 files`. For nouns whose plural is an `s`.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// The verb behind it.
pub fn are<N: PartialEq + From<u8>>(number: N) -> &'static str {
    if number == N::from(1) { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (number, expected) in [(0_usize, "0 files"), (1, "1 file"), (2, "2 files")] {
            assert_eq!(counted(number, "file"), expected);
        }
        assert_eq!((are(1_u32), are(2_u32)), ("is", "are"));
        assert_eq!(counted(1_u64, "uncommitted change"), "1 uncommitted change");
    }
}
