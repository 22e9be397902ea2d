//! Text for a terminal: nothing that a session says may steer it.

use unicode_width::UnicodeWidthChar;

/// Without control characters; newlines and tabs stay.
pub fn clean(text: &str) -> String {
    text.chars().filter(|&c| !c.is_control() || c == '\n' || c == '\t').collect()
}

/// On one line, without control characters.
pub fn one_line(text: &str) -> String {
    let spaced = text.replace(['\n', '\t', '\r'], " ");
    spaced.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
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
        assert_eq!(clean(hostile), "a]0;ownedb31mc\nd\te");
        assert_eq!(one_line(hostile), "a]0;ownedb31mc  d e");
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
