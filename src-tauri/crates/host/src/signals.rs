//! Signals as something to poll: a child ended, or we are asked to end.
//!
//! Promise: handlers only write a byte. Must not know: what follows.

use nightshift_platform::signals::{SIGCHLD, SIGTERM};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Signals {
    wake: UnixStream,
    terminate: Arc<AtomicBool>,
}

impl Signals {
    /// From now on these signals are heard here; call before the first child is started.
    pub fn listen() -> io::Result<Signals> {
        let (wake, write) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let terminate = Arc::new(AtomicBool::new(false));
        // The flag first: it must be set when the byte arrives.
        signal_hook::flag::register(SIGTERM, Arc::clone(&terminate))?;
        signal_hook::low_level::pipe::register(SIGTERM, write.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGCHLD, write)?;
        Ok(Signals { wake, terminate })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Takes the bytes off the pipe; true when we were asked to end.
    pub fn take_terminate(&mut self) -> bool {
        let mut bytes = [0; 64];
        // Until nothing more is there: an error here means just that.
        while self.wake.read(&mut bytes).is_ok_and(|read| read > 0) {}
        self.terminate.swap(false, Ordering::Relaxed)
    }
}
