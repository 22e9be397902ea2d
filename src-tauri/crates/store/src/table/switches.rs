//! Table `switches`: what the user turned on for the whole supervisor, by name. Off is no row.

use crate::error::StoreError;
use crate::migrate::Migration;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    sql: "CREATE TABLE switches (name TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;",
}];

pub(crate) fn is_on(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM switches WHERE name = ?1")?;
    Ok(statement.query_row(params![name], |_| Ok(())).optional()?.is_some())
}

pub(crate) fn turn(transaction: &Transaction<'_>, name: &str, on: bool) -> Result<(), StoreError> {
    let sql = match on {
        true => "INSERT OR IGNORE INTO switches (name) VALUES (?1)",
        false => "DELETE FROM switches WHERE name = ?1",
    };
    transaction.prepare_cached(sql)?.execute(params![name])?;
    Ok(())
}
