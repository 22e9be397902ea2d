//! Names and lines as people read them: short, on one line, with nothing invisible.

use crate::limits::{LINE_MAX_CHARS, NAME_MAX_CHARS};
use crate::visible::{Glyph, glyphs, is_hidden};

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

/// `text` on one line, white space folded, cut to `max` characters; what is invisible is shown.
pub fn one_line(text: &str, max: usize) -> String {
    folded(
        text,
        max,
        |glyph| matches!(glyph, Glyph::Plain(c) | Glyph::Hidden(c) if c.is_whitespace()),
    )
}

/// The same of what a person decides on: a space that is not a plain one is another character to whoever
/// reads it, as is a tab, and a new line is another command to a shell, so all of them are shown.
pub fn decision_line(text: &str, max: usize) -> String {
    let text = text.trim_ascii().replace("\r\n", "\n");
    folded(
        &text,
        max,
        |glyph| matches!(glyph, Glyph::Plain(c) if !matches!(c, '\n' | '\t') && c.is_whitespace()),
    )
}

fn folded(text: &str, max: usize, folds: fn(Glyph) -> bool) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for glyph in glyphs(text) {
        if folds(glyph) {
            gap = count > 0;
            continue;
        }
        // On one line its end, and a tab, are as invisible as the rest of the table.
        let glyph = match glyph {
            Glyph::Plain(c @ ('\n' | '\t')) => Glyph::Hidden(c),
            glyph => glyph,
        };
        if count + usize::from(gap) + glyph.chars() > max {
            cut_to(&mut out, max.saturating_sub(1));
            out.push('…');
            return out;
        }
        if gap {
            out.push(' ');
            count += 1;
            gap = false;
        }
        glyph.push_to(&mut out);
        count += glyph.chars();
    }
    out
}

/// At most `max` characters; one that is written by its number stays whole or goes.
fn cut_to(out: &mut String, max: usize) {
    while out.chars().count() > max {
        let number = out.ends_with('›').then(|| out.rfind("‹U+")).flatten();
        match number {
            Some(at) => out.truncate(at),
            None => out.truncate(out.len() - out.chars().next_back().map_or(0, char::len_utf8)),
        }
    }
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
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && !begins_a_name(c));
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

/// Whether a name may begin with this, beside letters and digits; what is invisible is not dropped.
fn begins_a_name(c: char) -> bool {
    matches!(c, '/' | '.' | '~') || (is_hidden(c) && !c.is_whitespace())
}

/// The last paragraph of a text that says something.
pub fn last_paragraph(text: &str) -> &str {
    text.rsplit("\n\n").find(|p| !p.trim().is_empty()).unwrap_or(text)
}

/// At most `max` bytes of `text`, cut at a character.
pub fn clip(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_18_a_space_that_only_looks_like_one_is_shown_where_somebody_decides() {
        let text = "rm\u{a0}-rf\u{2003}a \r\n b";
        assert_eq!(decision_line(text, 100), "rm‹U+00A0›-rf‹U+2003›a ‹U+000A› b");
        assert_eq!(one_line(text, 100), "rm -rf a b");
    }

    #[test]
    fn security_08_a_new_line_is_shown_where_somebody_decides() {
        for (text, expected) in [
            ("sleep 9\ntouch P\n", "sleep 9‹U+000A›touch P"),
            ("ls\n\n\trm", "ls‹U+000A›‹U+000A›‹U+0009›rm"),
            ("ls\rrm", "ls‹U+000D›rm"),
            (" \r\n ls \r\n", "ls"),
            ("ls\t-a b", "ls‹U+0009›-a b"),
        ] {
            assert_eq!(decision_line(text, 100), expected, "{text:?}");
            assert!(decision_line(text, 5).chars().count() <= 5);
        }
    }

    #[test]
    fn names_are_short_and_readable() {
        for (prompt, expected) in [
            ("fix the login test", "fix the login test"),
            ("\n\n  # Fix   it\nplease", "Fix it"),
            ("echo `date` && sleep 1", "echo `date` && sleep 1"),
            ("\u{1b}[31mred\u{7}", "‹U+001B›[31mred‹U+0007›"),
            ("\u{202e}\u{200b}", "‹U+202E›‹U+200B›"),
            (" \r ", "session"),
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
            ("\u{202e}fix it", "‹U+202E›fix it"),
            (" \r ", "session"),
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
            ("a\r\n\tb", 9, "a b"),
            ("a\u{0}b", 9, "a…"),
            ("a\u{0}b", 10, "a‹U+0000›b"),
            ("a\u{202e}b", 8, "a…"),
        ] {
            let got = one_line(text, max);
            assert_eq!(got, expected, "{text:?}");
            assert!(got.chars().count() <= max);
        }
    }
}
