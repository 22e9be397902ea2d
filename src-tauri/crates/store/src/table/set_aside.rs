//! Table `set_aside`: rows that could not be read, as they were, so that nothing is lost silently.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::set_aside::SetAside;
use crate::table;
use rusqlite::{Connection, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE set_aside (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              from_table TEXT NOT NULL,
              id TEXT NOT NULL,
              raw TEXT NOT NULL,
              why TEXT NOT NULL,
              at INTEGER NOT NULL
          ) STRICT;",
}];

fn set_aside(row: &Row<'_>) -> rusqlite::Result<SetAside> {
    Ok(SetAside {
        table: row.get(0)?,
        id: row.get(1)?,
        raw: row.get(2)?,
        why: row.get(3)?,
        at: table::from_sql(row.get(4)?),
    })
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<SetAside>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT from_table, id, raw, why, at FROM set_aside ORDER BY n")?;
    let rows = statement.query_map([], set_aside)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn append(transaction: &Transaction<'_>, row: &SetAside) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO set_aside (from_table, id, raw, why, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![row.table, row.id, row.raw, row.why, table::to_sql(row.at)])?;
    Ok(())
}
