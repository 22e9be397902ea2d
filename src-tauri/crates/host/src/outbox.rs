//! Bytes on their way to a descriptor that never blocks.
//!
//! Promise: order is kept; the buffer is given back once it is empty.
//! Must not know: what the bytes mean. Its users bound what they put in.

use rustix::io::Errno;
use std::os::fd::AsFd;

/// A buffer that grew beyond this is freed when it has run empty.
const BUFFER_KEEP_BYTES: usize = 32 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    buffer: Vec<u8>,
    start: usize,
}

/// The other side is gone or refuses bytes for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl Outbox {
    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    pub fn clear(&mut self) {
        *self = Outbox::default();
    }

    /// Writes as much as the descriptor takes now.
    pub fn write_to(&mut self, fd: &impl AsFd) -> Result<(), Broken> {
        while !self.is_empty() {
            match rustix::io::write(fd, &self.buffer[self.start..]) {
                Ok(0) => return Err(Broken),
                Ok(written) => self.start += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(_) => return Err(Broken),
            }
        }
        self.start = 0;
        if self.buffer.capacity() > BUFFER_KEEP_BYTES {
            self.buffer = Vec::new();
        } else {
            self.buffer.clear();
        }
        Ok(())
    }
}
