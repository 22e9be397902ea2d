//! Table `notices`: what the user should know that belongs to no live session, bounded.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::table;
use nightshift_protocol::{Notice, NoticeLevel};
use rusqlite::{Connection, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE notices (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              at INTEGER NOT NULL,
              level TEXT NOT NULL,
              text TEXT NOT NULL
          ) STRICT;",
}];

/// Notices kept; older ones go first. A fault that repeats must not fill the disk.
pub(crate) const NOTICES_MAX: i64 = 500;

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let level: String = row.get(1)?;
    Ok(Notice {
        at: table::from_sql(row.get(0)?),
        // Only damage brings an unknown level; better shown too loud than not at all.
        level: serde_json::from_value(level.into()).unwrap_or(NoticeLevel::Error),
        text: row.get(2)?,
    })
}

pub(crate) fn latest(connection: &Connection, limit: usize) -> Result<Vec<Notice>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached("SELECT at, level, text FROM notices ORDER BY n DESC LIMIT ?1")?;
    let rows = statement.query_map(params![limit], notice)?;
    let mut notices: Vec<Notice> = rows.collect::<Result<_, _>>()?;
    notices.reverse();
    Ok(notices)
}

pub(crate) fn append(transaction: &Transaction<'_>, notice: &Notice) -> Result<(), StoreError> {
    let level = serde_json::to_value(notice.level)
        .map_err(|source| StoreError::Encode { what: "a notice", source })?;
    transaction
        .prepare_cached("INSERT INTO notices (at, level, text) VALUES (?1, ?2, ?3)")?
        .execute(params![table::to_sql(notice.at), level.as_str(), notice.text])?;
    transaction
        .prepare_cached("DELETE FROM notices WHERE n <= (SELECT max(n) FROM notices) - ?1")?
        .execute(params![NOTICES_MAX])?;
    Ok(())
}
