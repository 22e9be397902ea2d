//! Control functions that the VT parser does not know or takes differently than the window's terminal
//! does, said in those that it knows.
//!
//! After ECMA-48, the VT510 manual and xterm's list of control sequences. What cells cannot hold stays
//! lost: blinking, hidden, struck out and overlined text, kinds and colours of underlines, links.

use super::Screen;
use super::sequence::Care;
use super::sgr;
use super::watch::{REVERSE_WRAPAROUND, Watch};
use std::collections::BTreeSet;
use std::fmt::Write;
use vt100::Color;

/// Ends whatever sequence the parser is in.
const CANCEL: &str = "\x18";
/// Gives a row the background's colour.
const ERASE_ROW: &str = "\x1b[2K";
/// Columns between tab stops that nobody has set.
const TAB_COLUMNS: u16 = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// `CSI 3 J`: the scrollback is to be forgotten.
    ForgetScrollback,
    /// `ESC c`: everything.
    ForgetAll,
    /// Modes may have changed; the origin's, if it is among them.
    Modes {
        origin: Option<bool>,
    },
    /// The parser would do something where there is nothing to do.
    Nothing,
    /// A character comes that is inserted, or that may not wrap.
    Character,
    Backspace,
    /// One that may return too (LNM) and leaves a row in the colour of the background.
    LineFeed,
    ReverseIndex,
    Tab,
    SetTab,
    /// Of the cursor's column, or of all.
    ClearTabs(u16),
    Tabs(u16),
    TabsBack(u16),
    Index,
    NextLine,
    /// To the right (HPR).
    Right(u16),
    Left(u16),
    /// Up or down, by what the parser knows too.
    Vertical(u16, char),
    /// The cursor was saved or restored by the parser; its character sets are ours.
    Saved,
    Restored,
    Save,
    Restore,
    Region(u16, u16),
    Alternate {
        mode: u16,
        on: bool,
    },
    Align,
    SoftReset,
    ScrollLeft(u16),
    ScrollRight(u16),
    InsertColumns(u16),
    DeleteColumns(u16),
    /// Colours in a way of writing that the parser does not read.
    Look(String),
    /// The background's colour was set, or everything reset.
    Background {
        resets: bool,
    },
    /// Rows or columns are moved, and what becomes free wears the background.
    InColour(u16, char),
}

impl Gap {
    pub fn of_csi(parameters: &[u8], last: u8) -> Option<Gap> {
        let text = std::str::from_utf8(parameters).ok()?;
        let (numbers, before, between) = parts(text);
        let value = |n: usize| numbers.get(n).copied().unwrap_or(0);
        let count = value(0).max(1);
        Some(match (before, between, last) {
            ("", "", b'J') if value(0) == 3 => Gap::ForgetScrollback,
            ("", "", b'r') => Gap::Region(value(0).max(1), value(1)),
            ("", "", b'a') => Gap::Right(count),
            ("", "", b'A' | b'B') => Gap::Vertical(count, char::from(last)),
            ("", "", b'e') => Gap::Vertical(count, 'B'),
            ("", "", b'd') => Gap::Vertical(count, 'd'),
            ("", "", b'S' | b'T' | b'L' | b'M' | b'@' | b'P') => {
                Gap::InColour(count, char::from(last))
            }
            ("", "", b'D') => Gap::Left(count),
            ("", "", b'I') => Gap::Tabs(count),
            ("", "", b'Z') => Gap::TabsBack(count),
            ("", "", b'g') => Gap::ClearTabs(value(0)),
            ("", "", b's') if numbers.is_empty() => Gap::Save,
            ("", "", b'u') if numbers.is_empty() => Gap::Restore,
            ("", "", b'm') => match (sgr::plainly(text), sgr::background(text)) {
                (Some(plainly), _) => Gap::Look(plainly),
                (None, background) => Gap::Background { resets: background? },
            },
            ("", " ", b'@') => Gap::ScrollLeft(count),
            ("", " ", b'A') => Gap::ScrollRight(count),
            ("", "'", b'}') => Gap::InsertColumns(count),
            ("", "'", b'~') => Gap::DeleteColumns(count),
            ("", "!", b'p') => Gap::SoftReset,
            ("?", "", b'h' | b'l') => match (numbers.as_slice(), last == b'h') {
                (&[mode @ (47 | 1047 | 1049)], on) => Gap::Alternate { mode, on },
                ([1048], true) => Gap::Save,
                ([1048], false) => Gap::Restore,
                (modes, on) => Gap::Modes { origin: modes.contains(&6).then_some(on) },
            },
            ("", "", b'h' | b'l') => Gap::Modes { origin: None },
            _ => return None,
        })
    }

    /// The parser takes the sequence too, first.
    pub fn comes_after(&self) -> bool {
        matches!(self, Gap::ForgetScrollback | Gap::Modes { .. } | Gap::Background { .. })
    }
}

/// The numbers of a sequence, what stands before them and what between them and the last byte.
fn parts(text: &str) -> (Vec<u16>, &str, &str) {
    let numbers_at = text.find(|c: char| !('<'..='?').contains(&c)).unwrap_or(text.len());
    let (before, rest) = text.split_at(numbers_at);
    let end = rest.find(|c: char| (' '..='/').contains(&c)).unwrap_or(rest.len());
    let (numbers, between) = rest.split_at(end);
    if numbers.is_empty() {
        return (Vec::new(), before, between);
    }
    let number = |part: &str| part.bytes().filter(u8::is_ascii_digit).fold(0, tenfold);
    (numbers.split(';').map(number).collect(), before, between)
}

fn tenfold(value: u16, digit: u8) -> u16 {
    value.saturating_mul(10).saturating_add(u16::from(digit - b'0'))
}

/// Tab stops that were set or cleared; none while they are every eight columns.
#[derive(Debug, Default)]
pub(crate) struct Tabs(Option<BTreeSet<u16>>);

impl Tabs {
    /// From the next column on, at most the last one.
    fn next(&self, col: u16, cols: u16) -> u16 {
        let next = match &self.0 {
            None => (col / TAB_COLUMNS + 1) * TAB_COLUMNS,
            Some(stops) => stops.range(col + 1..).next().copied().unwrap_or(cols),
        };
        next.min(cols - 1)
    }

    fn before(&self, col: u16) -> u16 {
        match &self.0 {
            None => col.saturating_sub(1) / TAB_COLUMNS * TAB_COLUMNS,
            Some(stops) => stops.range(..col).next_back().copied().unwrap_or(0),
        }
    }

    fn stops(&mut self, cols: u16) -> &mut BTreeSet<u16> {
        self.0.get_or_insert_with(|| (0..cols).step_by(usize::from(TAB_COLUMNS)).collect())
    }
}

impl Screen {
    /// Tells the parser what it would not have understood.
    pub(crate) fn bridge(&mut self, gap: Gap) {
        let said = self.in_other_words(gap);
        self.parser.process(said.as_bytes());
        let (screen, watch) = (self.parser.screen(), self.parser.callbacks());
        self.sequences.be_careful(Care {
            characters: watch.insert || watch.no_autowrap,
            lines: watch.line_feed_returns || screen.bgcolor() != Color::Default,
        });
    }

    fn in_other_words(&mut self, gap: Gap) -> String {
        let (cols, rows) = self.size();
        let (row, at) = self.parser.screen().cursor_position();
        // Behind the last column the next character wraps; for everything else that is the last one.
        let col = at.min(cols - 1);
        match gap {
            Gap::ForgetAll | Gap::ForgetScrollback | Gap::Background { .. } | Gap::Modes { .. } => {
                self.learn(&gap);
                String::new()
            }
            Gap::Nothing => CANCEL.to_owned(),
            Gap::Character => self.before_character(at, cols),
            Gap::Backspace => self.backspace(row, at, cols),
            Gap::LineFeed => self.line_feed("", row),
            Gap::Tab | Gap::Tabs(_) | Gap::TabsBack(_) | Gap::SetTab | Gap::ClearTabs(_) => {
                self.tab(&gap, at, cols)
            }
            Gap::Index => format!("{CANCEL}{}", self.line_feed("", row)),
            Gap::NextLine => format!("{CANCEL}{}", self.line_feed("\r", row)),
            Gap::ReverseIndex => {
                let (first, _) = self.margins();
                format!("{CANCEL}\x1bM{}", if row + 1 == first { ERASE_ROW } else { "" })
            }
            Gap::Right(count) => format!("{CANCEL}\x1b[{count}C"),
            Gap::Vertical(count, last) => {
                let from = if at >= cols { column(col) } else { CANCEL.to_owned() };
                format!("{from}\x1b[{count}{last}")
            }
            Gap::InColour(count, last) => self.in_colour(count, last, (row, col)),
            Gap::Left(count) => format!("{CANCEL}\x1b[{}G", col.saturating_sub(count) + 1),
            Gap::Save | Gap::Saved => {
                self.sequences.save();
                if gap == Gap::Save { "\x18\x1b7" } else { "" }.to_owned()
            }
            Gap::Restore | Gap::Restored => {
                self.sequences.restore();
                if gap == Gap::Restore {
                    self.parser.process(b"\x18\x1b8");
                }
                // What comes next does not wrap, wherever it was saved.
                let (_, at) = self.parser.screen().cursor_position();
                if at >= cols { column(cols - 1) } else { String::new() }
            }
            Gap::Region(first, last) => self.region(first, last, rows),
            Gap::Alternate { mode, on } => self.switch(mode, on, (row, at)),
            Gap::Align => self.align(cols, rows),
            Gap::SoftReset => {
                self.sequences.reset();
                self.sequences.set_region(None);
                let reset = "\x1b[?6l\x1b[r\x1b[4l\x1b[?1l\x1b>\x1b[?25h\x1b[m";
                format!("{CANCEL}{reset}{}", self.place(row, col))
            }
            Gap::ScrollLeft(count) => self.each_row((row, col), 0, count, 'P'),
            Gap::ScrollRight(count) => self.each_row((row, col), 0, count, '@'),
            Gap::InsertColumns(count) => self.each_row((row, col), col, count, '@'),
            Gap::DeleteColumns(count) => self.each_row((row, col), col, count, 'P'),
            Gap::Look(plainly) => format!("{CANCEL}\x1b[{plainly}m"),
        }
    }

    /// What the parser has done already, and what else follows from it.
    fn learn(&mut self, gap: &Gap) {
        match gap {
            Gap::ForgetAll => {
                *self.parser.callbacks_mut() = Watch::default();
                self.tabs = Tabs::default();
            }
            Gap::ForgetScrollback => {
                self.parser.callbacks_mut().history = super::History::default();
            }
            Gap::Modes { origin } => {
                if let Some(origin) = origin {
                    self.sequences.set_origin(*origin);
                }
                // Among other modes, so that it was not ours to switch.
                self.sequences.show(self.alternate(), true);
            }
            _ => {}
        }
    }

    /// Behind the last column there is no stop to go to.
    fn tab(&mut self, gap: &Gap, at: u16, cols: u16) -> String {
        let col = at.min(cols - 1);
        match gap {
            Gap::Tab | Gap::Tabs(_) | Gap::TabsBack(_) if at >= cols => {}
            Gap::Tab => return column(self.tabs.next(col, cols)),
            Gap::Tabs(count) => {
                let to = (0..(*count).min(cols)).fold(col, |col, _| self.tabs.next(col, cols));
                return column(to);
            }
            Gap::TabsBack(count) => {
                return column((0..(*count).min(cols)).fold(col, |col, _| self.tabs.before(col)));
            }
            Gap::ClearTabs(0) => drop(self.tabs.stops(cols).remove(&col)),
            Gap::ClearTabs(3) => self.tabs.stops(cols).clear(),
            Gap::SetTab => drop(self.tabs.stops(cols).insert(col)),
            _ => {}
        }
        CANCEL.to_owned()
    }

    /// From behind the last column over two cells, since the cursor only seems to be there; with reverse
    /// wraparound into the row that this one goes on.
    fn backspace(&self, row: u16, at: u16, cols: u16) -> String {
        let wraps = self.parser.callbacks().modes.contains(&REVERSE_WRAPAROUND);
        let above = row.checked_sub(1).filter(|above| self.parser.screen().row_wrapped(*above));
        match (wraps, at, above) {
            (true, 0, Some(above)) => self.place(above, cols - 1),
            (false, at, _) if at >= cols => "\x08\x08".to_owned(),
            _ => "\x08".to_owned(),
        }
    }

    /// A character that may not wrap goes to the last column; one that is inserted needs room.
    fn before_character(&self, at: u16, cols: u16) -> String {
        let watch = self.parser.callbacks();
        match (at >= cols, watch.no_autowrap, watch.insert) {
            (true, true, _) => column(cols - 1),
            (false, _, true) => "\x1b[@".to_owned(),
            _ => String::new(),
        }
    }

    /// One that is upside down changes nothing; any other one brings the cursor home.
    fn region(&mut self, first: u16, last: u16, rows: u16) -> String {
        let last = if last == 0 { rows } else { last.min(rows) };
        if first >= last {
            return CANCEL.to_owned();
        }
        let whole = (first, last) == (1, rows);
        self.sequences.set_region((!whole).then_some((first, last)));
        format!("{CANCEL}\x1b[{first};{last}r\x1b[H")
    }

    /// Both screens share one cursor.
    fn switch(&mut self, mode: u16, on: bool, (row, col): (u16, u16)) -> String {
        if on == self.alternate() {
            return CANCEL.to_owned();
        }
        if on && mode == 1049 {
            self.sequences.save();
        }
        self.sequences.show(on, mode == 1049);
        match (mode, on) {
            (1049, true) => format!("{CANCEL}\x1b[?1049h{}", self.again(row, col)),
            (1049, false) => {
                self.sequences.restore();
                format!("{CANCEL}\x1b[?1049l")
            }
            (1047, false) => format!("{CANCEL}\x1b[2J\x1b[?47l{}", self.again(row, col)),
            (_, on) => {
                let last = if on { 'h' } else { 'l' };
                format!("{CANCEL}\x1b[?47{last}{}", self.again(row, col))
            }
        }
    }

    /// The screen full of E, for whoever adjusts a tube.
    fn align(&mut self, cols: u16, rows: u16) -> String {
        self.sequences.set_region(None);
        self.sequences.set_origin(false);
        let mut out = format!("{CANCEL}\x1b[?6l\x1b[r");
        let letters = "E".repeat(usize::from(cols));
        for row in 1..=rows {
            // Writing into a string cannot fail.
            write!(out, "\x1b[{row};1H{letters}").ok();
        }
        out.push_str("\x1b[H");
        out
    }

    /// Inserts or deletes cells at one column of every row within the margins, and comes back.
    fn each_row(&self, (row, col): (u16, u16), at: u16, count: u16, last: char) -> String {
        let (first, end) = self.margins();
        let lines = (first..=end).map(|line| {
            let there = self.place(line - 1, at);
            format!("{there}{}", self.in_colour(count, last, (line - 1, at)))
        });
        format!("{CANCEL}{}{}", lines.collect::<String>(), self.place(row, col))
    }

    /// Moves rows or cells as the parser does, and gives what became free the background's colour; rows
    /// that are scrolled down (SD) leave plain ones in the window's terminal.
    fn in_colour(&self, count: u16, last: char, (row, col): (u16, u16)) -> String {
        let (cols, _) = self.size();
        let (first, end) = self.margins();
        let inside = (first..=end).contains(&(row + 1));
        let moved = format!("{CANCEL}\x1b[{count}{last}");
        let (freed, rows) = match last {
            '@' => (format!("\x1b[{count}X"), 0..0),
            'P' => {
                let from = cols.saturating_sub(count).max(col);
                (format!("{}\x1b[K", self.place(row, from)), 0..0)
            }
            'S' => (String::new(), end.saturating_sub(count).max(first - 1)..end),
            'L' if inside => (String::new(), row..row.saturating_add(count).min(end)),
            'M' if inside => (String::new(), end.saturating_sub(count).max(row)..end),
            _ => (String::new(), 0..0),
        };
        let erased = rows.map(|line| format!("{}{ERASE_ROW}", self.place(line, 0)));
        // Rows that are inserted or deleted bring the cursor to the first column.
        let back = if matches!(last, 'L' | 'M') && inside { 0 } else { col };
        format!("{moved}{freed}{}{}", erased.collect::<String>(), self.place(row, back))
    }

    /// A line feed, and what it leaves behind at the bottom margin.
    fn line_feed(&self, before: &str, row: u16) -> String {
        let (_, last) = self.margins();
        let watch = self.parser.callbacks();
        let returns = if watch.line_feed_returns { "\r" } else { before };
        format!("{returns}\n{}", if row + 1 == last { ERASE_ROW } else { "" })
    }

    /// First and last row that scroll, from 1.
    fn margins(&self) -> (u16, u16) {
        let (_, rows) = self.size();
        self.sequences.region().unwrap_or((1, rows))
    }

    /// The cursor and its origin, on a screen that has had others.
    fn again(&self, row: u16, col: u16) -> String {
        let origin = if self.sequences.origin() { 'h' } else { 'l' };
        format!("\x1b[?6{origin}{}", self.place(row, col))
    }

    /// Puts the cursor at a cell, counted from 0, whatever the origin.
    pub(crate) fn place(&self, row: u16, col: u16) -> String {
        let top = self
            .sequences
            .region()
            .filter(|_| self.sequences.origin())
            .map_or(1, |(first, _)| first);
        format!("\x1b[{};{}H", (row + 2).saturating_sub(top).max(1), col + 1)
    }
}

fn column(col: u16) -> String {
    format!("{CANCEL}\x1b[{}G", col + 1)
}
