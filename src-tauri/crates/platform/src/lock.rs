//! A role held by one process at a time: a file lock that says who holds it.
//!
//! Promise: the kernel releases the role when the holder ends, however it ends; the file itself is
//! never deleted, so nobody can lock a file that a successor no longer looks at.
//! Must not know: what the role is.

use crate::clock;
use crate::files::read_bounded;
use crate::mark::Mark;
use crate::process::{Identity, Liveness3, boot_id};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// Far more than a holder's JSON takes; anything larger is not ours.
const HOLDER_MAX_BYTES: u64 = 4096;
/// Another program may delete the file between open and lock; this often we start over.
const ACQUIRE_ATTEMPTS: u32 = 8;
/// Between two tries for a turn: turns last milliseconds.
const TURN_PAUSE: Duration = Duration::from_millis(5);

/// Who holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub pid: u32,
    /// Kernel start time: tells the holder from a later process with its pid.
    pub start_ticks: u64,
    /// Version of the holder's build.
    pub version: String,
    /// The holder's mark; none from builds that did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The boot it held the role in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
}

/// The role, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct RoleLock {
    file: File,
}

impl RoleLock {
    /// Takes the role if it is free; none when another process holds it. Never waits.
    pub fn acquire(path: &Path) -> io::Result<Option<RoleLock>> {
        for _ in 0..ACQUIRE_ATTEMPTS {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            if !still_at(path, &file)? {
                continue;
            }
            let own = Identity::own()?;
            let version = env!("CARGO_PKG_VERSION").to_owned();
            let holder = Holder {
                pid: own.pid,
                start_ticks: own.start_ticks,
                version,
                mark: Some(Mark::remembered()),
                boot: boot_id().ok(),
            };
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&serde_json::to_vec(&holder)?)?;
            return Ok(Some(RoleLock { file }));
        }
        Err(io::Error::other(format!("{} is being replaced again and again", path.display())))
    }
}

impl RoleLock {
    /// Whether `path` still names the file that is locked.
    pub fn is_at(&self, path: &Path) -> bool {
        still_at(path, &self.file).unwrap_or(false)
    }
}

/// A short piece of work that one process (and one thread) does at a time. Unlike a role it is waited
/// for.
#[derive(Debug)]
pub struct TurnLock {
    _file: File,
}

impl TurnLock {
    /// `TimedOut` when others kept it for `timeout`. The file stays: see `RoleLock`.
    pub fn wait(path: &Path, timeout: Duration) -> io::Result<TurnLock> {
        let until = clock::monotonic() + timeout;
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(TurnLock { _file: file }),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if clock::monotonic() >= until {
                let text = format!("{} is held by another process", path.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            std::thread::sleep(TURN_PAUSE);
        }
    }
}

fn still_at(path: &Path, file: &File) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Who holds the role now. None when the recorded process is gone or nothing is recorded.
///
/// Asks the process table, not the lock: probing the lock would for a moment look like a holder to
/// a process that is just trying to take it.
pub fn holder(path: &Path) -> Option<Holder> {
    let holder = last_holder(path)?;
    let identity = Identity { pid: holder.pid, start_ticks: holder.start_ticks };
    (identity.liveness() != Liveness3::Gone).then_some(holder)
}

/// Who holds the role or held it last, alive or not.
pub fn last_holder(path: &Path) -> Option<Holder> {
    let bytes = read_bounded(path, HOLDER_MAX_BYTES).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Whether the kernel says that process `pid` has locked the file at `path`: what the file itself says
/// anybody who may write it can have written.
pub fn is_held_by(path: &Path, pid: u32) -> bool {
    let Ok(file) = std::fs::metadata(path) else { return false };
    let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return false };
    // proc_locks(5): `1: FLOCK ADVISORY WRITE 4711 08:01:131085 0 EOF`. The device is left out: some
    // file systems name another one there than in stat(2).
    let fits = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", holder, place, ..] = words.as_slice() else { return false };
        let inode = place.rsplit(':').next().and_then(|inode| inode.parse().ok());
        holder.parse() == Ok(pid) && inode == Some(file.ino())
    };
    locks.lines().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert_eq!(holder(&path), None);
        let role = RoleLock::acquire(&path).unwrap().unwrap();
        assert!(RoleLock::acquire(&path).unwrap().is_none());
        assert_eq!(holder(&path).unwrap().pid, std::process::id());
        drop(role);
        assert!(path.exists());
        assert!(RoleLock::acquire(&path).unwrap().is_some());
    }

    #[test]
    fn security_06_who_holds_a_lock_is_the_kernels_word_and_not_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!is_held_by(&path, std::process::id()));
        let role = RoleLock::acquire(&path).unwrap().unwrap();
        assert!(is_held_by(&path, std::process::id()));
        assert!(!is_held_by(&path, 1));
        let written = std::fs::read(&path).unwrap();
        drop(role);
        std::fs::write(&path, written).unwrap();
        assert!(holder(&path).is_some() && !is_held_by(&path, std::process::id()));
    }

    #[test]
    fn a_turn_is_waited_for_and_given_up_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        let held = TurnLock::wait(&path, Duration::ZERO).unwrap();
        let error = TurnLock::wait(&path, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(held);
        TurnLock::wait(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_reused_pid_and_garbage_are_no_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let own = Identity::own().unwrap();
        let stale = Holder {
            pid: own.pid,
            start_ticks: own.start_ticks + 1,
            version: "0".into(),
            mark: None,
            boot: None,
        };
        for content in [serde_json::to_vec(&stale).unwrap(), b"{".to_vec(), vec![b' '; 5000]] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(holder(&path), None);
            assert!(RoleLock::acquire(&path).unwrap().is_some());
        }
    }
}
