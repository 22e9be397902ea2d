//! Pseudo-terminals: open one, start a program on it, change its size.
//!
//! Promise: the program gets a session of its own with the terminal as its controlling one; the
//! master side never blocks.
//! Must not know: what flows through it.

use crate::process::Identity;
use crate::spawn::{Program, command};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{InputModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;

/// Both sides of a terminal. The program's side is kept open too: without it the master reports a
/// hang-up for ever as soon as the program closes its own descriptors.
#[derive(Debug)]
pub struct Pty {
    pub master: OwnedFd,
    slave: OwnedFd,
}

impl Pty {
    /// A terminal of this size; its master side is non-blocking.
    pub fn open(cols: u16, rows: u16) -> io::Result<Pty> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        resize(&master, cols, rows)?;
        // Without this the kernel's line editing erases one byte of a character, not all of it.
        let mut modes = tcgetattr(&slave)?;
        modes.input_modes |= InputModes::IUTF8;
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        Ok(Pty { master, slave })
    }

    /// Starts the program in a session of its own on this terminal.
    pub fn spawn(&self, program: &Program<'_>) -> io::Result<(Child, Identity)> {
        let mut command = command(program, true)?;
        command.stdin(self.slave.try_clone()?);
        command.stdout(self.slave.try_clone()?);
        command.stderr(self.slave.try_clone()?);
        let child = command.spawn()?;
        let identity = Identity::of(child.id())?;
        Ok((child, identity))
    }

    /// Lets go of the program's side: reading the master then comes to an end when nobody else
    /// holds that side.
    pub fn into_master(self) -> OwnedFd {
        self.master
    }
}

/// Changes the size; the kernel sends SIGWINCH to the foreground group when it differs.
pub fn resize(master: &impl AsFd, cols: u16, rows: u16) -> io::Result<()> {
    let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(master, size)?)
}

/// The process group that reads the terminal now; none when nobody does.
pub fn foreground_group(master: &impl AsFd) -> Option<u32> {
    let pid = rustix::termios::tcgetpgrp(master).ok()?;
    u32::try_from(pid.as_raw_nonzero().get()).ok()
}

/// Signals the group that reads the terminal now; nothing happens when there is none.
pub fn signal_foreground(master: &impl AsFd, signal: i32) -> io::Result<()> {
    let signal = crate::process::named_signal(signal)?;
    match rustix::termios::tcgetpgrp(master) {
        Ok(group) => Ok(rustix::process::kill_process_group(group, signal)?),
        Err(_) => Ok(()),
    }
}
