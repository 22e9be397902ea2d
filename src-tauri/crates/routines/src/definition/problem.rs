//! A mistake and its place in the file, and the list in which all mistakes of one file are collected.

use super::limits::PROBLEMS_MAX;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// One mistake. Line and column count from 1 in the whole file; the column counts characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    pub line: usize,
    pub column: usize,
    /// One line: what is wrong and the way out.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl Problem {
    /// At a byte of the file.
    pub(crate) fn at(text: &str, byte: usize, message: &str) -> Problem {
        let mut at = byte.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Problem { line, column, message }
    }
}

/// Where something stands in the front matter: bytes from its beginning.
pub(crate) type Span = Option<Range<usize>>;

/// All mistakes of one file.
pub(crate) struct Report<'t> {
    text: &'t str,
    /// Where the front matter begins in the file.
    front: usize,
    found: RefCell<Vec<(usize, String)>>,
}

impl<'t> Report<'t> {
    pub fn new(text: &'t str, front: usize) -> Report<'t> {
        Report { text, front, found: RefCell::default() }
    }

    /// At a place of the front matter; without one, at its beginning.
    pub fn say(&self, span: &Span, message: impl Into<String>) {
        let at = self.front + span.as_ref().map_or(0, |span| span.start);
        self.say_at(at, message);
    }

    /// At a character within a text value. Inside of escapes and multi-line texts the place is that of the value.
    pub fn say_inside(&self, span: &Span, value: &str, column: usize, message: impl Into<String>) {
        let start = self.front + span.as_ref().map_or(0, |span| span.start);
        let inside = self.text.get(start + 1..).filter(|rest| rest.starts_with(value));
        let bytes = value.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>();
        self.say_at(inside.map_or(start, |_| start + 1 + bytes), message);
    }

    /// At a byte of the file.
    pub fn say_at(&self, byte: usize, message: impl Into<String>) {
        self.found.borrow_mut().push((byte, message.into()));
    }

    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// In the order of the file.
    pub fn problems(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        let more = found.len().saturating_sub(PROBLEMS_MAX);
        found.truncate(PROBLEMS_MAX);
        let mut problems: Vec<Problem> =
            found.iter().map(|(at, message)| Problem::at(self.text, *at, message)).collect();
        if let Some(last) = problems.last_mut().filter(|_| more > 0) {
            last.message.push_str(&format!(" (and {more} more problems)"));
        }
        problems
    }
}
