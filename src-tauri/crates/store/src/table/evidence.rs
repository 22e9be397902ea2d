//! Table `evidence`: why each session was in which state, bounded per session.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::table;
use nightshift_model::limits::EVIDENCE_MAX;
use nightshift_model::{Evidence, SessionId, Source};
use rusqlite::{Connection, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE evidence (
              session TEXT NOT NULL,
              n INTEGER NOT NULL,
              at INTEGER NOT NULL,
              source TEXT NOT NULL,
              state TEXT NOT NULL,
              text TEXT NOT NULL,
              PRIMARY KEY (session, n)
          ) STRICT, WITHOUT ROWID;",
}];

fn evidence(row: &Row<'_>) -> rusqlite::Result<Evidence> {
    let source: String = row.get(1)?;
    Ok(Evidence {
        at: table::from_sql(row.get(0)?),
        // Only damage brings a source that this build does not know; the text is still worth it.
        source: serde_json::from_value(source.into()).unwrap_or(Source::Supervisor),
        state: row.get(2)?,
        text: row.get(3)?,
    })
}

/// The word that serde knows the source by.
fn source_word(source: Source) -> Result<String, StoreError> {
    let encoded = serde_json::to_value(source)
        .map_err(|source| StoreError::Encode { what: "a source", source })?;
    Ok(encoded.as_str().unwrap_or_default().to_owned())
}

pub(crate) fn of_session(
    connection: &Connection,
    session: &SessionId,
) -> Result<Vec<Evidence>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT at, source, state, text FROM evidence WHERE session = ?1 ORDER BY n",
    )?;
    let rows = statement.query_map(params![session.as_str()], evidence)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn append(
    transaction: &Transaction<'_>,
    session: &SessionId,
    evidence: &Evidence,
) -> Result<(), StoreError> {
    let last: i64 = transaction
        .prepare_cached("SELECT coalesce(max(n), 0) FROM evidence WHERE session = ?1")?
        .query_row(params![session.as_str()], |row| row.get(0))?;
    transaction
        .prepare_cached(
            "INSERT INTO evidence (session, n, at, source, state, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            session.as_str(),
            last + 1,
            table::to_sql(evidence.at),
            source_word(evidence.source)?,
            evidence.state,
            evidence.text,
        ])?;
    let keep = i64::try_from(EVIDENCE_MAX).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("DELETE FROM evidence WHERE session = ?1 AND n <= ?2")?
        .execute(params![session.as_str(), last + 1 - keep])?;
    Ok(())
}

pub(crate) fn remove(transaction: &Transaction<'_>, session: &SessionId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM evidence WHERE session = ?1")?
        .execute(params![session.as_str()])?;
    Ok(())
}
