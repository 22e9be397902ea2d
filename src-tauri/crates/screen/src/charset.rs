//! What the VT parser does not know: line-drawing character sets, scroll regions, resets.
//!
//! Promise: total over any bytes and any split of them; bytes that need no translation are passed
//! on untouched.
//! Must not know: the screen's contents.

use std::borrow::Cow;

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// VT100 special graphics for the bytes 0x60 to 0x7e.
const GRAPHICS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
    '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Ground,
    Escape,
    /// After `ESC (` or `ESC )`: the next byte names the set for G0 or G1.
    Designate(usize),
    /// After another intermediate: the next byte that is not one ends the sequence.
    Intermediate,
    Csi,
    /// OSC, DCS, APC, PM or SOS until BEL or ST.
    Text,
    TextEscape,
}

/// The first parameters of a CSI sequence.
#[derive(Clone, Copy, Debug, Default)]
struct Params {
    values: [u16; 2],
    count: usize,
    private: bool,
    /// An intermediate or another private marker: a sequence we do not care about.
    other: bool,
}

/// What the rest of the screen must follow at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forget {
    /// `CSI 3 J`: the scrollback.
    Scrollback,
    /// `ESC c`: everything.
    All,
}

/// A scroll region as DECSTBM gives it: first and last row, from 1.
pub(crate) type Region = (u16, u16);

#[derive(Debug, Default)]
pub(crate) struct Charset {
    at: At,
    params: Params,
    graphics: [bool; 2],
    /// Which of G0 and G1 is in use.
    shifted: usize,
    forget: Option<Forget>,
    alternate: bool,
    /// Of the main and of the alternate screen.
    regions: [Option<Region>; 2],
}

impl Charset {
    /// Follows the bytes; gives them back with line-drawing letters turned into characters. Stops
    /// where something is to be forgotten; the second value says how many bytes were taken.
    pub fn translate<'a>(&mut self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, usize) {
        let special = [ESC, SHIFT_OUT, SHIFT_IN].iter().any(|special| bytes.contains(special));
        if self.is_plain() && !special {
            return (Cow::Borrowed(bytes), bytes.len());
        }
        let mut out: Option<Vec<u8>> = None;
        let mut taken = 0;
        for &byte in bytes {
            match self.follow(byte) {
                Some(drawn) => {
                    let out = out.get_or_insert_with(|| bytes[..taken].to_vec());
                    out.extend_from_slice(drawn.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None => {
                    if let Some(out) = &mut out {
                        out.push(byte);
                    }
                }
            }
            taken += 1;
            if self.forget.is_some() {
                break;
            }
        }
        (out.map_or(Cow::Borrowed(&bytes[..taken]), Cow::Owned), taken)
    }

    /// No sequence is under way and letters are shown as they are.
    pub fn is_plain(&self) -> bool {
        self.at == At::Ground && !self.in_graphics()
    }

    /// What is to be forgotten after the bytes that were last taken.
    pub fn take_forget(&mut self) -> Option<Forget> {
        self.forget.take()
    }

    /// The scroll region of the screen shown now, when it is not the whole screen.
    pub fn region(&self) -> Option<Region> {
        self.regions[usize::from(self.alternate)]
    }

    /// Whether letters are drawn as lines now.
    pub fn in_graphics(&self) -> bool {
        self.graphics[self.shifted]
    }

    /// A new size makes every region the whole screen.
    pub fn forget_regions(&mut self) {
        self.regions = [None; 2];
    }

    /// Moves on by one byte; the character to draw when it is a line-drawing letter.
    fn follow(&mut self, byte: u8) -> Option<char> {
        self.at = match (self.at, byte) {
            // CAN and SUB end any sequence; ESC begins a new one everywhere but in text.
            (At::Text, ESC) => At::TextEscape,
            (_, 0x18 | 0x1a) => At::Ground,
            (At::TextEscape, b'\\') => At::Ground,
            (_, ESC) => At::Escape,
            (At::Text, 0x07) => At::Ground,
            (At::Text, _) => At::Text,
            (At::Escape | At::TextEscape, byte) => self.escape(byte),
            (At::Designate(set), byte) => {
                self.graphics[set] = byte == b'0';
                At::Ground
            }
            (At::Intermediate, 0x20..=0x2f) => At::Intermediate,
            (At::Intermediate, _) => At::Ground,
            (At::Csi, byte) => self.csi(byte),
            (At::Ground, SHIFT_OUT) => {
                self.shifted = 1;
                At::Ground
            }
            (At::Ground, SHIFT_IN) => {
                self.shifted = 0;
                At::Ground
            }
            (At::Ground, byte @ 0x60..=0x7e) if self.graphics[self.shifted] => {
                return Some(GRAPHICS[usize::from(byte - 0x60)]);
            }
            (At::Ground, _) => At::Ground,
        };
        None
    }

    fn escape(&mut self, byte: u8) -> At {
        match byte {
            b'[' => {
                self.params = Params::default();
                At::Csi
            }
            b'(' => At::Designate(0),
            b')' => At::Designate(1),
            b']' | b'P' | b'X' | b'^' | b'_' => At::Text,
            0x20..=0x2f => At::Intermediate,
            b'c' => {
                *self = Charset { forget: Some(Forget::All), ..Charset::default() };
                At::Ground
            }
            _ => At::Ground,
        }
    }

    fn csi(&mut self, byte: u8) -> At {
        let params = &mut self.params;
        match byte {
            b'0'..=b'9' => {
                if params.count == 0 {
                    params.count = 1;
                }
                if let Some(value) = params.values.get_mut(params.count - 1) {
                    *value = value.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                }
            }
            b';' => params.count = params.count.max(1) + 1,
            b'?' => params.private = true,
            0x20..=0x2f | 0x3a..=0x3f => params.other = true,
            0x40..=0x7e => {
                self.csi_end(byte);
                return At::Ground;
            }
            // Control characters inside a sequence act at once and do not end it.
            _ => {}
        }
        At::Csi
    }

    fn csi_end(&mut self, last: u8) {
        let Params { values, count, private, other } = self.params;
        match last {
            _ if other => {}
            b'J' if !private && values[0] == 3 => self.forget = Some(Forget::Scrollback),
            b'r' if !private => {
                let whole = count == 0 || values == [0, 0];
                self.regions[usize::from(self.alternate)] =
                    (!whole).then_some((values[0].max(1), values[1]));
            }
            b'h' | b'l'
                if private && values[..count.min(2)].iter().any(|v| matches!(v, 47 | 1049)) =>
            {
                self.alternate = last == b'h';
                if self.alternate && values.contains(&1049) {
                    self.regions[1] = None;
                }
            }
            _ => {}
        }
    }
}
