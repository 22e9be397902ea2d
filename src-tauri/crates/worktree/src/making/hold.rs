//! git's lock on a worktree while a session lives in it.
//!
//! Promise: the reason names Nightshift, the session and the process; a lock whose process is gone
//! is taken away; locks of others are never touched.

use crate::error::{AtPath, Result};
use crate::limits::LINE_FILE_MAX_BYTES;
use crate::removing::ledger::{Ledger, Record};
use nightshift_platform::files::{read_bounded, write_durably};
use nightshift_platform::process::{Identity, Liveness3, boot_id};
use std::io::ErrorKind;
use std::path::Path;

const OURS: &str = "Nightshift session ";

/// A worktree's lock, as its reason tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Of a session of ours; `alive` unless its process is known to be gone.
    Ours {
        alive: bool,
    },
    Foreign {
        reason: String,
    },
}

/// The reason git keeps: who holds the worktree, so that nobody takes a reused pid for the holder.
pub(crate) fn reason(id: &str, holder: Option<Identity>) -> String {
    let boot = boot_id().unwrap_or_default();
    match holder {
        Some(Identity { pid, start_ticks }) => {
            format!("{OURS}{id} pid {pid} start {start_ticks} boot {boot}")
        }
        None => format!("{OURS}{id}"),
    }
}

/// Locks the worktree for `holder`, the session's process. May be said again for another process.
pub fn hold(record: &Record, holder: Identity) -> Result<()> {
    let Some(admin) = &record.admin else { return Ok(()) };
    if let Some(Lock::Foreign { .. }) = read(admin)? {
        return Ok(());
    }
    let file = admin.join("locked");
    write_durably(&file, reason(&record.id, Some(holder)).as_bytes()).at(&file)
}

/// Takes our lock away; one of others stays.
pub fn release(record: &Record) -> Result<()> {
    let Some(admin) = &record.admin else { return Ok(()) };
    if let Some(Lock::Ours { .. }) = read(admin)? {
        let file = admin.join("locked");
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.at(&file)?,
        }
    }
    Ok(())
}

/// Releases every worktree whose holder is gone: after a kill nothing stays locked for ever.
/// Returns the ids of those that were released.
pub fn repair(ledger: &Ledger) -> Vec<String> {
    let (records, _) = ledger.records();
    let stale = |record: &&Record| {
        let lock = record.admin.as_deref().map(read);
        matches!(lock, Some(Ok(Some(Lock::Ours { alive: false }))))
    };
    let released = records.iter().filter(stale).filter(|record| release(record).is_ok());
    released.map(|record| record.id.clone()).collect()
}

/// The lock in a worktree's administrative directory.
pub(crate) fn read(admin: &Path) -> Result<Option<Lock>> {
    let file = admin.join("locked");
    let bytes = match read_bounded(&file, LINE_FILE_MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.at(&file)?,
    };
    let reason = String::from_utf8_lossy(&bytes).trim().to_owned();
    let Some(rest) = reason.strip_prefix(OURS) else {
        return Ok(Some(Lock::Foreign { reason }));
    };
    Ok(Some(Lock::Ours { alive: is_alive(rest) }))
}

/// Only a holder that is named and known to be gone is gone.
fn is_alive(rest: &str) -> bool {
    let after = |word: &str| {
        let mut words = rest.split(' ').skip_while(|w| *w != word);
        words.nth(1)
    };
    let (Some(pid), Some(start)) = (after("pid"), after("start")) else { return false };
    let (Ok(pid), Ok(start_ticks)) = (pid.parse(), start.parse()) else { return true };
    let other_boot = match (after("boot"), boot_id()) {
        (Some(then), Ok(now)) => !then.is_empty() && then != now,
        (None, _) | (_, Err(_)) => false,
    };
    !other_boot && Identity { pid, start_ticks }.liveness() != Liveness3::Gone
}
