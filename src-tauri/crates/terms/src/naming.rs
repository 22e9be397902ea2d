//! Names and lines as people read them: short, on one line, without control characters.

use crate::limits::{LINE_MAX_CHARS, NAME_MAX_CHARS};

/// Longest name made from a prompt; a name the user gives may be longer.
const SHORT_NAME_CHARS: usize = 40;
/// A name made from a prompt is cut back to a whole word unless that leaves less than this.
const SHORT_NAME_LEAST_CHARS: usize = 16;
/// A name that is cut off does not end with one of these.
const JOINING_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "but", "by", "for", "from", "if", "in", "into", "of", "on", "or",
    "so", "that", "the", "to", "with",
];
/// Name of a session whose prompt has no readable character.
const NAMELESS: &str = "session";

/// `text` without control and invisible format characters, white space folded, cut to `max`.
pub fn one_line(text: &str, max: usize) -> String {
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = count > 0;
            continue;
        }
        if hidden(c) {
            continue;
        }
        if count + usize::from(gap) >= max {
            while out.chars().count() >= max.max(1) {
                out.pop();
            }
            out.push('…');
            return out;
        }
        if gap {
            out.push(' ');
            count += 1;
            gap = false;
        }
        out.push(c);
        count += 1;
    }
    out
}

/// A row's line.
pub fn row_line(text: &str) -> String {
    one_line(text, LINE_MAX_CHARS)
}

/// An agent's words without the commonest marks of Markdown, for places that show plain text.
pub fn plain_words(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let heading = line.trim_start().trim_start_matches('#');
        if heading.starts_with(' ') { heading.trim_start() } else { line }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    without_pairs(&without_pairs(&text, "`"), "**")
}

/// `text` without those marks that stand around words. One that is alone, or inside of a path, stays.
fn without_pairs(text: &str, mark: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, inner) = (&rest[..at], &rest[at + mark.len()..]);
        let opens = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '/')
            && inner.starts_with(|c: char| !c.is_whitespace());
        let end = inner.find(mark).filter(|end| {
            let (within, after) = (&inner[..*end], &inner[*end + mark.len()..]);
            within.ends_with(|c: char| !c.is_whitespace())
                && !within.contains("\n\n")
                && !after.starts_with(|c: char| c.is_alphanumeric() || c == '/')
        });
        out.push_str(before);
        match end.filter(|_| opens) {
            Some(end) => {
                out.push_str(&inner[..end]);
                rest = &inner[end + mark.len()..];
            }
            None => {
                out.push_str(mark);
                rest = inner;
            }
        }
    }
    out + rest
}

/// A name the user or the agent gave; none when nothing readable is left.
pub fn given_name(text: &str) -> Option<String> {
    let name = one_line(text, NAME_MAX_CHARS);
    (!name.is_empty()).then_some(name)
}

/// A short name from what an agent was asked first, without marks of Markdown; where it is cut, not
/// after a word that only joins.
pub fn prompt_name(prompt: &str) -> String {
    let (name, cut) = beginning(&plain_words(prompt));
    let mut words: Vec<_> = name.split(' ').collect();
    let joins = |word: &&str| JOINING_WORDS.contains(&word.to_lowercase().as_str());
    while cut && words.len() > 1 && words.last().is_some_and(joins) {
        words.pop();
    }
    words.join(" ")
}

/// A short name from a command, which stays as it is.
pub fn short_name(command: &str) -> String {
    beginning(command).0
}

/// The first readable line, cut at a word, and whether it was cut.
fn beginning(text: &str) -> (String, bool) {
    let line = text.lines().find(|l| !one_line(l, 1).is_empty()).unwrap_or_default();
    let line =
        line.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '.' | '~'));
    let whole = one_line(line, usize::MAX);
    if whole.is_empty() {
        return (NAMELESS.to_owned(), false);
    }
    if whole.chars().count() <= SHORT_NAME_CHARS {
        return (whole, false);
    }
    let cut: String = whole.chars().take(SHORT_NAME_CHARS).collect();
    let at_word = cut.rsplit_once(' ').map(|(head, _)| head);
    match at_word {
        Some(head) if head.chars().count() >= SHORT_NAME_LEAST_CHARS => (head.to_owned(), true),
        Some(_) | None => (cut, true),
    }
}

/// The last paragraph of a text that says something.
pub fn last_paragraph(text: &str) -> &str {
    text.rsplit("\n\n").find(|p| !p.trim().is_empty()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_readable() {
        for (prompt, expected) in [
            ("fix the login test", "fix the login test"),
            ("\n\n  # Fix   it\nplease", "Fix it"),
            ("echo `date` && sleep 1", "echo `date` && sleep 1"),
            ("\u{1b}[31mred\u{7}", "31mred"),
            ("\u{202e}\u{200b}", "session"),
            ("./run.sh --all", "./run.sh --all"),
        ] {
            assert_eq!(short_name(prompt), expected, "{prompt:?}");
        }
    }

    #[test]
    fn a_prompt_gives_a_name_without_marks_and_loose_ends() {
        for (prompt, expected) in [
            (
                "map every TODO comment in this repo and summarize them",
                "map every TODO comment in this repo",
            ),
            ("**Fix** the `login` test", "Fix the login test"),
            ("what is this for", "what is this for"),
            ("the the the the the the the the the the the the", "the"),
            ("\u{202e}\u{200b}", "session"),
        ] {
            assert_eq!(prompt_name(prompt), expected, "{prompt:?}");
        }
    }

    #[test]
    fn plain_words_lose_marks_around_words_only() {
        for (text, expected) in [
            ("**Fixed** the form in `main.rs`", "Fixed the form in main.rs"),
            ("## Done\n\nAll `12` pass.", "Done\n\nAll 12 pass."),
            ("#12 is merged", "#12 is merged"),
            ("ls src/**/*.rs tests/**/*.rs", "ls src/**/*.rs tests/**/*.rs"),
            ("2 ** 3 ** 4", "2 ** 3 ** 4"),
            ("a `lonely mark", "a `lonely mark"),
            ("`a` and **", "a and **"),
            ("**é**, `ü`.", "é, ü."),
        ] {
            assert_eq!(plain_words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_are_cut_with_an_ellipsis_and_never_longer_than_asked() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("a b c d", 4, "a b…"),
            ("a\u{0}\r\n\tb", 9, "a b"),
        ] {
            let got = one_line(text, max);
            assert_eq!(got, expected, "{text:?}");
            assert!(got.chars().count() <= max);
        }
    }
}
