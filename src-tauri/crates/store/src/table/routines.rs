//! Table `routines`: one row per routine, its definition as text and how it stands as a JSON document; and
//! `looks`, the last look at the clocks that routines go by.

use crate::error::StoreError;
use crate::ledger::{RoutineRow, RoutineStanding};
use crate::migrate::Migration;
use crate::set_aside::SetAside;
use crate::table;
use nightshift_model::Millis;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 4,
    sql: "CREATE TABLE routines (
              id TEXT PRIMARY KEY NOT NULL,
              name TEXT NOT NULL UNIQUE,
              definition TEXT,
              standing TEXT NOT NULL
          ) STRICT;
          CREATE TABLE looks (
              one INTEGER PRIMARY KEY CHECK (one = 1),
              doc TEXT NOT NULL
          ) STRICT;",
}];

struct RawRow {
    id: String,
    name: String,
    definition: Option<String>,
    standing: Vec<u8>,
}

fn raw_row(row: &Row<'_>) -> rusqlite::Result<RawRow> {
    Ok(RawRow {
        id: row.get(0)?,
        name: row.get(1)?,
        definition: row.get(2)?,
        standing: row.get_ref(3)?.as_bytes()?.to_vec(),
    })
}

fn raw_rows(connection: &Connection) -> Result<Vec<RawRow>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, name, definition, standing FROM routines ORDER BY name")?;
    let rows = statement.query_map([], raw_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every routine, by name. Damaged rows were set aside when the store was opened.
pub(crate) fn all(connection: &Connection) -> Result<Vec<RoutineRow>, StoreError> {
    let read = |raw: RawRow| {
        let standing: RoutineStanding = serde_json::from_slice(&raw.standing).ok()?;
        let RawRow { id, name, definition, .. } = raw;
        Some(RoutineRow { id, name, definition, standing })
    };
    Ok(raw_rows(connection)?.into_iter().filter_map(read).collect())
}

/// Moves every row that does not parse into `set_aside`.
pub(crate) fn set_damaged_aside(
    transaction: &Transaction<'_>,
    at: Millis,
) -> Result<Vec<SetAside>, StoreError> {
    let mut findings = Vec::new();
    for raw in raw_rows(transaction)? {
        let parsed: Result<RoutineStanding, _> = serde_json::from_slice(&raw.standing);
        let Err(why) = parsed else { continue };
        let finding = SetAside {
            table: "routines".to_owned(),
            id: raw.id,
            raw: String::from_utf8_lossy(&raw.standing).into_owned(),
            why: why.to_string(),
            at,
        };
        table::set_aside::append(transaction, &finding)?;
        transaction.execute("DELETE FROM routines WHERE id = ?1", params![finding.id])?;
        findings.push(finding);
    }
    Ok(findings)
}

pub(crate) fn upsert(transaction: &Transaction<'_>, row: &RoutineRow) -> Result<(), StoreError> {
    let standing = serde_json::to_string(&row.standing)
        .map_err(|source| StoreError::Encode { what: "a routine", source })?;
    transaction
        .prepare_cached(
            "INSERT INTO routines (id, name, definition, standing) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET
                 name = ?2, definition = coalesce(?3, definition), standing = ?4",
        )?
        .execute(params![row.id, row.name, row.definition, standing])?;
    Ok(())
}

pub(crate) fn remove(transaction: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    transaction.prepare_cached("DELETE FROM routines WHERE id = ?1")?.execute(params![id])?;
    Ok(())
}

pub(crate) fn keep_look(transaction: &Transaction<'_>, doc: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO looks (one, doc) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET doc = ?1",
        )?
        .execute(params![doc])?;
    Ok(())
}

pub(crate) fn look(connection: &Connection) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT doc FROM looks")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}
