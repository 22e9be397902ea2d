//! Which processes are a home's own: its supervisor and its hosts.
//!
//! A session may well have started them: its user's first `nightshift` of the day was a command in
//! it. They belong to all sessions and end with none. What else a session starts is the session's, a
//! supervisor with another home too.
//!
//! Promise: told by the file a process runs *and* by what the home has written down of it, by pid and
//! start time; never by what a process says of itself (variables, arguments, its name).
//! Must not know: why anyone wants to know.

use crate::finding::document;
use nightshift_platform::dirs::{self, Home};
use nightshift_platform::process::{arguments, runs_our_program};
use nightshift_platform::{Identity, lock};
use nightshift_protocol::Ready;
use nightshift_protocol::launch::READY_FILE;
use std::io;
use std::path::{Path, PathBuf};

pub struct Household {
    /// The sessions' directories.
    jobs: PathBuf,
    /// Says who the supervisor is; none in the supervisor itself.
    lock: Option<PathBuf>,
}

impl Household {
    /// For the supervisor, which has a session in `dir`.
    pub fn of_supervisor(dir: &Path) -> Household {
        Household { jobs: parent(dir), lock: None }
    }

    /// For the host of the session in `dir`, which listens at `socket`.
    pub(crate) fn of_host(dir: &Path, socket: &Path) -> Household {
        let run = parent(socket);
        let lock = Home { state: PathBuf::new(), run }.lock_file();
        Household { jobs: parent(dir), lock: Some(lock) }
    }

    /// Whether `process` is the supervisor or a host of this home.
    pub fn is_member(&self, process: &Identity) -> io::Result<bool> {
        if process.pid == std::process::id() {
            return Ok(true);
        }
        // Nearly every process is told by this alone.
        if !runs_our_program(process.pid)? {
            return Ok(false);
        }
        Ok(self.is_supervisor(process) || self.is_host(process))
    }

    fn is_supervisor(&self, process: &Identity) -> bool {
        let holder = self.lock.as_ref().and_then(|lock| lock::holder(lock));
        holder.is_some_and(|h| (h.pid, h.start_ticks) == (process.pid, process.start_ticks))
    }

    fn is_host(&self, process: &Identity) -> bool {
        // Only where to look: a process says of itself what it likes.
        let Ok(words) = arguments(process.pid) else { return false };
        let Some(dir) = words.last().map(PathBuf::from) else { return false };
        let inside = dir.file_name().is_some() && dirs::is_same(&parent(&dir), &self.jobs);
        inside && is_host_of(&dir, process)
    }
}

fn is_host_of(dir: &Path, process: &Identity) -> bool {
    match document::<Ready>(dir, READY_FILE) {
        Ok(Some(ready)) => (ready.pid, ready.start_ticks) == (process.pid, process.start_ticks),
        Ok(None) => false,
        // Damaged, or of another version. What cannot be known is left alone.
        Err(_) => true,
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
