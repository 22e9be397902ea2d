//! Signals as something to poll: a child ended, we are asked to end, or to mend our directory.
//!
//! Promise: handlers only write a byte. Must not know: what follows.

use nightshift_platform::signals::{SIGCHLD, SIGTERM, SIGURG};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Signals {
    wake: UnixStream,
    terminate: Arc<AtomicBool>,
    restore: Arc<AtomicBool>,
}

/// What we were asked for since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub terminate: bool,
    /// Our directory or socket was deleted: make them anew. By a signal because nobody can reach us
    /// by the socket then.
    pub restore: bool,
}

impl Signals {
    /// From now on these signals are heard here; call before the first child is started.
    pub fn listen() -> io::Result<Signals> {
        let (wake, write) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let terminate = Arc::new(AtomicBool::new(false));
        let restore = Arc::new(AtomicBool::new(false));
        // The flag first: it must be set when the byte arrives.
        signal_hook::flag::register(SIGTERM, Arc::clone(&terminate))?;
        signal_hook::low_level::pipe::register(SIGTERM, write.try_clone()?)?;
        signal_hook::flag::register(SIGURG, Arc::clone(&restore))?;
        signal_hook::low_level::pipe::register(SIGURG, write.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGCHLD, write)?;
        Ok(Signals { wake, terminate, restore })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Takes the bytes off the pipe and says what we were asked for.
    pub fn take(&mut self) -> Asked {
        let mut bytes = [0; 64];
        // Until nothing more is there: an error here means just that.
        while self.wake.read(&mut bytes).is_ok_and(|read| read > 0) {}
        let taken = |flag: &AtomicBool| flag.swap(false, Ordering::Relaxed);
        Asked { terminate: taken(&self.terminate), restore: taken(&self.restore) }
    }
}
