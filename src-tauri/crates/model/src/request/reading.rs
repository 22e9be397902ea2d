//! Reading the end of a turn honestly (after the protocol's own stop reason said it ended).
//!
//! A marker line comes first, then a closing question, else the words are the result. The reading
//! names what it went by, so that "why this state?" can show it.

use crate::evidence::Source;
use crate::limits::RESULT_MAX_CHARS;
use crate::visible::visible_speech;

/// What the agent's last message says about its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Result { text: String, source: Source },
    Question { text: String, source: Source },
    Failure { text: String },
}

/// The marker lines an agent may end with.
const MARKERS: [(&str, Marker); 3] =
    [("result:", Marker::Result), ("needs input:", Marker::Question), ("failed:", Marker::Failure)];

#[derive(Clone, Copy)]
enum Marker {
    Result,
    Question,
    Failure,
}

/// Reads the agent's last message of a turn that it ended by itself.
pub fn read(last_text: &str) -> Reading {
    let text = last_text.trim();
    let last_line = text.lines().next_back().unwrap_or_default().trim();
    if let Some((marker, value)) = marker(last_line) {
        let value = bounded(value);
        return match marker {
            Marker::Result => Reading::Result { text: value, source: Source::Marker },
            Marker::Question => Reading::Question { text: value, source: Source::Marker },
            Marker::Failure => Reading::Failure { text: value },
        };
    }
    if is_question(last_line) {
        let question = text.rsplit("\n\n").next().unwrap_or(last_line).trim();
        return Reading::Question { text: bounded(question), source: Source::ClosingQuestion };
    }
    Reading::Result { text: bounded(text), source: Source::Protocol }
}

/// `text` as it is shown: a closing marker line without its marker. None when it has none.
pub fn without_marker(text: &str) -> Option<String> {
    let trimmed = text.trim_end();
    let start = trimmed.rfind('\n').map_or(0, |at| at + 1);
    let (_, value) = marker(trimmed[start..].trim())?;
    Some(match trimmed[..start].trim_end() {
        "" => value.to_owned(),
        before => format!("{before}\n\n{value}"),
    })
}

fn marker(line: &str) -> Option<(Marker, &str)> {
    let bare = line.trim_start_matches(EMPHASIS);
    let opened = line[..line.len() - bare.len()].trim();
    MARKERS.iter().find_map(|(word, marker)| {
        let head = bare.get(..word.len())?;
        let value = unwrapped(bare[word.len()..].trim(), opened);
        (head.eq_ignore_ascii_case(word) && !value.is_empty()).then_some((*marker, value))
    })
}

/// What agents put around a marker or around its whole line.
const EMPHASIS: [char; 4] = ['*', '`', '_', ' '];

/// `value` without the end of what was `opened` before its marker: `**Result:** done` closes at once,
/// `**Result: done**` at the end. Emphasis that is the value's own stays.
fn unwrapped<'a>(value: &'a str, opened: &str) -> &'a str {
    if opened.is_empty() {
        return value;
    }
    let closing: String = opened.chars().rev().collect();
    let inner = value.strip_prefix(&*closing).or_else(|| value.strip_suffix(&*closing));
    inner.unwrap_or(value).trim()
}

/// A line that ends in a question mark, whatever emphasis or quotes close it.
fn is_question(line: &str) -> bool {
    let bare = line.trim_end_matches(['*', '_', ')', '"', '\'', '”', '’', '`', ' ']);
    bare.ends_with(['?', '？']) && !line.starts_with(['>', '#', '|'])
}

fn bounded(text: &str) -> String {
    let text = &*visible_speech(text);
    match text.char_indices().nth(RESULT_MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_end_is_read_by_marker_then_question_then_words() {
        let result = |text: &str, source| Reading::Result { text: text.into(), source };
        let question = |text: &str, source| Reading::Question { text: text.into(), source };
        for (text, expected) in [
            ("All 12 tests pass.", result("All 12 tests pass.", Source::Protocol)),
            ("Work.\nresult: 3 files changed", result("3 files changed", Source::Marker)),
            ("Work.\n**Result:** done", result("done", Source::Marker)),
            ("_**Result: a `b`**_", result("a `b`", Source::Marker)),
            ("result: **Fixed** `a.rs`", result("**Fixed** `a.rs`", Source::Marker)),
            ("**Result:** **Fixed** `a`", result("**Fixed** `a`", Source::Marker)),
            ("result: `a`", result("`a`", Source::Marker)),
            ("Needs input: which port?", question("which port?", Source::Marker)),
            ("x\nfailed: no network", Reading::Failure { text: "no network".into() }),
            ("Did a.\n\nShall I\npush it?", question("Shall I\npush it?", Source::ClosingQuestion)),
            ("Really *done?*", question("Really *done?*", Source::ClosingQuestion)),
            ("result: early\nthen more", result("result: early\nthen more", Source::Protocol)),
            ("What is it? A test.", result("What is it? A test.", Source::Protocol)),
            ("", result("", Source::Protocol)),
            ("result:", result("result:", Source::Protocol)),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_marker_is_taken_out_of_what_is_shown() {
        for (text, expected) in [
            ("a\nb\nresult: c", Some("a\nb\n\nc")),
            ("result: c", Some("c")),
            ("a\nb", None),
            ("é\nfailed: ü\n", Some("é\n\nü")),
        ] {
            assert_eq!(without_marker(text).as_deref(), expected, "{text:?}");
        }
    }
}
