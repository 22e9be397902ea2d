//! The one child of a host and the descriptors that lead to it.
//!
//! Promise: reading and writing never block; everything the child is given is bounded.
//! Must not know: clients, the journal, why the child ends.

use crate::outbox::Outbox;
use nightshift_model::Millis;
use nightshift_platform::process::Identity;
use nightshift_platform::pty::{self, Pty};
use nightshift_protocol::lines::{LineSplitter, Overlong};
use nightshift_protocol::record::RECORD_BODY_MAX_BYTES;
use nightshift_screen::Screen;
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// One record of PTY output at most; also what is read before anything else gets its turn.
pub(crate) const OUTPUT_BYTES: usize = 64 * 1024;
/// Keystrokes that wait for a program that does not read; then its viewers' input waits too.
pub(crate) const KEYS_MAX_BYTES: usize = 256 * 1024;
/// Lines that wait for an agent that does not read its stdin; more are refused.
pub(crate) const STDIN_MAX_BYTES: usize = 32 * 1024 * 1024;
/// A longer line of stderr is cut: it is for people.
const STDERR_LINE_MAX_BYTES: usize = 64 * 1024;

pub(crate) struct Child {
    pub identity: Identity,
    pub started_at: Millis,
    pub io: ChildIo,
}

pub(crate) enum ChildIo {
    Pty(Box<PtyIo>),
    Pipe(Box<PipeIo>),
}

pub(crate) struct PtyIo {
    pty: Terminal,
    pub keys: Outbox,
    pub screen: Screen,
    pub ended: bool,
}

enum Terminal {
    Whole(Pty),
    /// The program's side has been let go of.
    Master(OwnedFd),
    /// Between the two.
    Closed,
}

pub(crate) struct PipeIo {
    pub stdin: Option<OwnedFd>,
    pub lines_in: Outbox,
    pub stdout: Source,
    pub stderr: Source,
    /// The last line the child printed, for watchers.
    pub last_line: Vec<u8>,
}

/// One of the child's output pipes.
pub(crate) struct Source {
    pub fd: Option<OwnedFd>,
    pub lines: LineSplitter,
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Bytes(usize),
    NothingNow,
    Ended,
}

impl PtyIo {
    pub fn new(pty: Pty, screen: Screen) -> PtyIo {
        PtyIo { pty: Terminal::Whole(pty), keys: Outbox::default(), screen, ended: false }
    }

    pub fn master(&self) -> Option<&OwnedFd> {
        match &self.pty {
            Terminal::Whole(pty) => Some(&pty.master),
            Terminal::Master(master) => Some(master),
            Terminal::Closed => None,
        }
    }

    /// Nobody of ours holds the program's side any more: reading then comes to an end.
    pub fn release(&mut self) {
        if let Terminal::Whole(pty) = std::mem::replace(&mut self.pty, Terminal::Closed) {
            self.pty = Terminal::Master(pty.into_master());
        }
    }

    /// Reads until nothing more is there or the buffer is full.
    pub fn read(&mut self, buffer: &mut [u8]) -> Output {
        let Some(master) = self.master() else { return Output::Ended };
        let mut len = 0;
        while len < buffer.len() {
            match read_some(master, &mut buffer[len..]) {
                Output::Bytes(more) => len += more,
                Output::NothingNow if len == 0 => return Output::NothingNow,
                Output::Ended if len == 0 => {
                    self.ended = true;
                    return Output::Ended;
                }
                // What was read comes first; the next read tells again.
                Output::NothingNow | Output::Ended => break,
            }
        }
        Output::Bytes(len)
    }

    pub fn flush_keys(&mut self) {
        let master = match &self.pty {
            Terminal::Whole(pty) => &pty.master,
            Terminal::Master(master) => master,
            Terminal::Closed => return,
        };
        if self.keys.write_to(master).is_err() {
            self.keys.clear();
        }
    }

    /// Makes screen and terminal this size; gives back what it became.
    pub fn resize(&mut self, cols: u16, rows: u16) -> io::Result<(u16, u16)> {
        let (cols, rows) = self.screen.resize(cols, rows);
        if let Some(master) = self.master() {
            pty::resize(master, cols, rows)?;
        }
        Ok((cols, rows))
    }
}

impl PipeIo {
    pub fn new(stdin: OwnedFd, stdout: OwnedFd, stderr: OwnedFd) -> io::Result<PipeIo> {
        for fd in [&stdin, &stdout, &stderr] {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        let source =
            |fd, max, overlong| Source { fd: Some(fd), lines: LineSplitter::new(max, overlong) };
        Ok(PipeIo {
            stdin: Some(stdin),
            lines_in: Outbox::default(),
            stdout: source(stdout, RECORD_BODY_MAX_BYTES, Overlong::Drop),
            stderr: source(stderr, STDERR_LINE_MAX_BYTES, Overlong::Cut),
            last_line: Vec::new(),
        })
    }

    pub fn flush_lines(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        if self.lines_in.write_to(stdin).is_err() {
            self.close_stdin();
        }
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
        self.lines_in.clear();
    }

    pub fn ended(&self) -> bool {
        self.stdout.fd.is_none() && self.stderr.fd.is_none()
    }
}

impl Source {
    /// Reads once; at the end the descriptor is closed.
    pub fn read(&mut self, buffer: &mut [u8]) -> Output {
        let Some(fd) = &self.fd else { return Output::Ended };
        let output = read_some(fd, buffer);
        if output == Output::Ended {
            self.fd = None;
        }
        output
    }
}

fn read_some(fd: &impl AsFd, buffer: &mut [u8]) -> Output {
    loop {
        match rustix::io::read(fd, &mut *buffer) {
            Ok(0) => return Output::Ended,
            Ok(len) => return Output::Bytes(len),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Output::NothingNow,
            // EIO: the terminal's other side is closed.
            Err(_) => return Output::Ended,
        }
    }
}
