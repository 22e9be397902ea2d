//! Opening the database file: settings, check for damage, and a fresh file in place of a wreck.

use crate::error::{StoreError, is_damage};
use crate::migrate;
use crate::set_aside::SetAside;
use nightshift_model::Millis;
use rusqlite::Connection;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a write waits for another process (a backup tool, a shell) that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// SQLite keeps these beside the file; they belong to it and move with it.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

pub(crate) fn open(path: &Path, at: Millis) -> Result<(Connection, Vec<SetAside>), StoreError> {
    match open_sound(path) {
        Ok(connection) => Ok((connection, Vec::new())),
        Err(error) if is_damage(&error) => {
            let finding = move_away(path, at, &error)?;
            Ok((open_sound(path)?, vec![finding]))
        }
        Err(error) => Err(error),
    }
}

fn open_sound(path: &Path) -> Result<Connection, StoreError> {
    let existed = std::fs::metadata(path).is_ok_and(|m| m.len() > 0);
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if existed {
        check(&connection)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate::migrate(&mut connection, path, existed, &crate::table::migrations())?;
    Ok(connection)
}

/// Reads the whole file once; a damaged page must be found now and not in the middle of a command.
fn check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(verdict)).into())
}

fn move_away(path: &Path, at: Millis, why: &StoreError) -> Result<SetAside, StoreError> {
    let target = with_suffix(path, &format!(".corrupt-{}", at.0));
    let moved = std::fs::rename(path, &target);
    moved.map_err(|e| StoreError::io(format!("moving {} away", path.display()), e))?;
    for companion in COMPANIONS {
        let from = with_suffix(path, companion);
        if from.exists() {
            let moved = std::fs::rename(&from, with_suffix(&target, companion));
            moved.map_err(|e| StoreError::io(format!("moving {} away", from.display()), e))?;
        }
    }
    Ok(SetAside {
        table: "database".to_owned(),
        id: target.display().to_string(),
        raw: String::new(),
        why: why.to_string(),
        at,
    })
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
