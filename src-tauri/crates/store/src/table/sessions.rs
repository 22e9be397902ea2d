//! Table `sessions`: one row per session, the session itself as a JSON document.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::set_aside::SetAside;
use crate::table;
use nightshift_model::{Millis, Session, SessionId};
use rusqlite::{Connection, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE sessions (
              id TEXT PRIMARY KEY NOT NULL,
              created_at INTEGER NOT NULL,
              doc TEXT NOT NULL
          ) STRICT;",
}];

const SELECT: &str = "SELECT id, doc FROM sessions ORDER BY created_at, id";

/// A row as raw bytes: damage shows as text that is no JSON, or as no text at all.
struct RawRow {
    id: Vec<u8>,
    doc: Vec<u8>,
}

fn raw_row(row: &Row<'_>) -> rusqlite::Result<RawRow> {
    let bytes = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes()?.to_vec());
    Ok(RawRow { id: bytes(0)?, doc: bytes(1)? })
}

fn raw_rows(connection: &Connection) -> Result<Vec<RawRow>, StoreError> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let rows = statement.query_map([], raw_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl RawRow {
    fn parse(&self) -> Result<Session, String> {
        let session: Session = serde_json::from_slice(&self.doc).map_err(|e| e.to_string())?;
        if SessionId::parse(session.id.as_str()).is_none() {
            return Err(format!("`{}` is not a session id", session.id));
        }
        if session.id.as_str().as_bytes() != self.id {
            return Err(format!("the row holds session {}", session.id));
        }
        Ok(session)
    }
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Session>, StoreError> {
    Ok(raw_rows(connection)?.iter().filter_map(|row| row.parse().ok()).collect())
}

/// Moves every row that does not parse into `set_aside`.
pub(crate) fn set_damaged_aside(
    transaction: &Transaction<'_>,
    at: Millis,
) -> Result<Vec<SetAside>, StoreError> {
    let mut findings = Vec::new();
    for row in raw_rows(transaction)? {
        let Err(why) = row.parse() else { continue };
        let finding = SetAside {
            table: "sessions".to_owned(),
            id: String::from_utf8_lossy(&row.id).into_owned(),
            raw: String::from_utf8_lossy(&row.doc).into_owned(),
            why,
            at,
        };
        table::set_aside::append(transaction, &finding)?;
        // By bytes: an id that is no text compares equal to nothing otherwise.
        transaction.execute("DELETE FROM sessions WHERE CAST(id AS BLOB) = ?1", params![row.id])?;
        findings.push(finding);
    }
    Ok(findings)
}

pub(crate) fn upsert(transaction: &Transaction<'_>, session: &Session) -> Result<(), StoreError> {
    let doc = serde_json::to_string(session)
        .map_err(|source| StoreError::Encode { what: "a session", source })?;
    transaction
        .prepare_cached(
            "INSERT INTO sessions (id, created_at, doc) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET created_at = ?2, doc = ?3",
        )?
        .execute(params![session.id.as_str(), table::to_sql(session.created_at), doc])?;
    Ok(())
}

pub(crate) fn remove(transaction: &Transaction<'_>, id: &SessionId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM sessions WHERE id = ?1")?
        .execute(params![id.as_str()])?;
    Ok(())
}
