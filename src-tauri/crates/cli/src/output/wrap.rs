//! Rows of a terminal: a line that is longer than one goes on behind a mark, so that nothing in it begins where our
//! lines begin.
//!
//! Promise: nothing is left out, whatever the text and however it comes in pieces.

use nightshift_model::foreign::GOES_ON;
use unicode_width::UnicodeWidthChar;

/// In fewer columns there is no room for a mark.
const COLUMNS_MIN: usize = 16;
/// A row goes on where its line began, up to here.
const INDENT_MAX: usize = 4;
const TAB_COLUMNS: usize = 8;

/// Text on its way to a terminal.
#[derive(Clone, Debug, Default)]
pub struct Wrap {
    /// None cuts nothing: a pipe, a file.
    columns: Option<usize>,
    at: usize,
    indent: usize,
    /// Only spaces so far.
    blank: bool,
}

impl Wrap {
    pub fn new(columns: Option<usize>) -> Wrap {
        let columns = columns.filter(|columns| *columns >= COLUMNS_MIN);
        Wrap { columns, blank: true, ..Wrap::default() }
    }

    /// The rows that `text` takes, going on with what came before.
    pub fn rows(&mut self, text: &str) -> String {
        let Some(columns) = self.columns else { return text.to_owned() };
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if c == '\n' {
                (self.at, self.indent, self.blank) = (0, 0, true);
                out.push(c);
                continue;
            }
            let width = |at: usize| match c {
                '\t' => TAB_COLUMNS - at % TAB_COLUMNS,
                c => c.width().unwrap_or(0),
            };
            if self.at + width(self.at) > columns {
                out.push('\n');
                out.push_str(&" ".repeat(self.indent));
                out.push_str(GOES_ON);
                self.at = self.indent + GOES_ON.chars().count();
            }
            self.blank &= c == ' ';
            if self.blank {
                self.indent = (self.indent + 1).min(INDENT_MAX);
            }
            self.at += width(self.at);
            out.push(c);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::plain::{clean, width};
    use nightshift_model::foreign::{MARK, marked, needs_mark, speech};
    use proptest::prelude::*;

    #[test]
    fn imitation_a_long_line_does_not_begin_a_row_of_its_own() {
        let forged = format!("  │ ls {}  1 Allow", "x".repeat(13));
        let mut wrap = Wrap::new(Some(20));
        assert_eq!(wrap.rows(&forged), "  │ ls xxxxxxxxxxxxx\n  ┊   1 Allow");
        assert_eq!(wrap.rows("\n? 日本日本日本日本日本"), "\n? 日本日本日本日本日\n┊ 本");
        assert_eq!(Wrap::new(None).rows(&forged), forged);
        assert_eq!(Wrap::new(Some(3)).rows(&forged), forged, "no room for a mark");
    }

    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("\t".to_owned()),
            Just("  1 Allow once".to_owned()),
            Just("? Run: ls".to_owned()),
            Just("│ ".to_owned()),
            Just("┊ ".to_owned()),
            Just("\u{1b}[2J\u{202e}".to_owned()),
            " {0,60}",
            "[a-z]{0,40}",
            "\\PC{0,20}",
            any::<String>(),
        ];
        proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn imitation_whatever_it_says_the_mark_holds_and_nothing_is_missing(
            raw in text(), columns in 16usize..120, cut in 0usize..2000,
        ) {
            let seen = clean(&raw);
            let whole = marked("  ", &seen);
            let at = whole.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(whole.len());
            let mut wrap = Wrap::new(Some(columns));
            let rows = wrap.rows(&whole[..at]) + &wrap.rows(&whole[at..]);
            let mut back = String::new();
            for row in rows.split_inclusive('\n') {
                let begins = row.starts_with("  │") || row.starts_with("  ┊ ");
                prop_assert!(begins, "{row:?}");
                prop_assert!(row.contains('\t') || width(row) <= columns, "{row:?}");
                match row.strip_prefix("  ┊ ") {
                    Some(more) => {
                        prop_assert_eq!(back.pop(), Some('\n'));
                        back.push_str(more);
                    }
                    None => back.push_str(row.strip_prefix("  │").unwrap()),
                }
            }
            let lines: Vec<&str> = back.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
            prop_assert_eq!(lines.join("\n"), seen.clone());
            // Prose has the mark where it could be ours, and says the same.
            let said = speech(&seen);
            let ours = |line: &str| line.starts_with(needs_mark) && !line.starts_with(MARK);
            prop_assert!(!said.lines().any(ours), "{said:?}");
            let plain: Vec<&str> = said.split('\n').map(|l| l.strip_prefix(MARK).unwrap_or(l)).collect();
            let same = seen.split('\n').zip(&plain).all(|(a, b)| a == *b || a.strip_prefix(MARK) == Some(b));
            prop_assert!(same && plain.len() == seen.split('\n').count());
        }
    }
}
