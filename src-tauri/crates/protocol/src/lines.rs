//! Bytes into lines, with a bound on what one line may take.
//!
//! Promise: total over any bytes and any split of them; memory is bounded by the line limit.
//! Must not know: where the bytes come from or what a line means.

/// A buffer that grew for one long line is given back after it.
const BUFFER_KEEP_BYTES: usize = 64 * 1024;

/// What happens to a line over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlong {
    /// It is skipped whole and reported with its length: half of it would be nonsense.
    Drop,
    /// It is given out in pieces of the limit's size.
    Cut,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Whole(Vec<u8>),
    /// A line over the limit, with this many bytes, was skipped.
    Dropped(u64),
}

#[derive(Debug)]
pub struct LineSplitter {
    max: usize,
    overlong: Overlong,
    partial: Vec<u8>,
    /// Bytes of the line being skipped; none when no line is.
    skipping: Option<u64>,
}

impl LineSplitter {
    pub fn new(max: usize, overlong: Overlong) -> LineSplitter {
        LineSplitter { max, overlong, partial: Vec::new(), skipping: None }
    }

    /// Adds bytes and gives back the lines that are now complete, without their newlines.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            self.add(&bytes[..end], &mut lines);
            lines.push(self.end_line());
            bytes = &bytes[end + 1..];
        }
        self.add(bytes, &mut lines);
        lines
    }

    /// The unfinished last line, if there is one, when no more bytes will come.
    pub fn finish(&mut self) -> Option<Line> {
        let unfinished = self.skipping.is_some() || !self.partial.is_empty();
        unfinished.then(|| self.end_line())
    }

    fn add(&mut self, mut bytes: &[u8], lines: &mut Vec<Line>) {
        if let Some(skipped) = &mut self.skipping {
            *skipped += bytes.len() as u64;
            return;
        }
        while self.partial.len() + bytes.len() > self.max {
            match self.overlong {
                Overlong::Drop => {
                    self.skipping = Some((self.partial.len() + bytes.len()) as u64);
                    self.partial = Vec::new();
                    return;
                }
                Overlong::Cut => {
                    let (piece, rest) = bytes.split_at(self.max - self.partial.len());
                    self.partial.extend_from_slice(piece);
                    lines.push(Line::Whole(std::mem::take(&mut self.partial)));
                    bytes = rest;
                }
            }
        }
        self.partial.extend_from_slice(bytes);
    }

    fn end_line(&mut self) -> Line {
        match self.skipping.take() {
            Some(bytes) => Line::Dropped(bytes),
            None if self.partial.capacity() > BUFFER_KEEP_BYTES => {
                Line::Whole(std::mem::take(&mut self.partial))
            }
            None => {
                let line = Line::Whole(self.partial.clone());
                self.partial.clear();
                line
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(max: usize, overlong: Overlong, input: &[u8], step: usize) -> Vec<Line> {
        let mut splitter = LineSplitter::new(max, overlong);
        let mut lines: Vec<Line> = input.chunks(step).flat_map(|c| splitter.push(c)).collect();
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        for step in 1..12 {
            assert_eq!(
                split(4, Overlong::Drop, b"ab\n\nabcd\nabcde\nx", step),
                vec![whole("ab"), whole(""), whole("abcd"), Line::Dropped(5), whole("x")],
                "step {step}"
            );
            assert_eq!(
                split(4, Overlong::Cut, b"ab\nabcdefghi\nx", step),
                vec![whole("ab"), whole("abcd"), whole("efgh"), whole("i"), whole("x")],
                "step {step}"
            );
        }
    }

    #[test]
    fn an_endless_line_takes_no_more_memory_than_its_limit() {
        let mut splitter = LineSplitter::new(1000, Overlong::Drop);
        for _ in 0..10_000 {
            assert!(splitter.push(&[b'x'; 1000]).is_empty());
        }
        assert!(splitter.partial.capacity() <= 2000);
        assert_eq!(splitter.finish(), Some(Line::Dropped(10_000_000)));
    }
}
