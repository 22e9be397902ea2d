//! Hearing of it when directories or files in them are deleted, moved away, or get another file in their place;
//! or, where that is asked for, when anything in them is another than before.
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
        let watch = Watch::none()?;
        dirs.iter().try_for_each(|dir| watch.add(dir, away()))?;
        Ok(watch)
    }

    /// Of all that is written, made, moved or deleted in `dir`, which may be no link; and of `above`, which it is in,
    /// only what comes and goes there.
    #[cfg(target_os = "linux")]
    pub fn of_changes(dir: &Path, above: &Path) -> io::Result<Watch> {
        use rustix::fs::inotify::WatchFlags;
        let watch = Watch::none()?;
        watch.add(above, away() | WatchFlags::CREATE)?;
        let written = WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB | WatchFlags::DONT_FOLLOW;
        match watch.add(dir, away() | WatchFlags::CREATE | written) {
            // Its coming is heard of from above.
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(watch)
            }
            added => added.map(|()| watch),
        }
    }

    /// Of one file, or one link itself: when it is written, replaced, moved or deleted. What is put in its place is
    /// another file, to be watched anew.
    #[cfg(target_os = "linux")]
    pub fn of_file(file: &Path) -> io::Result<Watch> {
        use rustix::fs::inotify::WatchFlags;
        let watch = Watch::none()?;
        let written = WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB | WatchFlags::DONT_FOLLOW;
        watch.add(file, written | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF)?;
        Ok(watch)
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of_file(_file: &Path) -> io::Result<Watch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(target_os = "linux")]
    fn none() -> io::Result<Watch> {
        use rustix::fs::inotify::{CreateFlags, init};
        Ok(Watch { fd: init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)? })
    }

    #[cfg(target_os = "linux")]
    fn add(&self, dir: &Path, flags: rustix::fs::inotify::WatchFlags) -> io::Result<()> {
        rustix::fs::inotify::add_watch(&self.fd, dir, flags)?;
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of(_dirs: &[&Path]) -> io::Result<Watch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of_changes(_dir: &Path, _above: &Path) -> io::Result<Watch> {
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

/// Something goes, or gets another thing in its place.
#[cfg(target_os = "linux")]
fn away() -> rustix::fs::inotify::WatchFlags {
    use rustix::fs::inotify::WatchFlags;
    WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVED_FROM
        // What was there before goes without a word of its own.
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR
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
    fn changes_are_heard_in_a_directory_that_comes_later_too() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("routines");
        let watch = Watch::of_changes(&dir, above.path()).unwrap();
        assert!(!watch.take().unwrap());
        std::fs::create_dir(&dir).unwrap();
        assert!(watch.take().unwrap());
        let watch = Watch::of_changes(&dir, above.path()).unwrap();
        std::fs::write(dir.join("a.md"), "a").unwrap();
        assert!(watch.take().unwrap() && !watch.take().unwrap());
        std::fs::write(dir.join("a.md"), "b").unwrap();
        assert!(watch.take().unwrap(), "it was written again");
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(watch.take().unwrap());
    }

    #[test]
    fn a_link_that_is_replaced_is_heard_of() {
        let dir = tempfile::tempdir().unwrap();
        let (link, new) = (dir.path().join("localtime"), dir.path().join("new"));
        std::os::unix::fs::symlink("/one", &link).unwrap();
        let watch = Watch::of_file(&link).unwrap();
        assert!(!watch.take().unwrap());
        std::os::unix::fs::symlink("/two", &new).unwrap();
        std::fs::rename(&new, &link).unwrap();
        assert!(watch.take().unwrap());
    }

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
