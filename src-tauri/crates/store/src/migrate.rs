//! Schema versions: forward only, each in its own transaction, a backup of the file before each.

use crate::error::StoreError;
use crate::open::with_suffix;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The schema that this build reads and writes (`PRAGMA user_version`).
pub const SCHEMA_VERSION: u32 = 5;

/// One step of one table. Steps of the same version are applied together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The schema version that it leads to.
    pub to: u32,
    pub sql: &'static str,
}

/// Refuses a file of a newer build before anything is done to it.
pub(crate) fn check_age(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::TooNew { path: path.to_owned(), found, supported: SCHEMA_VERSION });
    }
    Ok(())
}

pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    existed: bool,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let supported = migrations.iter().map(|m| m.to).max().unwrap_or(0);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > supported {
        return Err(StoreError::TooNew { path: path.to_owned(), found, supported });
    }
    for from in found..supported {
        if existed {
            back_up(connection, path, from)?;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for migration in migrations.iter().filter(|m| m.to == from + 1) {
            transaction.execute_batch(migration.sql)?;
        }
        transaction.pragma_update(None, "user_version", from + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Copies the database, WAL included, as it is at version `from`.
fn back_up(connection: &Connection, path: &Path, from: u32) -> Result<(), StoreError> {
    let backup = with_suffix(path, &format!(".bak-{from}"));
    // A backup of the same version is from a migration that did not finish: the file is unchanged.
    match std::fs::remove_file(&backup) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(StoreError::io(format!("replacing {}", backup.display()), e)),
    }
    let target = backup.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [target.as_ref()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { to: 1, sql: "CREATE TABLE a (x INTEGER) STRICT;" };
    const SECOND: Migration = Migration { to: 2, sql: "ALTER TABLE a ADD COLUMN y TEXT;" };
    const BROKEN: Migration =
        Migration { to: 2, sql: "ALTER TABLE a ADD COLUMN z TEXT; NONSENSE;" };

    fn version(connection: &Connection) -> u32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_step_of_an_existing_file_leaves_a_backup_of_what_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path, false, &[FIRST]).unwrap();
        assert!(!with_suffix(&path, ".bak-0").exists(), "a new file needs no backup");
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        migrate(&mut connection, &path, true, &[FIRST, SECOND]).unwrap();
        assert_eq!(version(&connection), 2);
        let backup = Connection::open(with_suffix(&path, ".bak-1")).unwrap();
        assert_eq!(version(&backup), 1);
        let x: i64 = backup.query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(x, 7);
    }

    #[test]
    fn a_step_that_fails_changes_nothing_and_may_be_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        migrate(&mut connection, &path, false, &[FIRST]).unwrap();
        for _ in 0..2 {
            assert!(migrate(&mut connection, &path, true, &[FIRST, BROKEN]).is_err());
            assert_eq!(version(&connection), 1);
        }
        migrate(&mut connection, &path, true, &[FIRST, SECOND]).unwrap();
        assert_eq!(version(&connection), 2);
    }

    #[test]
    fn a_newer_file_is_refused_with_both_versions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let mut connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 9).unwrap();
        let error = migrate(&mut connection, &path, true, &[FIRST]).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { found: 9, supported: 1, .. }), "{error}");
    }
}
