//! Hearing of it when directories or files in them are deleted, moved away, or get another file in their place.
//!
//! Promise: costs nothing while nothing happens. A hint, not a proof: whoever hears it looks.
//! Where the system gives no such hints, none come.
//! Must not know: what the directories are for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Events read at once; they are only counted.
const EVENTS_BYTES: usize = 4096;

/// Readable when something in one of the watched directories, or one of them, went away or was replaced.
#[derive(Debug)]
pub struct Watch {
    fd: OwnedFd,
}

impl Watch {
    #[cfg(target_os = "linux")]
    pub fn of(dirs: &[&Path]) -> io::Result<Watch> {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let fd = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let away = WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVED_FROM
            // What was there before goes without a word of its own.
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        for dir in dirs {
            add_watch(&fd, *dir, away)?;
        }
        Ok(Watch { fd })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of(_dirs: &[&Path]) -> io::Result<Watch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes what has come; true when there was anything.
    pub fn take(&self) -> io::Result<bool> {
        let mut buffer = [0; EVENTS_BYTES];
        let mut any = false;
        loop {
            match rustix::io::read(&self.fd, &mut buffer) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(any),
                Ok(_) => any = true,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl std::os::fd::AsRawFd for Watch {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_heard_and_a_creation_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let watch = Watch::of(&[dir.path()]).unwrap();
        std::fs::write(dir.path().join("a"), "").unwrap();
        assert!(!watch.take().unwrap());
        std::fs::remove_file(dir.path().join("a")).unwrap();
        assert!(watch.take().unwrap() && !watch.take().unwrap());
        std::fs::write(dir.path().join("b"), "").unwrap();
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("c"), "").unwrap();
        std::fs::rename(other.path().join("c"), dir.path().join("b")).unwrap();
        assert!(watch.take().unwrap(), "another file is in its place");
        let path = dir.path().to_owned();
        drop(dir);
        assert!(!path.exists() && watch.take().unwrap());
    }
}
