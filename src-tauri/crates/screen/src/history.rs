//! Scrollback as text: rows that left the screen, with their colours, a tenth of what cells take.
//!
//! Promise: bounded in rows and in bytes; the oldest rows go first.
//! Must not know: how rows are painted, who looks at them.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use vt100::Screen;
use vt100::capture::{BasicFormattedCaptureRange, BasicFormattedCaptureState, RowContents};

/// Rows kept: what a person scrolls back to. The journal has the rest.
pub(crate) const ROWS_MAX: usize = 2_000;
/// Bytes kept, whatever the rows: keeps a snapshot well under a viewer's window.
const BYTES_MAX: usize = 384 * 1024;

/// One buffer for all rows: thousands of small strings between the parser's own rows would leave the
/// heap full of holes.
#[derive(Default)]
pub(crate) struct History {
    /// Text and colours of all rows; each begins and ends with default colours.
    text: VecDeque<u8>,
    rows: VecDeque<Row>,
    /// State after the newest row: knows whether that row goes on in the next one.
    newest: Option<BasicFormattedCaptureState>,
    /// Written into by turns.
    scratch: String,
}

#[derive(Clone, Copy)]
struct Row {
    len: usize,
    /// The line goes on in the next row.
    wrapped: bool,
}

impl History {
    pub fn push(&mut self, row: &RowContents<'_>) {
        if let Some(mut state) = self.newest.take() {
            self.settle_by(|probe| row.write_formatted_basic(probe, &mut state));
        }
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        let mut state = BasicFormattedCaptureState::new();
        // Writing to a string cannot fail.
        row.write_formatted_basic(&mut text, &mut state).ok();
        if text.contains('\x1b') {
            text.push_str("\x1b[m");
        }
        self.newest = Some(state);
        self.text.extend(text.as_bytes());
        self.rows.push_back(Row { len: text.len(), wrapped: false });
        self.scratch = text;
        while self.rows.len() > ROWS_MAX || self.text.len() > BYTES_MAX {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.text.drain(..oldest.len);
        }
    }

    /// Finds out whether the newest row goes on in what `screen` still keeps.
    pub fn settle(&mut self, screen: &Screen) {
        if let Some(mut state) = self.newest.clone() {
            let range = BasicFormattedCaptureRange::Full(&mut state);
            self.settle_by(|probe| screen.write_contents_formatted_basic(probe, range));
        }
    }

    /// Whether a row wraps is told only when its successor is written: it then gets no newline.
    fn settle_by(&mut self, write: impl FnOnce(&mut NewlineProbe) -> fmt::Result) {
        let mut probe = NewlineProbe { newline: false };
        // The probe stops the writing after its first piece: an error is what it is there for.
        write(&mut probe).ok();
        if let Some(newest) = self.rows.back_mut() {
            newest.wrapped = !probe.newline;
        }
    }

    /// Text of each row, and whether its line goes on in the next one.
    pub fn rows(&mut self) -> impl Iterator<Item = (&str, bool)> {
        let mut rest: &[u8] = self.text.make_contiguous();
        self.rows.iter().map(move |row| {
            let (text, after) = rest.split_at(row.len);
            rest = after;
            // Each row was a string when it came in.
            (std::str::from_utf8(text).unwrap_or_default(), row.wrapped)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Notes whether the first thing written is a newline, and refuses to hear more.
struct NewlineProbe {
    newline: bool,
}

impl Write for NewlineProbe {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.newline = text.starts_with('\n');
        Err(fmt::Error)
    }
}
