//! Hearing of it when the machine's clock is set or the machine has slept.
//!
//! Promise: costs nothing while nothing happens. Where the system tells nothing there is no watch.
//! Must not know: what is planned.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A time that never comes, in seconds since the epoch (the year 2255): only what happens to the clock is heard of.
#[cfg(target_os = "linux")]
const NEVER_S: i64 = 9_000_000_000;

/// Readable when the clock was set, which it is after sleep too.
#[derive(Debug)]
pub struct ClockWatch {
    fd: OwnedFd,
}

impl ClockWatch {
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<ClockWatch> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let watch = ClockWatch { fd: timerfd_create(TimerfdClockId::Realtime, flags)? };
        watch.arm()?;
        Ok(watch)
    }

    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<ClockWatch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(target_os = "linux")]
    fn arm(&self) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let never =
            Itimerspec { it_interval: none, it_value: Timespec { tv_sec: NEVER_S, ..none } };
        let how = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(&self.fd, how, &never) {
            // The clock was set in this moment; the timer is armed all the same.
            Ok(_) | Err(rustix::io::Errno::CANCELED) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Takes what has come; true when something happened to the clock.
    #[cfg(target_os = "linux")]
    pub fn take(&self) -> io::Result<bool> {
        let mut count = [0; 8];
        match rustix::io::read(&self.fd, &mut count) {
            Ok(_) | Err(rustix::io::Errno::CANCELED) => self.arm().map(|()| true),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub fn take(&self) -> io::Result<bool> {
        Ok(false)
    }
}

impl AsFd for ClockWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for ClockWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nobody_sets_says_nothing() {
        let watch = ClockWatch::new().unwrap();
        assert!(!watch.take().unwrap());
        watch.arm().unwrap();
        assert!(!watch.take().unwrap());
    }
}
