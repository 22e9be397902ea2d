//! A viewer's own terminal that was handed over: keys come from it and output is drawn on it
//! without a process in between.
//!
//! Promise: never blocks; the detach key is found wherever it stands.
//! Must not know: the session's own terminal, frames.

use crate::outbox::{Broken, Outbox};
use crate::paste::Pastes;
use nightshift_platform::clock;
use nightshift_protocol::host::{TERMINAL_CLEAR, TERMINAL_RESET};
use nightshift_screen::TerminalFilter;
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Keys taken in one read: as many as a terminal's line holds.
const KEYS_BYTES: usize = 4096;
/// Reads in one go. A paste shall be seen whole where it can be, and others get their turn.
const READS_MAX: usize = 16;
/// Detach keys a viewer may name, and their length: there are one or two ways to send one key.
const DETACH_KEYS_MAX: usize = 8;
const DETACH_KEY_MAX_BYTES: usize = 32;

/// Keys that wait for a program which reads none: so much of a paste is kept. Beyond it keys are
/// dropped, as a terminal's own line does after 4 KiB, because the detach key may stand behind them.
pub(crate) const WAITING_KEYS_MAX_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct HandedTerminal {
    fd: OwnedFd,
    /// Bytes to draw.
    pub out: Outbox,
    filter: TerminalFilter,
    pastes: Pastes,
    detach_keys: Vec<Vec<u8>>,
    /// The last keys that were handed on: a detach key may begin among them.
    recent: Vec<u8>,
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Nothing,
    Keys {
        keys: Vec<u8>,
        detach: bool,
    },
    /// The terminal is gone.
    Gone,
}

impl HandedTerminal {
    /// With `clipboard` the session's programs may write to the clipboard of the terminal's user.
    pub fn new(
        fd: OwnedFd,
        detach_keys: Vec<String>,
        clipboard: bool,
    ) -> io::Result<HandedTerminal> {
        if !rustix::termios::isatty(&fd) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no terminal"));
        }
        rustix::io::ioctl_fionbio(&fd, true)?;
        let fits = |key: &String| !key.is_empty() && key.len() <= DETACH_KEY_MAX_BYTES;
        let keys = detach_keys.into_iter().filter(fits).take(DETACH_KEYS_MAX);
        let detach_keys = keys.map(String::into_bytes).collect();
        Ok(HandedTerminal {
            fd,
            out: Outbox::default(),
            filter: TerminalFilter::new(clipboard),
            pastes: Pastes::default(),
            detach_keys,
            recent: Vec::new(),
        })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The next output repaints everything.
    pub fn begin_picture(&mut self) {
        self.filter.begin_anew();
        self.out.push(TERMINAL_RESET.as_bytes());
        self.out.push(TERMINAL_CLEAR.as_bytes());
    }

    /// Output of the program, without what a terminal shall not be told by it.
    pub fn show(&mut self, bytes: &[u8]) {
        let shown = self.filter.pass(bytes);
        self.out.push(&shown);
    }

    pub fn flush(&mut self) -> Result<(), Broken> {
        self.out.write_to(&self.fd)
    }

    /// What was typed and pasted since. The detach key does not count inside a paste.
    pub fn read(&mut self) -> Typed {
        let mut keys = Vec::new();
        let mut buffer = [0; KEYS_BYTES];
        for _ in 0..READS_MAX {
            match rustix::io::read(&self.fd, &mut buffer) {
                Ok(len) if len > 0 => keys.extend_from_slice(&buffer[..len]),
                Err(Errno::AGAIN | Errno::INTR) => break,
                // What was typed before still counts; the next read says the same again.
                Ok(_) | Err(_) if !keys.is_empty() => break,
                Ok(_) | Err(_) => return Typed::Gone,
            }
        }
        let keys = self.pastes.clean(&keys, clock::monotonic());
        if keys.is_empty() { Typed::Nothing } else { self.until_detach(&keys) }
    }

    /// The keys before the detach key, and whether there was one. One that was cut in two by a read
    /// is found too; its first half was handed on then.
    fn until_detach(&mut self, keys: &[u8]) -> Typed {
        let before = self.recent.len();
        self.recent.extend_from_slice(keys);
        let all = std::mem::take(&mut self.recent);
        let find = |key: &Vec<u8>| {
            let first = before.saturating_sub(key.len() - 1);
            let found = all[first..].windows(key.len()).position(|window| window == key);
            found.map(|at| (first + at).saturating_sub(before))
        };
        if let Some(at) = self.detach_keys.iter().filter_map(find).min() {
            return Typed::Keys { keys: keys[..at].to_vec(), detach: true };
        }
        self.recent = all[all.len().saturating_sub(DETACH_KEY_MAX_BYTES - 1)..].to_vec();
        Typed::Keys { keys: keys.to_vec(), detach: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_platform::pty::Pty;

    #[test]
    fn keys_before_the_detach_key_still_count() {
        let pty = Pty::open(80, 24).unwrap();
        let keys = vec!["\x1c".to_owned(), "\x1b[92;5u".to_owned(), String::new()];
        let mut terminal = HandedTerminal::new(pty.into_master(), keys, false).unwrap();
        for (keys, before, detach) in [
            (&b"ls\r"[..], &b"ls\r"[..], false),
            (b"\x1c", b"", true),
            (b"ab\x1ccd", b"ab", true),
            (b"x\x1b[92;5u", b"x", true),
        ] {
            let expected = Typed::Keys { keys: before.to_vec(), detach };
            assert_eq!(terminal.until_detach(keys), expected, "{keys:?}");
        }
        // Cut in two by the read.
        let keys = |keys: &[u8], detach| Typed::Keys { keys: keys.to_vec(), detach };
        assert_eq!(terminal.until_detach(b"x\x1b[92"), keys(b"x\x1b[92", false));
        assert_eq!(terminal.until_detach(b";5ux"), keys(b"", true));
        assert_eq!(terminal.until_detach(b";5u"), keys(b";5u", false), "found a second time");
    }

    #[test]
    fn what_is_no_terminal_is_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(HandedTerminal::new(file.into(), Vec::new(), false).is_err());
    }
}
