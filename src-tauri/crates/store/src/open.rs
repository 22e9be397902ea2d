//! Opening the database file: settings, check for damage, and a fresh file in place of a wreck.

use crate::error::{StoreError, is_damage};
use crate::migrate;
use crate::set_aside::SetAside;
use nightshift_model::Millis;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
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
    // A newer build's file is left exactly as it is, its WAL included.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    migrate::check_age(&connection, path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
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

/// Which file the path names.
pub(crate) fn file_id(path: &Path) -> Result<(u64, u64), StoreError> {
    let found = std::fs::metadata(path)
        .map_err(|e| StoreError::io(format!("looking at {}", path.display()), e))?;
    Ok((found.dev(), found.ino()))
}

/// Copies the open database, whose file may have no name any more, to `path` and opens that.
pub(crate) fn save_anew(connection: &Connection, path: &Path) -> Result<Connection, StoreError> {
    let io = |what: &str, e| StoreError::io(format!("{what} {}", path.display()), e);
    let copy = with_suffix(path, ".anew");
    // A half-written copy must not be taken for the database: it gets its name when it is whole.
    match std::fs::remove_file(&copy) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io("clearing", e)),
        Ok(()) | Err(_) => {}
    }
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy().as_ref()])?;
    if path.exists() {
        std::fs::rename(path, with_suffix(path, ".replaced")).map_err(|e| io("keeping", e))?;
    }
    for companion in COMPANIONS {
        let left = with_suffix(path, companion);
        if left.exists() {
            std::fs::remove_file(&left).map_err(|e| io("clearing", e))?;
        }
    }
    std::fs::rename(&copy, path).map_err(|e| io("restoring", e))?;
    open_sound(path)
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
