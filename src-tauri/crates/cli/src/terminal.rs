//! The user's own terminal: its size, raw mode, and putting it back in order.
//!
//! Promise: whatever way the process takes out (return, error, signal, panic), the terminal is as it
//! was found. The device is opened anew, so that a non-blocking mode is not the shell's too.

use nightshift_protocol::host::TERMINAL_RESET;
use nightshift_protocol::{Fault, FaultCode};
use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, ttyname,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

/// Where no terminal says better.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// What a panic, which runs no destructors in a release build, has to put back.
static ORIGINAL: OnceLock<Termios> = OnceLock::new();

/// Columns and rows of the terminal that stdout goes to.
pub fn size() -> (u16, u16) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        Ok(_) | Err(_) => DEFAULT_SIZE,
    }
}

/// Columns of the terminal that stdout goes to; none where it goes elsewhere.
pub fn columns() -> Option<usize> {
    isatty(rustix::stdio::stdout()).then(|| usize::from(size().0))
}

/// The terminal in raw mode, until dropped.
pub struct RawTerminal {
    device: OwnedFd,
    original: Termios,
}

impl RawTerminal {
    pub fn enter() -> Result<RawTerminal, Fault> {
        if !isatty(rustix::stdio::stdin()) || !isatty(rustix::stdio::stdout()) {
            return Err(Fault::new(FaultCode::Invalid, "attach needs a terminal")
                .hint("to read without one: nightshift logs --follow"));
        }
        let trouble = |e: io::Error| Fault::new(FaultCode::Io, format!("your terminal: {e}"));
        let device = reopen(rustix::stdio::stdin()).map_err(trouble)?;
        let original = tcgetattr(&device).map_err(|e| trouble(e.into()))?;
        let terminal = RawTerminal { device, original };
        restore_on_panic(&terminal.original);
        terminal.make_raw().map_err(trouble)?;
        Ok(terminal)
    }

    /// Also after the process was stopped and continued: the shell has set its own mode meanwhile.
    pub fn make_raw(&self) -> io::Result<()> {
        let mut raw = self.original.clone();
        raw.make_raw();
        Ok(tcsetattr(&self.device, OptionalActions::Now, &raw)?)
    }

    /// What is handed over: never blocks, and nobody else's descriptor is affected by that.
    pub fn device(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }

    /// Leaves raw mode and writes `farewell` on a clean line.
    pub fn leave(self, farewell: &str) {
        let device = self.device.as_fd().try_clone_to_owned();
        drop(self);
        if let Ok(device) = device {
            let text = format!("\r\n{farewell}\r\n");
            // A terminal that takes nothing any more needs no farewell.
            rustix::io::write(device, text.as_bytes()).ok();
        }
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        rustix::io::write(&self.device, TERMINAL_RESET.as_bytes()).ok();
        tcsetattr(&self.device, OptionalActions::Now, &self.original).ok();
    }
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
            rustix::io::write(rustix::stdio::stdout(), TERMINAL_RESET.as_bytes()).ok();
            tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, original).ok();
        }
        before(panic);
    }));
}
