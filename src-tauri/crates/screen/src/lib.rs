//! The terminal screen the host keeps, and the bytes that paint it on a fresh terminal.
//!
//! Promise: total over any bytes from the child; memory is bounded by the sizes and limits below,
//! and small until something is printed.
//! Must not know: PTYs, sockets, clients.

mod backlog;
mod gaps;
mod history;
mod paint;
mod sequence;
mod sgr;
mod signs;
mod terminal_filter;
mod watch;

use backlog::{Backlog, Pushed};
use gaps::Tabs;
use history::History;
use nightshift_protocol::terminal::Sign;
use sequence::Sequences;
use std::num::NonZeroU16;
use watch::Watch;

pub use terminal_filter::TerminalFilter;

/// Sizes are clamped to these: a hostile or mistaken size must not take gigabytes, and a painted
/// screen must fit into one frame.
pub const COLS_MAX: u16 = 1024;
pub const ROWS_MAX: u16 = 256;
/// One column cannot hold a wide character.
pub const COLS_MIN: u16 = 2;
/// Rows above the screen that are kept as cells, so that a taller window can show them again. More
/// than a window is likely to grow; the rest of the scrollback is kept as text (`history`).
const CELL_SCROLLBACK_ROWS: usize = 100;
/// Longest line told to watchers; a board row shows less.
const LAST_LINE_MAX_CHARS: usize = 240;

pub struct Screen {
    parser: vt100::Parser<Watch>,
    sequences: Sequences,
    tabs: Tabs,
    /// Plain text that is still to be drawn.
    backlog: Backlog,
}

impl Screen {
    pub fn new(cols: u16, rows: u16) -> Screen {
        let (cols, rows) = clamp(cols, rows);
        let parser =
            vt100::Parser::new_with_callbacks(rows, cols, CELL_SCROLLBACK_ROWS, Watch::default());
        Screen {
            parser,
            sequences: Sequences::default(),
            tabs: Tabs::default(),
            backlog: Backlog::default(),
        }
    }

    /// Takes output of the child. A flood of lines is drawn later, or never.
    pub fn process(&mut self, bytes: &[u8]) {
        if self.backlog.wants(bytes) && self.lines_scroll_away() {
            let (_, rows) = self.size();
            // Everything that can be seen or scrolled back to, and the screen once more: the
            // cursor may be at its top when the text begins.
            let matter = history::ROWS_MAX + CELL_SCROLLBACK_ROWS + 2 * usize::from(rows);
            match self.backlog.push(bytes, matter) {
                Pushed::Taken => return,
                Pushed::Full => return self.catch_up(),
                Pushed::Refused => {}
            }
        }
        self.catch_up();
        self.draw(bytes);
    }

    /// Nothing keeps text from scrolling the whole main screen. What waits cannot change that.
    fn lines_scroll_away(&self) -> bool {
        self.sequences.is_plain()
            && self.sequences.region().is_none()
            && !self.alternate()
            && !self.sequences.is_careful()
    }

    /// Text waits to be drawn.
    pub fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Draws what waits.
    pub fn catch_up(&mut self) {
        if self.is_behind() {
            let bytes = self.backlog.take();
            self.draw(&bytes);
        }
    }

    fn draw(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (translated, taken) = self.sequences.translate(bytes);
            self.parser.process(&translated);
            if let Some(gap) = self.sequences.take_gap() {
                self.bridge(gap);
            }
            bytes = &bytes[taken..];
        }
    }

    /// Changes the size; gives back what it became after clamping.
    pub fn resize(&mut self, cols: u16, rows: u16) -> (u16, u16) {
        self.catch_up();
        let (cols, rows) = clamp(cols, rows);
        self.parser.set_size(rows, cols);
        self.sequences.forget_regions();
        self.size()
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, cols) = self.parser.screen().size();
        (cols.get(), rows.get())
    }

    pub fn alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Shows the main screen again, as a terminal whose program was killed should.
    pub fn leave_alternate(&mut self) {
        if self.alternate() {
            self.process(b"\x1b[?1049l");
        }
    }

    /// Answers to questions the child asked the terminal (where is the cursor, who are you).
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.parser.callbacks_mut().replies)
    }

    /// What the child told beside text since the last look.
    pub fn take_signs(&mut self) -> Vec<Sign> {
        std::mem::take(&mut self.parser.callbacks_mut().signs)
    }

    /// Whether pasted text is to be marked as such.
    pub fn wants_paste_marked(&self) -> bool {
        self.parser.screen().bracketed_paste()
    }

    /// The screen's last line with text, without control characters.
    pub fn last_line(&mut self) -> String {
        self.catch_up();
        let (cols, _) = self.size();
        let screen = self.parser.screen();
        let rows: Vec<String> = screen.rows(0, cols).collect();
        let line = rows.iter().rev().map(|row| row.trim()).find(|row| !row.is_empty());
        line.unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(LAST_LINE_MAX_CHARS)
            .collect()
    }

    /// The text scrollback; its newest row then knows whether it goes on in the cell scrollback.
    fn history(&mut self) -> &mut History {
        let (screen, watch) = self.parser.screen_and_callbacks_mut();
        watch.history.settle(screen);
        &mut watch.history
    }

    #[cfg(test)]
    pub fn vt(&mut self) -> &vt100::Screen {
        self.catch_up();
        self.parser.screen()
    }
}

/// What a size becomes.
fn clamp(cols: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let cols = NonZeroU16::new(cols.clamp(COLS_MIN, COLS_MAX)).unwrap_or(NonZeroU16::MIN);
    let rows = NonZeroU16::new(rows.clamp(1, ROWS_MAX)).unwrap_or(NonZeroU16::MIN);
    (cols, rows)
}

#[cfg(test)]
mod tests;
