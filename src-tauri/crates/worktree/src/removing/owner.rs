//! Whose worktree it is: the ledger that it was made for writes its place among git's notes of it.
//!
//! A home that was copied has a copy of the ledger, too, and then two ledgers tell of one worktree.
//! Promise: a worktree goes only by the ledger it was made for, while that is there and knows it. One that was moved,
//! or is reached by another name, is that ledger.
//! Must not know: sessions, homes.

use crate::error::{AtPath, Error, Kind, Result};
use crate::limits::LINE_FILE_MAX_BYTES;
use crate::removing::ledger::{Ledger, Record};
use nightshift_platform::files::{read_bounded, write_durably};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// In git's directory of the worktree; git reads no file of this name.
const OWNER: &str = "nightshift-ledger";

/// Keeps beside the worktree that it is this ledger's.
pub(crate) fn mark(record: &Record, ledger: &Ledger) -> Result<()> {
    let Some(admin) = &record.admin else { return Ok(()) };
    let file = admin.join(OWNER);
    let place = std::fs::canonicalize(ledger.dir()).at(ledger.dir())?;
    write_durably(&file, place.as_os_str().as_bytes()).at(&file)
}

/// Refuses what would take away a worktree of another ledger. One of older versions has no mark and is whose record
/// it is.
pub(crate) fn refuse_others(record: &Record, ledger: &Ledger) -> Result<()> {
    let Some(owner) = other_owner(record, ledger)? else { return Ok(()) };
    let text = format!(
        "the worktree {} belongs to another home, whose worktrees are listed in {}; this home is a copy of that one: \
         remove the worktree there",
        record.path.display(),
        owner.display()
    );
    Err(Error::new(Kind::Refused, text).hint("nothing was removed"))
}

fn other_owner(record: &Record, ledger: &Ledger) -> Result<Option<PathBuf>> {
    let Some(admin) = &record.admin else { return Ok(None) };
    let file = admin.join(OWNER);
    let place = match read_bounded(&file, LINE_FILE_MAX_BYTES) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        read => PathBuf::from(OsStr::from_bytes(&read.at(&file)?)),
    };
    if !place.is_absolute() || is_same(&place, ledger.dir())? {
        return Ok(None);
    }
    // Where that is gone, or has forgotten the worktree, this is all there is.
    let known = Ledger::at(&place).record(&record.id)?;
    Ok(known.filter(|known| known.path == record.path).map(|_| place))
}

fn is_same(one: &Path, other: &Path) -> Result<bool> {
    let of = |path: &Path| match std::fs::metadata(path) {
        Ok(there) => Ok(Some((there.dev(), there.ino()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, &error)),
    };
    Ok(of(one)?.is_some_and(|one| of(other).is_ok_and(|other| other == Some(one))))
}
