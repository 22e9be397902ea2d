//! Errors of the store, with the two a person can act on kept apart: a full disk and a newer file.

use rusqlite::{ErrorCode, ffi};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no space left for the database; free some space on its disk")]
    DiskFull,
    #[error(
        "database {path} has schema {found}, this build knows {supported}; \
         start the newer nightshift that wrote it"
    )]
    TooNew { path: PathBuf, found: u32, supported: u32 },
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    #[error("database: {what}: {source}")]
    Io { what: String, source: std::io::Error },
    #[error("database: cannot write {what}: {source}")]
    Encode { what: &'static str, source: serde_json::Error },
}

impl StoreError {
    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> StoreError {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull
            }
            _ => StoreError::Io { what: what.into(), source },
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if is_disk_full(&error) { StoreError::DiskFull } else { StoreError::Sqlite(error) }
    }
}

/// A full disk shows as SQLITE_FULL, or as an I/O error while the WAL index grows.
fn is_disk_full(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(cause, _) = error else { return false };
    cause.code == ErrorCode::DiskFull || cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

/// Whether the file itself is unusable: not a database, or one whose pages do not fit together.
pub(crate) fn is_damage(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Sqlite(rusqlite::Error::SqliteFailure(cause, _))
            if matches!(cause.code, ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}
