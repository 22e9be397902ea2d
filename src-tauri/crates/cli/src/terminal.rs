//! The user's own terminal: its size, raw mode, reading and writing without ever blocking.
//!
//! Promise: whatever way the process takes out (return, error, signal, panic), the terminal is as it
//! was found. The device is opened anew, so that our non-blocking mode is not the shell's too.

use nightshift_protocol::{Fault, FaultCode};
use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, ttyname,
};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Where no terminal says better.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// Undoes what a program may have switched on: alternate screen, colours, mouse, bracketed paste,
/// focus reports, key modes, origin and scroll region; shows the cursor.
pub const RESET: &[u8] = b"\x1b[?1049l\x1b[!p\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\
\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?1l\x1b>\x1b[<u\x1b[?6l\x1b[r\x1b[?7h\x1b[?25h\x1b[m";
/// After `RESET`: an empty screen.
pub const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

/// What a panic, which runs no destructors in a release build, has to put back.
static ORIGINAL: OnceLock<Termios> = OnceLock::new();

/// Columns and rows of the terminal that stdout goes to.
pub fn size() -> (u16, u16) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        Ok(_) | Err(_) => DEFAULT_SIZE,
    }
}

/// The terminal in raw mode, until dropped.
pub struct RawTerminal {
    input: AsyncFd<OwnedFd>,
    output: AsyncFd<OwnedFd>,
    original: Termios,
}

impl RawTerminal {
    pub fn enter() -> Result<RawTerminal, Fault> {
        if !isatty(rustix::stdio::stdin()) || !isatty(rustix::stdio::stdout()) {
            return Err(Fault::new(FaultCode::Invalid, "attach needs a terminal")
                .hint("to read without one: nightshift logs --follow"));
        }
        let trouble = |e: io::Error| Fault::new(FaultCode::Io, format!("your terminal: {e}"));
        let input = reopen(rustix::stdio::stdin()).map_err(trouble)?;
        let output = reopen(rustix::stdio::stdout()).map_err(trouble)?;
        let original = tcgetattr(&input).map_err(|e| trouble(e.into()))?;
        let terminal = RawTerminal {
            input: watch(input, Interest::READABLE).map_err(trouble)?,
            output: watch(output, Interest::WRITABLE).map_err(trouble)?,
            original,
        };
        restore_on_panic(&terminal.original);
        terminal.make_raw().map_err(trouble)?;
        Ok(terminal)
    }

    /// Also after the process was stopped and continued: the shell has set its own mode meanwhile.
    pub fn make_raw(&self) -> io::Result<()> {
        let mut raw = self.original.clone();
        raw.make_raw();
        Ok(tcsetattr(self.input.get_ref(), OptionalActions::Now, &raw)?)
    }

    /// What was typed; 0 when the terminal is gone.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = |fd: &OwnedFd| Ok(rustix::io::read(fd, &mut *buffer)?);
        self.input.async_io(Interest::READABLE, read).await
    }

    /// Writes what the terminal takes now; at least one byte.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let write = |fd: &OwnedFd| Ok(rustix::io::write(fd, bytes)?);
        self.output.async_io(Interest::WRITABLE, write).await
    }

    /// Leaves raw mode and writes `farewell` on a clean line.
    pub fn leave(self, farewell: &str) {
        let output = self.output.as_fd().try_clone_to_owned();
        drop(self);
        if let Ok(output) = output {
            let text = format!("\r\n{farewell}\r\n");
            // A terminal that takes nothing any more needs no farewell.
            rustix::io::write(output, text.as_bytes()).ok();
        }
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        rustix::io::write(self.output.get_ref(), RESET).ok();
        tcsetattr(self.input.get_ref(), OptionalActions::Now, &self.original).ok();
    }
}

fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor is open, and the same one, for as long as it is owned.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(Into::into)
}

fn reopen(fd: impl AsFd) -> io::Result<OwnedFd> {
    let name = ttyname(fd, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(open(name.as_c_str(), flags, Mode::empty())?)
}

fn restore_on_panic(original: &Termios) {
    if ORIGINAL.set(original.clone()).is_err() {
        return;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(original) = ORIGINAL.get() {
            rustix::io::write(rustix::stdio::stdout(), RESET).ok();
            tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, original).ok();
        }
        before(panic);
    }));
}
