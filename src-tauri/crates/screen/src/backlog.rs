//! Plain output that the screen has not taken yet, so that floods are skipped instead of drawn.
//!
//! A terminal parser is slower than a program that prints a big file. Of plain text only the lines
//! that are still on the screen or in the scrollback at the end matter: what scrolls past both can
//! be left out without anybody ever seeing a difference. Colours may be in the text: what they are
//! at the cut is carried over.
//!
//! Promise: bounded; whatever is left out would have scrolled away.
//! Must not know: how text is drawn.

/// Output in smaller pieces is drawn at once: nothing is won by waiting.
const WORTH_BYTES: usize = 4 * 1024;
/// Colour changes carried over a cut at most; programs reset colours far more often.
const CARRY_MAX_BYTES: usize = 4 * 1024;
const ESC: u8 = 0x1b;
/// Kept at most; an eighth or so of it survives when it is plain lines.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: Vec<u8>,
    at: At,
}

/// Where in a colour sequence (`CSI … m`) the bytes end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    Escape,
    Parameters,
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether it is worth while to let these bytes wait.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        !self.is_empty() || bytes.len() >= WORTH_BYTES
    }

    /// Adds bytes if they are only text and colours, going on from what is here already. `rows`
    /// lines at the end matter.
    pub fn push(&mut self, bytes: &[u8], rows: usize) -> Pushed {
        let Some(at) = follow(self.at, bytes) else { return Pushed::Refused };
        self.at = at;
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < MAX_BYTES {
            return Pushed::Taken;
        }
        self.shorten(rows);
        // Shortening that leaves this much would have to be done again at once.
        if self.bytes.len() < MAX_BYTES / 2 { Pushed::Taken } else { Pushed::Full }
    }

    fn shorten(&mut self, rows: usize) {
        let Some(cut) = cut(&self.bytes, rows) else { return };
        let Some(carried) = colours(&self.bytes[..cut]) else { return };
        self.bytes.splice(..cut, carried);
    }

    /// What is left to draw; the buffer is given back.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self).bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Taken,
    /// Taken, and now everything has to be drawn.
    Full,
    /// Not taken: there is more in it than text and colours.
    Refused,
}

/// Where text and colours end; none when there is anything else.
fn follow(mut at: At, bytes: &[u8]) -> Option<At> {
    for &byte in bytes {
        at = match (at, byte) {
            (At::Text, ESC) => At::Escape,
            // Shifts to another character set.
            (At::Text, 0x0e | 0x0f) => return None,
            (At::Text, _) => At::Text,
            (At::Escape, b'[') => At::Parameters,
            (At::Parameters, b'0'..=b'9' | b';' | b':') => At::Parameters,
            (At::Parameters, b'm') => At::Text,
            (At::Escape | At::Parameters, _) => return None,
        };
    }
    Some(at)
}

/// The colour changes since the last reset; none when they are too many to carry.
fn colours(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut carried = Vec::new();
    let mut rest = bytes;
    while let Some(start) = rest.iter().position(|&b| b == ESC) {
        let len = rest[start..].iter().position(|&b| b == b'm')? + 1;
        let sequence = &rest[start..start + len];
        if matches!(sequence, b"\x1b[m" | b"\x1b[0m") {
            carried.clear();
        }
        carried.extend_from_slice(sequence);
        if carried.len() > CARRY_MAX_BYTES {
            return None;
        }
        rest = &rest[start + len..];
    }
    Some(carried)
}

/// Where the text may be cut off: at the beginning of a line, behind a carriage return so that the
/// column is known, with at least `rows` lines after it.
fn cut(bytes: &[u8], rows: usize) -> Option<usize> {
    let mut newlines = 0;
    for (at, &byte) in bytes.iter().enumerate().rev() {
        if byte == b'\n' {
            newlines += 1;
            if newlines > rows && at > 0 && bytes[at - 1] == b'\r' {
                return Some(at + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_only_where_the_column_is_known_and_enough_follows() {
        assert_eq!(cut(b"a\r\nb\r\nc\r\n", 2), Some(3));
        assert_eq!(cut(b"a\nb\r\nc\r\n", 2), None);
        assert_eq!(cut(b"a\r\nb\nc\nd\r\n", 2), Some(3));
        assert_eq!(cut(b"", 0), None);
    }

    #[test]
    fn only_text_and_colours_wait() {
        for (bytes, taken) in [
            (&b"text\r\n\ttext\x08"[..], true),
            (b"\x1b[31mred\x1b[38:5:7m\x1b[m", true),
            (b"\x1b[2J", false),
            (b"\x1b7", false),
            (b"\x1b]2;x\x07", false),
            (b"\x1b[?25l", false),
            (b"\x0e", false),
        ] {
            // In one piece, and split anywhere.
            for split in 0..bytes.len() {
                let mut backlog = Backlog::default();
                let pushed = [&bytes[..split], &bytes[split..]].map(|b| backlog.push(b, 2000));
                assert_eq!(pushed.iter().all(|p| *p == Pushed::Taken), taken, "{bytes:?}");
            }
        }
    }

    #[test]
    fn colours_since_the_last_reset_are_carried() {
        for (bytes, expected) in [
            (&b"plain"[..], &b""[..]),
            (b"\x1b[1ma\x1b[31mb", b"\x1b[1m\x1b[31m"),
            (b"\x1b[1ma\x1b[mb\x1b[4m", b"\x1b[m\x1b[4m"),
        ] {
            assert_eq!(colours(bytes).unwrap(), expected);
        }
        assert_eq!(colours(&b"\x1b[31mx".repeat(2000)), None);
    }

    #[test]
    fn a_flood_of_lines_stays_bounded_and_a_flood_without_lines_asks_to_be_drawn() {
        let mut backlog = Backlog::default();
        for _ in 0..10_000 {
            assert_eq!(backlog.push(&b"0123456789\r\n".repeat(100), 2000), Pushed::Taken);
        }
        assert!(backlog.take().len() <= MAX_BYTES);
        assert_eq!(backlog.push(&vec![b'x'; MAX_BYTES], 2000), Pushed::Full);
    }
}
