//! Painting the screen: bytes that make a terminal that was just reset show exactly this screen.
//!
//! Promise: scrollback, contents, cursor, colours and modes; nothing that makes a terminal answer.
//! Must not know: who is painted for.

use super::Screen;
use super::sequence::Set;
use std::fmt::Write;
use vt100::{Cell, Color};

impl Screen {
    /// On the alternate screen only that one is painted: the main screen cannot be seen now, and
    /// whoever shows this gets another snapshot when the program leaves the alternate screen.
    pub fn snapshot(&mut self) -> Vec<u8> {
        self.catch_up();
        let mut out = String::new();
        if self.alternate() {
            out.push_str("\x1b[?1049h");
        } else {
            self.paint_scrollback(&mut out);
        }
        let screen = self.parser.screen();
        out.push_str(&apart(&screen.contents_formatted()));
        if let Some((first, last)) = self.sequences.region() {
            // Setting a region moves the cursor home, so it is placed once more.
            match last {
                0 => write(&mut out, format_args!("\x1b[{first}r")),
                _ => write(&mut out, format_args!("\x1b[{first};{last}r")),
            }
            // A cursor that waits behind the last column is placed by drawing that cell again, and
            // vt100 takes the current colours to be plain while it does.
            out.push_str("\x1b[m");
            out.push_str(&screen.cursor_state_formatted());
            out.push_str(&apart(&screen.attributes_formatted()));
        }
        if self.sequences.origin() {
            out.push_str("\x1b[?6h");
            self.paint_cursor(&mut out);
        }
        out.push_str(&screen.input_mode_formatted());
        let watch = self.parser.callbacks();
        for mode in &watch.modes {
            write(&mut out, format_args!("\x1b[?{mode}h"));
        }
        if watch.no_autowrap {
            out.push_str("\x1b[?7l");
        }
        if watch.line_feed_returns {
            out.push_str("\x1b[20h");
        }
        if watch.insert {
            out.push_str("\x1b[4h");
        }
        match self.sequences.set() {
            Set::Ascii => {}
            Set::Graphics => out.push_str("\x1b(0"),
            Set::British => out.push_str("\x1b(A"),
        }
        if !watch.title.is_empty() {
            write(&mut out, format_args!("\x1b]2;{}\x07", watch.title));
        }
        out.into_bytes()
    }

    /// Places the cursor, whatever the origin; behind the last column by drawing that cell again.
    fn paint_cursor(&self, out: &mut String) {
        let screen = self.parser.screen();
        let (row, col) = screen.cursor_position();
        let (_, cols) = screen.size();
        let Some(last) = col.checked_sub(1).filter(|_| col >= cols.get()) else {
            out.push_str(&self.place(row, col));
            return;
        };
        let covered = screen.cell(row, last).is_some_and(Cell::is_wide_continuation);
        let begins = if covered { last.saturating_sub(1) } else { last };
        out.push_str(&self.place(row, begins));
        if let Some(cell) = screen.cell(row, begins) {
            Look::of(cell).paint(out);
            out.push_str(if cell.has_contents() { cell.contents() } else { " " });
        }
        out.push_str("\x1b[m");
        out.push_str(&apart(&screen.attributes_formatted()));
    }

    /// Writes the rows above the screen and then pushes them all out of sight.
    fn paint_scrollback(&mut self, out: &mut String) {
        for (text, wrapped) in self.history().rows() {
            out.push_str(text);
            if !wrapped {
                out.push_str("\r\n");
            }
        }
        let kept = self.paint_cell_scrollback(out);
        if kept == 0 && self.history().is_empty() {
            return;
        }
        out.push_str("\r\n");
        let (_, rows) = self.size();
        // The cursor is at most at the last row: from the first row of the screen on, this many
        // line feeds leave nothing of what was written in sight.
        for _ in 1..rows {
            out.push('\n');
        }
    }

    /// The rows that are still kept as cells; how many there are.
    fn paint_cell_scrollback(&mut self, out: &mut String) -> usize {
        let screen = self.parser.screen_mut();
        let shown = screen.scrollback();
        let kept = screen.scrollback_len();
        let (rows, cols) = screen.size();
        for above in (1..=kept).rev() {
            screen.set_scrollback(above);
            let cells = (0..cols.get()).map_while(|col| screen.cell(0, col));
            let wrapped = rows.get() > 0 && screen.row_wrapped(0);
            paint_row(cells, out);
            if !wrapped && above > 1 {
                out.push_str("\r\n");
            }
        }
        screen.set_scrollback(shown);
        kept
    }
}

/// Bold and dim do not go together for vt100, which turns one off by turning the other on; terminals
/// have both.
fn apart(painted: &str) -> String {
    let mut out = String::with_capacity(painted.len());
    let mut pieces = painted.split("\x1b[");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push_str("\x1b[");
        match piece.split_once('m') {
            Some((looks, rest)) if looks.bytes().all(|b| b.is_ascii_digit() || b == b';') => {
                let mut values = looks.split(';');
                let mut said = Vec::new();
                while let Some(value) = values.next() {
                    match value {
                        "1" | "2" => said.extend(["22", value]),
                        "38" | "48" => {
                            let kind = values.next().unwrap_or_default();
                            said.extend([value, kind]);
                            said.extend(values.by_ref().take(if kind == "2" { 3 } else { 1 }));
                        }
                        _ => said.push(value),
                    }
                }
                out.push_str(&said.join(";"));
                out.push('m');
                out.push_str(rest);
            }
            _ => out.push_str(piece),
        }
    }
    out
}

/// Formatting into a string cannot fail.
fn write(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).ok();
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    foreground: Color,
    background: Color,
    /// Bold, dim, italic, underline, inverse.
    flags: [bool; 5],
}

const PLAIN: Look =
    Look { foreground: Color::Default, background: Color::Default, flags: [false; 5] };

impl Look {
    fn of(cell: &Cell) -> Look {
        Look {
            foreground: cell.fgcolor(),
            background: cell.bgcolor(),
            flags: [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()],
        }
    }

    fn paint(self, out: &mut String) {
        out.push_str("\x1b[0");
        for (on, code) in self.flags.iter().zip([1, 2, 3, 4, 7]) {
            if *on {
                write(out, format_args!(";{code}"));
            }
        }
        for (colour, base) in [(self.foreground, 38), (self.background, 48)] {
            match colour {
                Color::Default => {}
                Color::Idx(index) => write(out, format_args!(";{base};5;{index}")),
                Color::Rgb(r, g, b) => write(out, format_args!(";{base};2;{r};{g};{b}")),
            }
        }
        out.push('m');
    }
}

/// One row as text and colours, without trailing empty cells; begins and ends in default colours.
fn paint_row<'a>(cells: impl Iterator<Item = &'a Cell>, out: &mut String) {
    let mut look = PLAIN;
    let mut empty = 0;
    for cell in cells {
        if cell.is_wide_continuation() {
            continue;
        }
        let next = Look::of(cell);
        if !cell.has_contents() && next == PLAIN {
            empty += 1;
            continue;
        }
        if empty > 0 && look != PLAIN {
            out.push_str("\x1b[m");
            look = PLAIN;
        }
        out.extend(std::iter::repeat_n(' ', std::mem::take(&mut empty)));
        if next != look {
            next.paint(out);
            look = next;
        }
        out.push_str(if cell.has_contents() { cell.contents() } else { " " });
    }
    if look != PLAIN {
        out.push_str("\x1b[m");
    }
}
