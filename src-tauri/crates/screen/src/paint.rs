//! Painting the screen: bytes that make a terminal that was just reset show exactly this screen.
//!
//! Promise: scrollback, contents, cursor, colours and modes; nothing that makes a terminal answer.
//! Must not know: who is painted for.

use super::Screen;
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
        out.push_str(&screen.contents_formatted());
        if let Some((first, last)) = self.charset.region() {
            // Setting a region moves the cursor home, so it is placed once more.
            match last {
                0 => write(&mut out, format_args!("\x1b[{first}r")),
                _ => write(&mut out, format_args!("\x1b[{first};{last}r")),
            }
            // A cursor that waits behind the last column is placed by drawing that cell again, and
            // vt100 takes the current colours to be plain while it does.
            out.push_str("\x1b[m");
            out.push_str(&screen.cursor_state_formatted());
            out.push_str(&screen.attributes_formatted());
        }
        out.push_str(&screen.input_mode_formatted());
        let watch = self.parser.callbacks();
        for mode in &watch.modes {
            write(&mut out, format_args!("\x1b[?{mode}h"));
        }
        if watch.no_autowrap {
            out.push_str("\x1b[?7l");
        }
        if watch.insert {
            out.push_str("\x1b[4h");
        }
        if self.charset.in_graphics() {
            out.push_str("\x1b(0");
        }
        if !watch.title.is_empty() {
            write(&mut out, format_args!("\x1b]2;{}\x07", watch.title));
        }
        out.into_bytes()
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
