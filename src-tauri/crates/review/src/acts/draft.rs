//! A commit message to begin with, made from what the session is called and what it said.
//!
//! Promise: pure; asks no model.

use crate::limits::{BODY_MAX_CHARS, SUBJECT_MAX_CHARS};

pub fn draft(name: &str, result: &str) -> String {
    let subject = shortened(&one_line(name), SUBJECT_MAX_CHARS);
    let paragraph: Vec<&str> = result
        .lines()
        .map(str::trim_end)
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| !line.trim().is_empty())
        .collect();
    let body = shortened(&clean(&paragraph.join("\n")), BODY_MAX_CHARS);
    match (subject.is_empty(), body.is_empty() || body == subject) {
        (true, _) => body,
        (false, true) => subject,
        (false, false) => format!("{subject}\n\n{body}"),
    }
}

fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn shortened(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_a_subject_and_the_first_paragraph() {
        for (name, result, expected) in [
            ("fix login", "", "fix login"),
            ("fix login", "\nThe form\nworks.\n\nMore words.", "fix login\n\nThe form\nworks."),
            ("fix login", "fix login", "fix login"),
            ("", "Done", "Done"),
            ("a\x1b[31m\nb", "", "a[31m b"),
        ] {
            assert_eq!(draft(name, result), expected);
        }
        let long = draft(&"x".repeat(200), "");
        assert_eq!((long.chars().count(), long.ends_with('…')), (SUBJECT_MAX_CHARS, true));
    }
}
