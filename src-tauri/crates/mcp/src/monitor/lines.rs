//! A stream of bytes as lines that may be shown: bounded, without control sequences, never blank.
//!
//! Promise: pure; any bytes give text; memory stays bounded however long a line is.

/// Longest line told of a command; what is longer is cut with a note. A model reads it as a turn.
pub const LINE_MAX_BYTES: usize = 16 * 1024;

/// A tab is a control character, and what it separates stays apart.
const TAB: &[u8] = b"    ";

/// Cuts bytes into lines as they come.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    /// Bytes of the line begun that are not kept.
    over: usize,
}

impl Lines {
    /// The lines that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut parts = bytes.split(|&b| b == b'\n');
        let Some(mut part) = parts.next() else { return lines };
        for next in parts {
            self.extend(part);
            lines.extend(self.end());
            part = next;
        }
        self.extend(part);
        lines
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LINE_MAX_BYTES - self.begun.len();
        let kept = part.len().min(room);
        self.begun.extend_from_slice(&part[..kept]);
        self.over += part.len() - kept;
    }

    /// The line begun, as if it had ended; none when it is blank.
    pub fn end(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.begun);
        let over = std::mem::take(&mut self.over);
        let mut text = readable(&line);
        if over > 0 {
            text.push_str(&format!(" [cut here: {over} bytes more]"));
        }
        (!text.trim().is_empty()).then_some(text)
    }
}

/// What a person or a model should read of one line: no escapes, no control characters; of a line
/// that was written over and over only the last writing.
pub fn readable(line: &[u8]) -> String {
    let end = line.iter().rposition(|&b| b != b'\r').map_or(0, |at| at + 1);
    let last = line[..end].rsplit(|&b| b == b'\r').next().unwrap_or_default();
    let tabs = last.iter().flat_map(|b| if *b == b'\t' { TAB } else { std::slice::from_ref(b) });
    let plain = strip_ansi_escapes::strip(tabs.copied().collect::<Vec<u8>>());
    String::from_utf8_lossy(&plain).chars().filter(|c| !c.is_control()).collect()
}

/// `text` within `max` bytes, with a note where it was cut.
pub fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} [cut here: {} bytes more]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parts: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found: Vec<String> = parts.iter().flat_map(|part| lines.push(part)).collect();
        found.extend(lines.end());
        found
    }

    #[test]
    fn lines_are_cut_however_the_bytes_come() {
        let cases: [(&[&[u8]], &[&str]); 7] = [
            (&[b"a\nb\n"], &["a", "b"]),
            (&[b"a", b"b\n", b"c"], &["ab", "c"]),
            (&[b"\n\n  \n"], &[]),
            (&[b"\x1b[31mred\x1b[0m\n"], &["red"]),
            (&[b"10%\r50%\r100%\r\n"], &["100%"]),
            (&[b"bell\x07 tab\there\n"], &["bell tab    here"]),
            (&[b"\xff\xfe\n"], &["\u{fffd}\u{fffd}"]),
        ];
        for (parts, expected) in cases {
            assert_eq!(all(parts), expected);
        }
    }

    #[test]
    fn a_long_line_is_cut_with_a_note() {
        let long = vec![b'x'; LINE_MAX_BYTES + 10];
        let lines = all(&[&long, b"\nnext\n"]);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("[cut here: 10 bytes more]"), "{}", &lines[0][LINE_MAX_BYTES..]);
        assert_eq!(cut("äöü", 3), "ä [cut here: 4 bytes more]");
        assert_eq!(cut("abc", 3), "abc");
    }
}
