//! What the VT parser tells beside the screen: title, rows that scroll away, modes and questions.
//!
//! Promise: bounded; the title holds no control characters.
//! Must not know: clients, painting.

use super::history::History;
use super::signs;
use nightshift_protocol::terminal::Sign;
use std::collections::BTreeSet;
use vt100::{Callbacks, Screen};

/// Longest title kept.
const TITLE_MAX_BYTES: usize = 256;
/// Answers wait for one turn only; a child that asks more in one breath is not asking.
const REPLIES_MAX_BYTES: usize = 1024;
/// Signs of one piece of output; a program that tells more in one breath tells nothing.
const SIGNS_MAX: usize = 16;
/// Known to the window's terminal: a program that asks may use it.
const SYNCHRONIZED_OUTPUT: u16 = 2026;
/// Private modes that the parser does not know but a viewer's terminal must be put into: autowrap
/// (on by default), reverse wraparound, focus reports, alternate scroll.
const AUTOWRAP: u16 = 7;
pub(crate) const REVERSE_WRAPAROUND: u16 = 45;
const TRACKED_MODES: [u16; 3] = [REVERSE_WRAPAROUND, 1004, 1007];

#[derive(Default)]
pub(crate) struct Watch {
    pub history: History,
    pub title: String,
    /// Tracked modes that are set.
    pub modes: BTreeSet<u16>,
    pub no_autowrap: bool,
    /// Insert mode (ANSI mode 4).
    pub insert: bool,
    /// A line feed returns too (ANSI mode 20).
    pub line_feed_returns: bool,
    pub replies: Vec<u8>,
    /// What was told beside text; taken after each piece of output.
    pub signs: Vec<Sign>,
}

impl Watch {
    fn reply(&mut self, bytes: &[u8]) {
        if self.replies.len() + bytes.len() <= REPLIES_MAX_BYTES {
            self.replies.extend_from_slice(bytes);
        }
    }

    fn sign(&mut self, sign: Sign) {
        if self.signs.len() < SIGNS_MAX {
            self.signs.push(sign);
        }
    }

    /// Of a private mode, as DECRPM tells it: unknown, set or reset. Programs ask before they use one.
    fn state_of(&self, screen: &Screen, mode: u16) -> u8 {
        let set = match mode {
            1 => screen.application_cursor(),
            AUTOWRAP => !self.no_autowrap,
            25 => !screen.hide_cursor(),
            47 | 1049 => screen.alternate_screen(),
            2004 => screen.bracketed_paste(),
            SYNCHRONIZED_OUTPUT => false,
            mode if TRACKED_MODES.contains(&mode) => self.modes.contains(&mode),
            _ => return 0,
        };
        if set { 1 } else { 2 }
    }

    fn set_private(&mut self, mode: u16, on: bool) {
        if mode == AUTOWRAP {
            self.no_autowrap = !on;
        } else if TRACKED_MODES.contains(&mode) {
            if on {
                self.modes.insert(mode);
            } else {
                self.modes.remove(&mode);
            }
        }
    }
}

impl Callbacks for Watch {
    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        let title = String::from_utf8_lossy(title);
        let mut kept = String::new();
        for c in title.chars().filter(|c| !c.is_control()) {
            if kept.len() + c.len_utf8() > TITLE_MAX_BYTES {
                break;
            }
            kept.push(c);
        }
        self.sign(Sign::Title { text: kept.clone() });
        self.title = kept;
    }

    fn audible_bell(&mut self, _: &mut Screen) {
        self.sign(Sign::Bell);
    }

    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        if let Some(sign) = signs::of_osc(params) {
            self.sign(sign);
        }
    }

    fn on_scroll(&mut self, row: vt100::capture::RowContents<'_>, alternate_screen: bool) {
        if !alternate_screen {
            self.history.push(&row);
        }
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        let param = params.first().and_then(|p| p.first()).copied().unwrap_or(0);
        match (first, second, last) {
            (Some(b'?'), None, 'h' | 'l') => {
                for mode in params.iter().filter_map(|p| p.first()) {
                    self.set_private(*mode, last == 'h');
                }
            }
            (None, None, 'h' | 'l') if param == 4 => self.insert = last == 'h',
            (None, None, 'h' | 'l') if param == 20 => self.line_feed_returns = last == 'h',
            // Device attributes, primary and secondary: what the window's terminal says of itself. A
            // program that asks once must not be told otherwise for having started unseen.
            (None, None, 'c') if param == 0 => self.reply(b"\x1b[?1;2c"),
            (Some(b'>'), None, 'c') if param == 0 => self.reply(b"\x1b[>0;276;0c"),
            (Some(b'?'), Some(b'$'), 'p') => {
                let state = self.state_of(screen, param);
                self.reply(format!("\x1b[?{param};{state}$y").as_bytes());
            }
            (None, None, 'n') if param == 5 => self.reply(b"\x1b[0n"),
            (None, None, 'n') if param == 6 => {
                let (row, col) = screen.cursor_position();
                let (_, cols) = screen.size();
                let col = col.min(cols.get() - 1);
                self.reply(format!("\x1b[{};{}R", row + 1, col + 1).as_bytes());
            }
            _ => {}
        }
    }
}
