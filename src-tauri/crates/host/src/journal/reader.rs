//! Reading the journal from any record on, also while it is being written.
//!
//! Promise: records come in order, each once; a missing or damaged part is a gap in the sequence
//! numbers and nothing worse. At the end `next` gives none and may be asked again later.
//! Must not know: who writes, or what the records mean.

use super::segment::{SegmentReader, list, path};
use nightshift_protocol::Record;
use std::io;
use std::path::{Path, PathBuf};

/// Records of the session directory `dir` with numbers above `after`.
pub fn read(dir: &Path, after: u64) -> Reader {
    Reader { dir: dir.to_owned(), after, current: None, error: None }
}

#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    /// Number of the last record given out.
    after: u64,
    current: Option<(u64, SegmentReader)>,
    error: Option<io::Error>,
}

impl Reader {
    /// The IO error that ended the reading, if one did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn advance(&mut self) -> io::Result<Option<Record>> {
        loop {
            if let Some(record) = self.next_in_segment()? {
                return Ok(Some(record));
            }
            let Some(first) = self.next_segment()? else { return Ok(None) };
            // The writer may have completed the current segment between our reading its end and
            // our seeing its successor; now that there is a successor, it will not grow again.
            if let Some(record) = self.next_in_segment()? {
                return Ok(Some(record));
            }
            match SegmentReader::open(&path(&self.dir, first)) {
                Ok(reader) => self.current = Some((first, reader)),
                // Dropped by rotation since we listed: the listing is old, make another.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn next_in_segment(&mut self) -> io::Result<Option<Record>> {
        let Some((_, reader)) = &mut self.current else { return Ok(None) };
        while let Some(record) = reader.next()? {
            if record.seq > self.after {
                self.after = record.seq;
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The segment to read next: the one with the wanted record, or the first after the current.
    fn next_segment(&self) -> io::Result<Option<u64>> {
        let segments = match list(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let Some((current, _)) = &self.current else {
            let wanted = self.after.saturating_add(1);
            let holds = segments.iter().rev().find(|&&first| first <= wanted);
            return Ok(holds.or(segments.first()).copied());
        };
        Ok(segments.into_iter().find(|first| first > current))
    }
}

impl Iterator for Reader {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        match self.advance() {
            Ok(record) => record,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}
