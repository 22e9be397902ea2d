//! Follows the sequences in the output, for what the VT parser does not know: where it has to be told
//! in other words (`gaps`), line-drawing character sets, scroll regions, resets.
//!
//! Promise: total over any bytes and any split of them; bytes that need no translation are passed
//! on untouched.
//! Must not know: the screen's contents.

use super::gaps::Gap;
use std::borrow::Cow;

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const BACKSPACE: u8 = 0x08;
const TAB: u8 = 0x09;
/// Where plain text ends.
const SPECIAL: [u8; 5] = [ESC, SHIFT_OUT, SHIFT_IN, BACKSPACE, TAB];
/// Sequences with longer parameters are passed on as they are.
const PARAMETERS_MAX_BYTES: usize = 256;

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
    /// After `ESC #`.
    Hash,
    /// After another intermediate: the next byte that is not one ends the sequence.
    Intermediate,
    Csi,
    /// OSC, DCS, APC, PM or SOS until BEL or ST.
    Text,
    TextEscape,
}

/// What a byte means beside itself.
enum Meaning {
    Itself,
    /// A line-drawing letter.
    Drawn(char),
    /// Nothing for the parser: it is told otherwise.
    Gap(Gap),
    /// Passed on, and then something is to be done.
    Then(Gap),
}

/// What does not simply go on, so that the parser is not left alone with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Care {
    /// Characters are inserted, or do not wrap.
    pub characters: bool,
    /// Line feeds return too, or leave rows in colour.
    pub lines: bool,
}

/// A scroll region as DECSTBM gives it: first and last row, from 1.
pub(crate) type Region = (u16, u16);

/// A set of characters, as far as it is not plain ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Set {
    #[default]
    Ascii,
    /// Letters are lines.
    Graphics,
    /// The hash is a pound.
    British,
}

impl Set {
    fn named(name: u8) -> Set {
        match name {
            b'0' => Set::Graphics,
            b'A' => Set::British,
            _ => Set::Ascii,
        }
    }

    fn drawn(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (Set::Graphics, 0x60..=0x7e) => Some(GRAPHICS[usize::from(byte - 0x60)]),
            (Set::British, b'#') => Some('£'),
            _ => None,
        }
    }
}

/// What a cursor is saved with.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    /// G0 and G1.
    sets: [Set; 2],
    /// Which of them is in use.
    shifted: usize,
    /// Rows are counted from the scroll region's first one (DECOM).
    origin: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Sequences {
    at: At,
    /// Of the CSI sequence under way.
    parameters: Vec<u8>,
    now: Kept,
    /// Of the main and of the alternate screen.
    saved: [Kept; 2],
    gap: Option<Gap>,
    alternate: bool,
    /// Of the main and of the alternate screen.
    regions: [Option<Region>; 2],
    care: Care,
    /// The character that comes next was taken care of.
    cared: bool,
    /// The last thing was a character, so that it can be repeated.
    printed: bool,
}

impl Sequences {
    /// Follows the bytes; gives them back with line-drawing letters turned into characters. Stops
    /// where the parser has to be told otherwise; the second value says how many bytes were taken.
    pub fn translate<'a>(&mut self, bytes: &'a [u8]) -> (Cow<'a, [u8]>, usize) {
        if self.is_plain() && !self.is_careful() {
            let plain = bytes.iter().position(|b| SPECIAL.contains(b)).unwrap_or(bytes.len());
            if plain > 0 {
                self.printed = bytes[plain - 1] >= b' ';
                return (Cow::Borrowed(&bytes[..plain]), plain);
            }
        }
        let mut out: Option<Vec<u8>> = None;
        let mut taken = 0;
        for &byte in bytes {
            if self.wants_care(byte) {
                self.gap = Some(Gap::Character);
                break;
            }
            let replaced = match self.follow(byte) {
                Meaning::Itself => None,
                Meaning::Drawn(drawn) => Some(drawn.to_string()),
                Meaning::Then(gap) => {
                    self.gap = Some(gap);
                    None
                }
                Meaning::Gap(gap) => {
                    self.gap = Some(gap);
                    Some(String::new())
                }
            };
            match (replaced, &mut out) {
                (Some(text), out) => {
                    let out = out.get_or_insert_with(|| bytes[..taken].to_vec());
                    out.extend_from_slice(text.as_bytes());
                }
                (None, Some(out)) => out.push(byte),
                (None, None) => {}
            }
            taken += 1;
            // What follows may be plain again, and is quicker alone.
            if self.gap.is_some() || (self.is_plain() && !self.is_careful()) {
                break;
            }
        }
        (out.map_or(Cow::Borrowed(&bytes[..taken]), Cow::Owned), taken)
    }

    /// No sequence is under way and letters are shown as they are.
    pub fn is_plain(&self) -> bool {
        self.at == At::Ground && self.set() == Set::Ascii
    }

    /// What the parser has to be told after the bytes that were last taken.
    pub fn take_gap(&mut self) -> Option<Gap> {
        self.gap.take()
    }

    /// What has to be taken care of from now on.
    pub fn be_careful(&mut self, care: Care) {
        self.care = care;
    }

    pub fn is_careful(&self) -> bool {
        self.care.characters || self.care.lines
    }

    /// The scroll region of the screen shown now, when it is not the whole screen.
    pub fn region(&self) -> Option<Region> {
        self.regions[usize::from(self.alternate)]
    }

    pub fn set_region(&mut self, region: Option<Region>) {
        self.regions[usize::from(self.alternate)] = region;
    }

    /// The set in use.
    pub fn set(&self) -> Set {
        self.now.sets[self.now.shifted]
    }

    /// A new size makes every region the whole screen.
    pub fn forget_regions(&mut self) {
        self.regions = [None; 2];
    }

    /// The screen that is shown from now on.
    pub fn show(&mut self, alternate: bool, cleared: bool) {
        self.alternate = alternate;
        if alternate && cleared {
            self.regions[1] = None;
        }
    }

    pub fn save(&mut self) {
        self.saved[usize::from(self.alternate)] = self.now;
    }

    pub fn restore(&mut self) {
        self.now = self.saved[usize::from(self.alternate)];
    }

    /// G0 is in use again, both are letters, and rows are counted from the top.
    pub fn reset(&mut self) {
        self.now = Kept::default();
    }

    pub fn origin(&self) -> bool {
        self.now.origin
    }

    pub fn set_origin(&mut self, origin: bool) {
        self.now.origin = origin;
    }

    /// Whether a character begins here that does not simply go to the next cell.
    fn wants_care(&mut self, byte: u8) -> bool {
        // Not the rest of a character of several bytes.
        let begins = self.at == At::Ground && byte >= b' ' && !(0x80..0xc0).contains(&byte);
        if !self.care.characters || !begins {
            return false;
        }
        self.cared = !self.cared;
        self.cared
    }

    /// Moves on by one byte.
    fn follow(&mut self, byte: u8) -> Meaning {
        let (at, meaning) = match (self.at, byte) {
            // CAN and SUB end any sequence; ESC begins a new one everywhere but in text.
            (At::Text, ESC) => (At::TextEscape, Meaning::Itself),
            (_, 0x18 | 0x1a) | (At::TextEscape, b'\\') | (At::Text, 0x07) => {
                (At::Ground, Meaning::Itself)
            }
            (_, ESC) => (At::Escape, Meaning::Itself),
            (At::Text, _) => (At::Text, Meaning::Itself),
            (At::Escape | At::TextEscape, byte) => self.escape(byte),
            (At::Designate(set), byte) => {
                self.now.sets[set] = Set::named(byte);
                (At::Ground, Meaning::Itself)
            }
            (At::Hash, b'8') => (At::Ground, Meaning::Gap(Gap::Align)),
            (At::Intermediate | At::Hash, 0x20..=0x2f) => (At::Intermediate, Meaning::Itself),
            (At::Intermediate | At::Hash, _) => (At::Ground, Meaning::Itself),
            (At::Csi, byte) => self.csi(byte),
            (At::Ground, byte) => (At::Ground, self.ground(byte)),
        };
        // A sequence is over once it came back to the ground.
        self.printed = match (self.at, at) {
            (At::Ground, At::Ground) => byte >= b' ',
            (_, At::Ground) => false,
            _ => self.printed,
        };
        self.at = at;
        meaning
    }

    fn ground(&mut self, byte: u8) -> Meaning {
        match byte {
            SHIFT_OUT => self.now.shifted = 1,
            SHIFT_IN => self.now.shifted = 0,
            BACKSPACE => return Meaning::Gap(Gap::Backspace),
            TAB => return Meaning::Gap(Gap::Tab),
            b'\n' | 0x0b | 0x0c if self.care.lines => return Meaning::Gap(Gap::LineFeed),
            _ => {}
        }
        self.set().drawn(byte).map_or(Meaning::Itself, Meaning::Drawn)
    }

    fn escape(&mut self, byte: u8) -> (At, Meaning) {
        let at = match byte {
            b'[' => {
                self.parameters.clear();
                At::Csi
            }
            b'(' => At::Designate(0),
            b')' => At::Designate(1),
            b'#' => At::Hash,
            b']' | b'P' | b'X' | b'^' | b'_' => At::Text,
            0x20..=0x2f => At::Intermediate,
            _ => At::Ground,
        };
        let meaning = match byte {
            b'c' => {
                *self = Sequences::default();
                Meaning::Then(Gap::ForgetAll)
            }
            b'7' => Meaning::Then(Gap::Saved),
            b'8' => Meaning::Then(Gap::Restored),
            b'M' if self.care.lines => Meaning::Gap(Gap::ReverseIndex),
            b'D' => Meaning::Gap(Gap::Index),
            b'E' => Meaning::Gap(Gap::NextLine),
            b'H' => Meaning::Gap(Gap::SetTab),
            _ => Meaning::Itself,
        };
        (at, meaning)
    }

    fn csi(&mut self, byte: u8) -> (At, Meaning) {
        if (0x40..=0x7e).contains(&byte) {
            let whole = self.parameters.len() < PARAMETERS_MAX_BYTES;
            if byte == b'b' && self.parameters.iter().all(u8::is_ascii_digit) && !self.printed {
                return (At::Ground, Meaning::Gap(Gap::Nothing));
            }
            let meaning = match Gap::of_csi(&self.parameters, byte).filter(|_| whole) {
                None => Meaning::Itself,
                // Of a background that is plain already nothing is to be reset.
                Some(Gap::Background { resets: true }) if !self.care.lines => Meaning::Itself,
                Some(Gap::InColour(..)) if !self.care.lines => Meaning::Itself,
                Some(gap) if gap.comes_after() => Meaning::Then(gap),
                Some(gap) => Meaning::Gap(gap),
            };
            return (At::Ground, meaning);
        }
        // Control characters inside a sequence act at once and do not end it.
        if (0x20..=0x3f).contains(&byte) && self.parameters.len() < PARAMETERS_MAX_BYTES {
            self.parameters.push(byte);
        }
        (At::Csi, Meaning::Itself)
    }
}
