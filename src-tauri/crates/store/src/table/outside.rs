//! Tables `tokens` and `deliveries`, each row a JSON document beside the columns by which it is found, and
//! `remembered`, single words by name.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::outside::{
    DELIVERIES_KEPT_MS, DELIVERIES_MAX, DeliveryRow, OutsideWrite, TokenRow, Verdict,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE tokens (
              id TEXT PRIMARY KEY NOT NULL,
              routine TEXT NOT NULL,
              doc TEXT NOT NULL
          ) STRICT;
          CREATE TABLE deliveries (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              id TEXT NOT NULL UNIQUE,
              routine TEXT NOT NULL,
              at INTEGER NOT NULL,
              guid TEXT,
              doc TEXT NOT NULL
          ) STRICT;
          CREATE INDEX deliveries_of ON deliveries (routine, n);
          CREATE INDEX deliveries_at ON deliveries (at);
          CREATE INDEX deliveries_guid ON deliveries (routine, guid) WHERE guid IS NOT NULL;
          CREATE TABLE remembered (
              name TEXT PRIMARY KEY NOT NULL,
              value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;",
}];

/// Every token. One that cannot be read counts for nothing.
pub(crate) fn tokens(connection: &Connection) -> Result<Vec<TokenRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT doc FROM tokens ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let docs: Vec<String> = rows.collect::<Result<_, _>>()?;
    Ok(docs.iter().filter_map(|doc| serde_json::from_str(doc).ok()).collect())
}

fn raw_row(row: &Row<'_>) -> rusqlite::Result<(i64, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn parse((n, doc): &(i64, String)) -> Option<DeliveryRow> {
    let row: DeliveryRow = serde_json::from_str(doc).ok()?;
    Some(DeliveryRow { n: *n, ..row })
}

/// Newest first. What cannot be read is left out.
pub(crate) fn deliveries(
    connection: &Connection,
    routine: &str,
    (before, limit): (Option<i64>, usize),
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT n, doc FROM deliveries WHERE routine = ?1 AND n < ?2 ORDER BY n DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let wanted = params![routine, before.unwrap_or(i64::MAX), limit];
    let rows = statement.query_map(wanted, raw_row)?;
    let raw: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    Ok(raw.iter().filter_map(parse).collect())
}

pub(crate) fn delivery(
    connection: &Connection,
    id: &str,
) -> Result<Option<DeliveryRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT n, doc FROM deliveries WHERE id = ?1")?;
    let raw = statement.query_row(params![id], raw_row).optional()?;
    Ok(raw.as_ref().and_then(parse))
}

/// The first delivery of a routine that GitHub gave this id and that was taken.
pub(crate) fn taken_as(
    connection: &Connection,
    routine: &str,
    guid: &str,
) -> Result<Option<DeliveryRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT n, doc FROM deliveries WHERE routine = ?1 AND guid = ?2 ORDER BY n",
    )?;
    let rows = statement.query_map(params![routine, guid], raw_row)?;
    let raw: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    let taken = |row: &DeliveryRow| matches!(row.verdict, Verdict::Accepted | Verdict::Ignored);
    Ok(raw.iter().filter_map(parse).find(taken))
}

pub(crate) fn remembered(
    connection: &Connection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM remembered WHERE name = ?1")?;
    Ok(statement.query_row(params![name], |row| row.get(0)).optional()?)
}

pub(crate) fn write(transaction: &Transaction<'_>, write: &OutsideWrite) -> Result<(), StoreError> {
    for token in &write.tokens {
        let doc = serde_json::to_string(token)
            .map_err(|source| StoreError::Encode { what: "a token", source })?;
        transaction
            .prepare_cached(
                "INSERT INTO tokens (id, routine, doc) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET routine = ?2, doc = ?3",
            )?
            .execute(params![token.id, token.routine, doc])?;
    }
    for id in &write.revoked {
        transaction.prepare_cached("DELETE FROM tokens WHERE id = ?1")?.execute(params![id])?;
    }
    for delivery in &write.deliveries {
        append(transaction, delivery)?;
    }
    for (name, value) in &write.remembered {
        match value {
            Some(value) => transaction
                .prepare_cached(
                    "INSERT INTO remembered (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = ?2",
                )?
                .execute(params![name, value])?,
            None => transaction
                .prepare_cached("DELETE FROM remembered WHERE name = ?1")?
                .execute(params![name])?,
        };
    }
    Ok(())
}

fn append(transaction: &Transaction<'_>, row: &DeliveryRow) -> Result<(), StoreError> {
    let doc = serde_json::to_string(row)
        .map_err(|source| StoreError::Encode { what: "a delivery", source })?;
    transaction
        .prepare_cached(
            "INSERT INTO deliveries (id, routine, at, guid, doc) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET doc = ?5",
        )?
        .execute(params![row.id, row.routine, row.at_ms, row.guid, doc])?;
    transaction
        .prepare_cached("DELETE FROM deliveries WHERE at < ?1")?
        .execute(params![row.at_ms.saturating_sub(DELIVERIES_KEPT_MS)])?;
    transaction
        .prepare_cached(
            "DELETE FROM deliveries WHERE routine = ?1 AND n <= (
                 SELECT n FROM deliveries WHERE routine = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![row.routine, DELIVERIES_MAX])?;
    Ok(())
}

/// What is known of a routine that goes.
pub(crate) fn forget_all(transaction: &Transaction<'_>, routine: &str) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM tokens WHERE routine = ?1", params![routine])?;
    transaction.execute("DELETE FROM deliveries WHERE routine = ?1", params![routine])?;
    Ok(())
}
