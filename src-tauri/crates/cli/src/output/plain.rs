//! Text for a terminal: nothing that a session says may steer it, or be there unseen.

use nightshift_model::visible::{visible_line, visible_lines, visible_text};
use unicode_width::UnicodeWidthChar;

/// With nothing invisible but spaces; lines and tabs stay. What a request says was made visible whole where
/// it was read.
pub fn clean(text: &str) -> String {
    visible_text(text).replace("\r\n", "\n")
}

/// With nothing invisible at all; lines and tabs stay.
pub fn exact(text: &str) -> String {
    visible_lines(text).replace("\r\n", "\n")
}

/// Prose on one line, with nothing invisible. A line's end is a space: nobody decides on it.
pub fn one_line(text: &str) -> String {
    visible_lines(text).replace("\r\n", " ").replace(['\n', '\t'], " ").trim().to_owned()
}

/// What somebody decides on or knows a thing by, on one line: a line's end in it is seen as any other
/// character that is not there to be read.
pub fn exact_line(text: &str) -> String {
    visible_line(&exact(text.trim_ascii())).into_owned()
}

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// Cut to `columns`, with an ellipsis where something is missing.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut taken = 0;
    let room = columns.saturating_sub(1);
    let keep = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken <= room
    };
    let mut cut: String = text.chars().take_while(keep).collect();
    if columns > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_harmless() {
        let hostile = "a\x1b]0;owned\x07b\u{9b}31mc\r\nd\te";
        assert_eq!(clean(hostile), "a‹U+001B›]0;owned‹U+0007›b‹U+009B›31mc\nd\te");
        assert_eq!(one_line(hostile), "a‹U+001B›]0;owned‹U+0007›b‹U+009B›31mc d e");
    }

    #[test]
    fn security_08_a_line_that_somebody_decides_on_shows_where_lines_end() {
        for (text, expected) in [
            ("sleep 9\ntouch P", "sleep 9‹U+000A›touch P"),
            ("a\r\nb\tc\rd", "a‹U+000A›b‹U+0009›c‹U+000D›d"),
            ("\n a\u{202e}\n", "a‹U+202E›"),
            ("日本 \u{2764}\u{fe0f}", "日本 \u{2764}\u{fe0f}"),
        ] {
            assert_eq!(exact_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn security_16_what_is_invisible_is_printed_by_its_number() {
        for (text, expected) in [
            ("a\u{202e}b", "a‹U+202E›b"),
            ("\u{2066}\u{200b}\u{3164}\u{e0041}", "‹U+2066›‹U+200B›‹U+3164›‹U+E0041›"),
            ("a\rb", "a‹U+000D›b"),
            ("日本 \u{2764}\u{fe0f}", "日本 \u{2764}\u{fe0f}"),
        ] {
            assert_eq!(clean(text), expected);
            assert_eq!(one_line(text), expected);
        }
    }

    #[test]
    fn cuts_count_columns_and_not_characters() {
        for (text, columns, expected) in [
            ("short", 10, "short"),
            ("exactly", 7, "exactly"),
            ("too long", 5, "too …"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("x", 0, ""),
        ] {
            assert_eq!(fit(text, columns), expected, "{text} in {columns}");
            assert!(width(&fit(text, columns)) <= columns);
        }
    }
}
