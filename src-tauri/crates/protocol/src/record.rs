//! Journal records: one codec for the journal file and for following a host live.
//!
//! Layout: `u32` length of the rest, `u32` CRC-32 of the rest, `u64` sequence number, `u64` time,
//! one kind byte, the body. All little-endian. A record that fails its check ends the readable part.

use crate::terminal::Sign;
use nightshift_model::Millis;

/// Bytes of a record before its body.
pub const RECORD_HEADER_BYTES: usize = 4 + 4 + 8 + 8 + 1;
/// Largest body: longer agent lines are refused by the host, PTY reads are far smaller.
pub const RECORD_BODY_MAX_BYTES: usize = 15 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// PTY output bytes, or one line of the agent's stdout (without its newline).
    Out = 1,
    /// One line written to the agent's stdin (without its newline).
    In = 2,
    /// One line of the agent's stderr.
    Err = 3,
    /// The host's own mark, JSON (`Mark`): a launch, a resize, a dropped line.
    Mark = 4,
}

impl RecordKind {
    fn from_byte(byte: u8) -> Option<RecordKind> {
        match byte {
            1 => Some(RecordKind::Out),
            2 => Some(RecordKind::In),
            3 => Some(RecordKind::Err),
            4 => Some(RecordKind::Mark),
            _ => None,
        }
    }
}

/// Sequence numbers count records from 1 and never repeat within a session directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub at: Millis,
    pub kind: RecordKind,
    pub body: Vec<u8>,
}

/// Body of a `Mark` record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Mark {
    /// A child was started: what came before belongs to an earlier process.
    Launched {
        pid: u32,
        /// The prompt that a terminal agent was started with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt: Option<u32>,
    },
    Resized {
        cols: u16,
        rows: u16,
    },
    /// What a terminal agent's program tells beside text.
    Sign {
        sign: Sign,
    },
    /// A hook of a terminal agent told `line`; `call` numbers it within the session.
    Hook {
        call: u64,
        line: String,
    },
    /// A hook went without waiting for its answer any longer.
    HookGone {
        call: u64,
    },
    /// A line over the limit was dropped; its length. Or, where `unstored`, what came while the disk
    /// took nothing and no more could wait for it.
    Dropped {
        bytes: u64,
        #[serde(default)]
        unstored: bool,
    },
}

impl Record {
    pub fn encode(&self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(RECORD_HEADER_BYTES - 8 + self.body.len());
        rest.extend_from_slice(&self.seq.to_le_bytes());
        rest.extend_from_slice(&self.at.0.to_le_bytes());
        rest.push(self.kind as u8);
        rest.extend_from_slice(&self.body);
        let mut out = Vec::with_capacity(8 + rest.len());
        out.extend_from_slice(&u32::try_from(rest.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
        out.extend_from_slice(&rest);
        out
    }

    /// The first record of `bytes` and how many bytes it took; none when cut short or damaged.
    pub fn decode(bytes: &[u8]) -> Option<(Record, usize)> {
        let len = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
        let crc = u32::from_le_bytes(*bytes.get(4..)?.first_chunk::<4>()?);
        let sane = RECORD_HEADER_BYTES - 8..=RECORD_BODY_MAX_BYTES + RECORD_HEADER_BYTES;
        if !sane.contains(&len) {
            return None;
        }
        let rest = bytes.get(8..8 + len)?;
        if crc32fast::hash(rest) != crc {
            return None;
        }
        let record = Record {
            seq: u64::from_le_bytes(*rest.first_chunk::<8>()?),
            at: Millis(u64::from_le_bytes(*rest.get(8..)?.first_chunk::<8>()?)),
            kind: RecordKind::from_byte(*rest.get(16)?)?,
            body: rest.get(17..)?.to_vec(),
        };
        Some((record, 8 + len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_any_truncation_or_flip_is_noticed() {
        let record =
            Record { seq: 7, at: Millis(9), kind: RecordKind::In, body: b"{\"a\":1}".to_vec() };
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes), Some((record, bytes.len())));
        for cut in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..cut]), None, "cut at {cut}");
        }
        for at in 8..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(Record::decode(&flipped), None, "flipped at {at}");
        }
    }
}
