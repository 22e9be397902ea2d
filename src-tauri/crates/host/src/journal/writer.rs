//! Appending to the journal.
//!
//! Promise: a failed write (disk full) leaves the segment as it was before; its record waits in memory and
//! is written in its turn once writing works again. What could not wait is marked then. The journal never
//! exceeds its bound by more than the current segment.
//! Must not know: processes, sockets, what the records mean.

use super::segment::{list, path, scan};
use nightshift_model::Millis;
use nightshift_platform::files::sync_directory;
use nightshift_protocol::record::{Mark, RECORD_BODY_MAX_BYTES};
use nightshift_protocol::{Record, RecordKind};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Segments a full journal consists of: dropping one loses an eighth of the history.
const SEGMENTS_PER_JOURNAL: u64 = 8;
/// Smaller segments would cost more in files than they save.
const SEGMENT_MIN_BYTES: u64 = 16 * 1024;
/// Larger segments would be slow to scan on a relaunch.
const SEGMENT_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Of a terminal's output so much waits for a disk that takes nothing; more is lost, because a terminal is
/// shown live all the same.
const WAITING_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Of an agent's lines: its requests must not be lost. From here on no more is read from it, …
const LINES_PRESSED_BYTES: usize = 4 * 1024 * 1024;
/// … and what was read by then fits: one line of the longest kind, and the rest of a turn.
const LINES_MAX_BYTES: usize = LINES_PRESSED_BYTES + 2 * RECORD_BODY_MAX_BYTES;

/// A record that waits for the disk.
#[derive(Debug)]
pub struct Waiting {
    pub seq: u64,
    pub kind: RecordKind,
    pub encoded: Vec<u8>,
}

/// A record that has its number, and whether it reached the file.
#[derive(Debug)]
pub struct Appended {
    pub seq: u64,
    pub kind: RecordKind,
    /// The record as followers get it.
    pub encoded: Vec<u8>,
    pub stored: io::Result<()>,
}

#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    file: Option<File>,
    /// Closed segments and the current one (last): first record and length.
    segments: VecDeque<(u64, u64)>,
    /// First record of the segment that `file` is.
    current: u64,
    last_seq: u64,
    max_bytes: u64,
    /// Records that the disk did not take, in order.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    waiting_max: usize,
    /// Body bytes that could neither be stored nor wait since the last mark.
    lost_bytes: u64,
    /// Whoever asked for `sync` once gets it for closed segments too.
    durable: bool,
    directory_dirty: bool,
    #[cfg(test)]
    fails: bool,
}

impl Writer {
    /// Opens the journal of `dir` to go on after its last record; a torn tail is cut off.
    pub fn open(dir: &Path, max_bytes: u64) -> io::Result<Writer> {
        let mut segments = VecDeque::new();
        for first in list(dir)? {
            segments.push_back((first, fs::metadata(path(dir, first))?.len()));
        }
        let mut writer = Writer {
            dir: dir.to_owned(),
            file: None,
            segments,
            current: 0,
            last_seq: 0,
            max_bytes,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            waiting_max: WAITING_MAX_BYTES,
            lost_bytes: 0,
            durable: false,
            directory_dirty: false,
            #[cfg(test)]
            fails: false,
        };
        writer.recover()?;
        Ok(writer)
    }

    fn recover(&mut self) -> io::Result<()> {
        let Some((first, len)) = self.segments.back_mut() else { return Ok(()) };
        self.current = *first;
        let path = path(&self.dir, *first);
        let found = scan(&path)?;
        let before = first.saturating_sub(1);
        self.last_seq = found.last_seq.max(found.beyond).unwrap_or(before).max(before);
        if found.beyond.is_some() {
            // Damage in the middle: the file stays as it is and a new segment begins after it.
            return Ok(());
        }
        let file = OpenOptions::new().append(true).open(&path)?;
        if found.good_len < *len {
            file.set_len(found.good_len)?;
            *len = found.good_len;
        }
        self.file = Some(file);
        Ok(())
    }

    /// The records are an agent's lines, of which none may be lost.
    pub fn keep_lines(&mut self) {
        self.waiting_max = LINES_MAX_BYTES;
    }

    /// Whether so much waits for the disk that whoever writes lines should pause.
    pub fn is_pressed(&self) -> bool {
        self.waiting_bytes > LINES_PRESSED_BYTES
    }

    /// The first record after `seq` of those that the disk does not have.
    pub fn waiting_after(&self, seq: u64) -> Option<&Waiting> {
        self.waiting.get(self.waiting.partition_point(|waiting| waiting.seq <= seq))
    }

    /// Gives the disk what waits for it, as far as it takes it.
    pub fn write_waiting(&mut self) -> io::Result<()> {
        while let Some(first) = self.waiting.pop_front() {
            if let Err(error) = self.write(first.seq, &first.encoded) {
                self.waiting.push_front(first);
                return Err(error);
            }
            self.waiting_bytes -= first.encoded.len();
        }
        Ok(())
    }

    /// Number of the last record.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The next record gets a number above `seq`.
    pub fn number_after(&mut self, seq: u64) {
        self.last_seq = self.last_seq.max(seq);
    }

    /// Writes a line that will be given to the child, or takes its number back: a line that is not
    /// in the journal is not given to anybody.
    pub fn append_line(&mut self, at: Millis, line: Vec<u8>) -> io::Result<Appended> {
        self.write_waiting()?;
        let record = Record { seq: self.last_seq + 1, at, kind: RecordKind::In, body: line };
        let encoded = record.encode();
        self.write(record.seq, &encoded)?;
        self.last_seq = record.seq;
        Ok(Appended { seq: record.seq, kind: record.kind, encoded, stored: Ok(()) })
    }

    /// Gives the record its number and writes it. The number is used up even when the write fails,
    /// because live followers get the record all the same.
    pub fn append(&mut self, at: Millis, kind: RecordKind, body: Vec<u8>) -> Appended {
        let behind = self.write_waiting();
        if self.lost_bytes > 0 && behind.is_ok() {
            self.mark_loss(at);
        }
        let body_len = body.len() as u64;
        self.last_seq += 1;
        let seq = self.last_seq;
        let encoded = Record { seq, at, kind, body }.encode();
        let stored = behind.and_then(|()| self.write(seq, &encoded));
        if stored.is_err() {
            // After a first one that is lost all are, so that the mark stands where they would.
            if self.lost_bytes == 0 && self.waiting_bytes + encoded.len() <= self.waiting_max {
                self.waiting_bytes += encoded.len();
                self.waiting.push_back(Waiting { seq, kind, encoded: encoded.clone() });
            } else {
                self.lost_bytes += body_len;
            }
        }
        Appended { seq, kind, encoded, stored }
    }

    /// Appends one of the host's own marks.
    pub fn mark(&mut self, at: Millis, mark: &Mark) -> Appended {
        // Our own type with string keys and integers: this cannot fail.
        let body = serde_json::to_vec(mark).unwrap_or_default();
        self.append(at, RecordKind::Mark, body)
    }

    fn mark_loss(&mut self, at: Millis) {
        let mark = Mark::Dropped { bytes: self.lost_bytes, unstored: true };
        let body = serde_json::to_vec(&mark).unwrap_or_default();
        let seq = self.last_seq + 1;
        let encoded = Record { seq, at, kind: RecordKind::Mark, body }.encode();
        if self.write(seq, &encoded).is_ok() {
            self.last_seq = seq;
            self.lost_bytes = 0;
        }
    }

    /// Writes the current segment anew when its file was deleted or its directory was moved: we still hold
    /// it open. Older ones are lost.
    pub fn restore(&mut self) -> io::Result<()> {
        let dir = &self.dir;
        self.segments.retain(|(first, _)| path(dir, *first).exists());
        let Some(file) = &self.file else { return Ok(()) };
        // Nobody but us holds it: the deleted file has no name, except through its descriptor.
        let held = format!("/proc/self/fd/{}", file.as_raw_fd());
        let (ours, first) = (file.metadata()?, self.current);
        let same = |there: fs::Metadata| (there.dev(), there.ino()) == (ours.dev(), ours.ino());
        if fs::metadata(path(dir, first)).is_ok_and(same) {
            return Ok(());
        }
        if path(dir, first).exists() {
            // Another file has its name: it stays, and the next record begins a segment after it.
            self.file = None;
            return Ok(());
        }
        let mut anew =
            OpenOptions::new().append(true).create(true).mode(0o600).open(path(dir, first))?;
        let len = io::copy(&mut File::open(held)?, &mut anew)?;
        self.file = Some(anew);
        self.segments.push_back((first, len));
        self.directory_dirty = true;
        Ok(())
    }

    fn segment_max(&self) -> u64 {
        (self.max_bytes / SEGMENTS_PER_JOURNAL).clamp(SEGMENT_MIN_BYTES, SEGMENT_MAX_BYTES)
    }

    fn write(&mut self, seq: u64, encoded: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if self.fails {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let added = encoded.len() as u64;
        let current = self.segments.back().map_or(0, |(_, len)| *len);
        if self.file.is_none()
            || self.segments.is_empty()
            || (current > 0 && current + added > self.segment_max())
        {
            self.begin_segment(seq)?;
        }
        self.drop_oldest(added)?;
        let (Some(file), Some((_, len))) = (&mut self.file, self.segments.back_mut()) else {
            return Err(io::Error::other("no journal segment is open"));
        };
        if let Err(error) = file.write_all(encoded) {
            // A half-written record would hide all later ones. If even this fails, the next open
            // cuts it off.
            file.set_len(*len).ok();
            return Err(error);
        }
        *len += added;
        Ok(())
    }

    fn begin_segment(&mut self, first: u64) -> io::Result<()> {
        let path = path(&self.dir, first);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        let previous = self.file.replace(file);
        self.segments.push_back((first, 0));
        self.current = first;
        self.directory_dirty = true;
        match previous {
            Some(previous) if self.durable => previous.sync_data(),
            _ => Ok(()),
        }
    }

    /// Makes room for `added` bytes; the current segment is never dropped.
    fn drop_oldest(&mut self, added: u64) -> io::Result<()> {
        let mut total: u64 = self.segments.iter().map(|(_, len)| *len).sum();
        while total + added > self.max_bytes && self.segments.len() > 1 {
            let Some((first, len)) = self.segments.pop_front() else { break };
            total -= len;
            match fs::remove_file(path(&self.dir, first)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes everything appended so far durable.
    pub fn sync(&mut self) -> io::Result<()> {
        self.durable = true;
        self.write_waiting()?;
        if let Some(file) = &self.file {
            file.sync_data()?;
        }
        if self.directory_dirty {
            sync_directory(&self.dir)?;
            self.directory_dirty = false;
        }
        Ok(())
    }

    /// Makes writes fail as on a full disk.
    #[cfg(test)]
    pub fn fail_writes(&mut self, fail: bool) {
        self.fails = fail;
    }
}
