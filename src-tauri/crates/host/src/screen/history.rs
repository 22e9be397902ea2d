//! Scrollback as text: rows that left the screen, with their colours, a tenth of what cells take.
//!
//! Promise: bounded in rows and in bytes; the oldest rows go first.
//! Must not know: how rows are painted, who looks at them.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use vt100::Screen;
use vt100::capture::{BasicFormattedCaptureRange, BasicFormattedCaptureState, RowContents};

/// Rows kept: what a person scrolls back to. The journal has the rest.
pub(super) const ROWS_MAX: usize = 2_000;
/// Bytes kept, whatever the rows: keeps a snapshot well under a viewer's window.
const BYTES_MAX: usize = 384 * 1024;

#[derive(Default)]
pub(super) struct History {
    rows: VecDeque<HistoryRow>,
    bytes: usize,
    /// State after the newest row: knows whether that row goes on in the next one.
    newest: Option<BasicFormattedCaptureState>,
}

pub(super) struct HistoryRow {
    /// Text and colours; begins and ends with default colours.
    pub text: Box<str>,
    /// The line goes on in the next row.
    pub wrapped: bool,
}

impl History {
    pub fn push(&mut self, row: &RowContents<'_>) {
        if let Some(mut state) = self.newest.take() {
            self.settle_by(|probe| row.write_formatted_basic(probe, &mut state));
        }
        let mut text = String::new();
        let mut state = BasicFormattedCaptureState::new();
        // Writing to a string cannot fail.
        row.write_formatted_basic(&mut text, &mut state).ok();
        if text.contains('\x1b') {
            text.push_str("\x1b[m");
        }
        self.newest = Some(state);
        self.bytes += text.len();
        self.rows.push_back(HistoryRow { text: text.into_boxed_str(), wrapped: false });
        while self.rows.len() > ROWS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.rows.pop_front() else { break };
            self.bytes -= oldest.text.len();
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

    pub fn rows(&self) -> impl Iterator<Item = &HistoryRow> {
        self.rows.iter()
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
