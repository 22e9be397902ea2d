//! Words in commands that people copy into a shell.
//!
//! Promise: the shell reads a word back as it was, whatever it holds.

/// A word as a shell reads it back.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word() {
        assert_eq!(word("/home/u/a-b_c.d"), "/home/u/a-b_c.d");
        assert_eq!(word(""), "''");
        assert_eq!(word("a; touch x #"), "'a; touch x #'");
        assert_eq!(word("it's $(x)"), r"'it'\''s $(x)'");
    }
}
