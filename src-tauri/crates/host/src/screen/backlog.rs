//! Plain output that the screen has not taken yet, so that floods are skipped instead of drawn.
//!
//! A terminal parser is slower than a program that prints a big file. Of plain text only the lines
//! that are still on the screen or in the scrollback at the end matter: what scrolls past both can
//! be left out without anybody ever seeing a difference.
//!
//! Promise: bounded; whatever is left out would have scrolled away.
//! Must not know: how text is drawn.

/// Output in smaller pieces is drawn at once: nothing is won by waiting.
const WORTH_BYTES: usize = 4 * 1024;
/// Kept at most; an eighth or so of it survives when it is plain lines.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: Vec<u8>,
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether these bytes should wait, given that nothing in them needs to be acted on at once.
    pub fn wants(&self, bytes: &[u8]) -> bool {
        !self.is_empty() || bytes.len() >= WORTH_BYTES
    }

    /// Adds text; false when it is full and has to be drawn. `rows` lines at the end matter.
    pub fn push(&mut self, bytes: &[u8], rows: usize) -> bool {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < MAX_BYTES {
            return true;
        }
        if let Some(cut) = cut(&self.bytes, rows) {
            self.bytes.drain(..cut);
        }
        self.bytes.len() < MAX_BYTES / 2
    }

    /// What is left to draw; the buffer is given back.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
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
    fn a_flood_of_lines_stays_bounded_and_a_flood_without_lines_asks_to_be_drawn() {
        let mut backlog = Backlog::default();
        for _ in 0..10_000 {
            assert!(backlog.push(&b"0123456789\r\n".repeat(100), 2000));
        }
        assert!(backlog.take().len() <= MAX_BYTES);
        assert!(!backlog.push(&vec![b'x'; MAX_BYTES], 2000));
    }
}
