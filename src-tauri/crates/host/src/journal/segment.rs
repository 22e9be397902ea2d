//! Segment files: their names, and what a scan of one finds.
//!
//! Promise: names sort like the numbers they hold; a scan is total over any content.
//! Must not know: when segments begin or end.

use nightshift_protocol::Record;
use nightshift_protocol::record::{RECORD_BODY_MAX_BYTES, RECORD_HEADER_BYTES};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "journal-";
const DIGITS: usize = 20;
/// Read at once: a typical record and its successors.
const CHUNK_BYTES: usize = 64 * 1024;
/// A buffer that grew for one huge record is given back after it.
const BUFFER_KEEP_BYTES: usize = 256 * 1024;

/// Path of the segment whose first record is `first`.
pub(super) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{first:020}"))
}

/// First sequence numbers of all segments in `dir`, ascending.
pub(super) fn list(dir: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let valid = digits.filter(|d| d.len() == DIGITS && d.bytes().all(|b| b.is_ascii_digit()));
        if let Some(first) = valid.and_then(|digits| digits.parse().ok()) {
            found.push(first);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads one segment from its beginning; may be asked again after the file has grown.
#[derive(Debug)]
pub(super) struct SegmentReader {
    file: File,
    /// Bytes of the file from `offset` on.
    buffer: Vec<u8>,
    start: usize,
    offset: u64,
}

impl SegmentReader {
    pub fn open(path: &Path) -> io::Result<SegmentReader> {
        Ok(SegmentReader { file: File::open(path)?, buffer: Vec::new(), start: 0, offset: 0 })
    }

    /// Where the next record begins.
    pub fn position(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// The next whole record. None at the end, at a torn tail and at damage.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let bytes = &self.buffer[self.start..];
            if let Some((record, len)) = Record::decode(bytes) {
                self.start += len;
                return Ok(Some(record));
            }
            let wanted = match bytes.first_chunk::<4>() {
                None => RECORD_HEADER_BYTES,
                Some(len) => 8 + u32::from_le_bytes(*len) as usize,
            };
            let possible = wanted <= RECORD_BODY_MAX_BYTES + RECORD_HEADER_BYTES;
            if !possible || bytes.len() >= wanted || !self.fill(wanted)? {
                return Ok(None);
            }
        }
    }

    /// Reads until `wanted` bytes are there; false when nothing more came.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        self.offset += self.start as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.capacity() > BUFFER_KEEP_BYTES && wanted < CHUNK_BYTES {
            self.buffer.shrink_to(CHUNK_BYTES);
        }
        let have = self.buffer.len();
        // No more room than there are bytes: most journals are short, and their end is met each time.
        let there = self.file.metadata()?.len().saturating_sub(self.offset);
        let room = wanted.max(have + CHUNK_BYTES).min(usize::try_from(there).unwrap_or(usize::MAX));
        if room <= have {
            return Ok(false);
        }
        self.buffer.resize(room, 0);
        let read = self.file.read_at(&mut self.buffer[have..], self.offset + have as u64);
        self.buffer.truncate(have + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }
}

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Length of the readable part.
    pub good_len: u64,
    /// Last record of the readable part.
    pub last_seq: Option<u64>,
    /// Last record beyond damage, if there is any: its number must not be used again.
    pub beyond: Option<u64>,
}

pub(super) fn scan(path: &Path) -> io::Result<Scan> {
    let mut reader = SegmentReader::open(path)?;
    let mut last_seq = None;
    while let Some(record) = reader.next()? {
        last_seq = Some(record.seq);
    }
    let good_len = reader.position();
    let mut rest = vec![0; usize::try_from(fs::metadata(path)?.len() - good_len).unwrap_or(0)];
    reader.file.read_exact_at(&mut rest, good_len)?;
    let mut beyond = None;
    let mut at = 1;
    while at < rest.len() {
        match Record::decode(&rest[at..]) {
            Some((record, len)) => {
                beyond = beyond.max(Some(record.seq));
                at += len;
            }
            None => at += 1,
        }
    }
    Ok(Scan { good_len, last_seq, beyond })
}
