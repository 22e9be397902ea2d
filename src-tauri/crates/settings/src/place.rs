//! Where in the file something stands.

use std::fmt;
use std::ops::Range;
use toml_edit::{Document, TableLike};

/// Something to say about one place of the file. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl Remark {
    pub(crate) fn of_error(text: &str, error: &toml_edit::de::Error) -> Remark {
        Remark::at_span(text, error.span(), error.message())
    }

    pub(crate) fn at_span(text: &str, span: Option<Range<usize>>, message: &str) -> Remark {
        let at = span.map_or(0, |span| span.start).min(text.len());
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        // Messages may go over several lines; a remark is one.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Remark { line, column, message }
    }

    /// About the key that `path` (`a.b.c`) leads to, or the nearest one that is there.
    pub(crate) fn of_key<S>(
        text: &str,
        document: &Document<S>,
        path: &str,
        message: &str,
    ) -> Remark {
        Remark::of_path(text, document, &path.split('.').collect::<Vec<_>>(), message)
    }

    /// As `of_key`, with names that may hold a dot themselves.
    pub(crate) fn of_path<S>(
        text: &str,
        document: &Document<S>,
        path: &[&str],
        message: &str,
    ) -> Remark {
        let mut table: Option<&dyn TableLike> = Some(document.as_table());
        let mut span = None;
        for name in path {
            let Some((key, item)) = table.and_then(|t| t.get_key_value(name)) else { break };
            span = key.span().or(span);
            table = item.as_table_like();
        }
        Remark::at_span(text, span, message)
    }
}
