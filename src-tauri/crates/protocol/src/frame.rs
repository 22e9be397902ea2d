//! Length-prefixed frames: `u32` little-endian length of the rest, one kind byte, the body.
//!
//! Promise: sans-IO and total. Any bytes give frames, "more needed" or an error; never a panic and
//! never an allocation beyond `FRAME_MAX_BYTES`.

use serde::Serialize;

/// Largest frame: a page of logs or one agent line; anything larger is a fault or an attack.
pub const FRAME_MAX_BYTES: usize = 16 * 1024 * 1024;
/// A buffer that grew beyond this is given back once it is empty.
const BUFFER_KEEP_BYTES: usize = 64 * 1024;
/// Bytes before the body: length and kind.
const HEADER_BYTES: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// JSON of this crate's types.
    Control = 1,
    /// Raw terminal bytes: output from the host, keystrokes to it.
    Data = 2,
    /// One journal record (`record::Record`), from a host that is followed.
    Record = 3,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<FrameKind> {
        match byte {
            1 => Some(FrameKind::Control),
            2 => Some(FrameKind::Data),
            3 => Some(FrameKind::Record),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("frame of {len} bytes; the limit is {FRAME_MAX_BYTES}")]
    TooLarge { len: usize },
    #[error("frame of {len} bytes; the limit is {max} here")]
    TooLargeHere { len: usize, max: usize },
    #[error("frame kind {kind} is unknown")]
    UnknownKind { kind: u8 },
    #[error("frame length 0 leaves no room for its kind")]
    Empty,
}

/// One whole frame as bytes.
pub fn encode_frame(kind: FrameKind, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(HEADER_BYTES + body.len());
    out.extend_from_slice(&len.to_le_bytes());
    out.push(kind as u8);
    out.extend_from_slice(body);
    out
}

/// A control frame holding `message` as JSON.
pub fn encode_control<T: Serialize>(message: &T) -> Vec<u8> {
    // Our own types have string keys and finite numbers only: this cannot fail.
    let body = serde_json::to_vec(message).unwrap_or_default();
    encode_frame(FrameKind::Control, &body)
}

/// The same, or why its reader would not take it.
pub fn encode_bounded<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let frame = encode_control(message);
    // The length counts what comes after its own four bytes.
    let len = frame.len().saturating_sub(size_of::<u32>());
    if len <= FRAME_MAX_BYTES { Ok(frame) } else { Err(FrameError::TooLarge { len }) }
}

/// Collects bytes and gives back whole frames.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
    max: usize,
}

impl Default for FrameDecoder {
    fn default() -> FrameDecoder {
        FrameDecoder::up_to(FRAME_MAX_BYTES)
    }
}

impl FrameDecoder {
    /// One that takes no frame of more than `max` bytes.
    pub fn up_to(max: usize) -> FrameDecoder {
        FrameDecoder { buffer: Vec::new(), start: 0, max }
    }

    /// From now on it takes frames of so many bytes.
    pub fn takes(&mut self, max: usize) {
        self.max = max;
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes received and not yet given back as frames.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next whole frame, if it has arrived. After an error the stream cannot be trusted.
    pub fn next_frame(&mut self) -> Result<Option<(FrameKind, Vec<u8>)>, FrameError> {
        let bytes = &self.buffer[self.start..];
        let Some(header) = bytes.first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_le_bytes(*header) as usize;
        if len == 0 {
            return Err(FrameError::Empty);
        }
        if len > FRAME_MAX_BYTES {
            return Err(FrameError::TooLarge { len });
        }
        if len > self.max {
            return Err(FrameError::TooLargeHere { len, max: self.max });
        }
        let Some(&kind_byte) = bytes.get(4) else { return Ok(None) };
        let kind =
            FrameKind::from_byte(kind_byte).ok_or(FrameError::UnknownKind { kind: kind_byte })?;
        let Some(body) = bytes.get(HEADER_BYTES..4 + len) else { return Ok(None) };
        let body = body.to_vec();
        self.start += 4 + len;
        if self.start == self.buffer.len() {
            // One large frame must not cost its memory for as long as the connection lasts.
            if self.buffer.capacity() > BUFFER_KEEP_BYTES {
                self.buffer = Vec::new();
            }
            self.buffer.clear();
            self.start = 0;
        }
        Ok(Some((kind, body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_split() {
        let mut bytes = encode_frame(FrameKind::Data, b"hello");
        bytes.extend(encode_frame(FrameKind::Control, b"{}"));
        bytes.extend(encode_frame(FrameKind::Record, b""));
        for cut in 0..=bytes.len() {
            let mut decoder = FrameDecoder::default();
            let mut frames = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.push(part);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(
                frames,
                vec![
                    (FrameKind::Data, b"hello".to_vec()),
                    (FrameKind::Control, b"{}".to_vec()),
                    (FrameKind::Record, Vec::new()),
                ],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn security_15_a_peer_that_did_not_greet_is_heard_in_small_frames_only() {
        let mut decoder = FrameDecoder::up_to(100);
        decoder.push(&101_u32.to_le_bytes());
        assert_eq!(decoder.next_frame(), Err(FrameError::TooLargeHere { len: 101, max: 100 }));
        let mut decoder = FrameDecoder::up_to(100);
        decoder.takes(FRAME_MAX_BYTES);
        decoder.push(&encode_frame(FrameKind::Data, &vec![7; 1_000_000]));
        assert_eq!(decoder.next_frame().unwrap().unwrap().1.len(), 1_000_000);
        assert!(decoder.buffer.capacity() <= BUFFER_KEEP_BYTES, "its memory is kept");
    }

    #[test]
    fn hostile_headers_are_refused_before_any_allocation() {
        for (bytes, expected) in [
            (vec![0, 0, 0, 0, 1], FrameError::Empty),
            (vec![255, 255, 255, 255, 1], FrameError::TooLarge { len: u32::MAX as usize }),
            (vec![2, 0, 0, 0, 9, 0], FrameError::UnknownKind { kind: 9 }),
        ] {
            let mut decoder = FrameDecoder::default();
            decoder.push(&bytes);
            assert_eq!(decoder.next_frame(), Err(expected));
        }
    }
}
