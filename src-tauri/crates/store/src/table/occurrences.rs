//! Table `occurrences`: one row per due time or event of a routine, as a JSON document beside the columns by which
//! rows are found and kept apart; and `occurrence_events`, what happened to each.

use crate::error::StoreError;
use crate::ledger::{Key, LedgerEvent, LedgerRow, RowsWanted};
use crate::migrate::Migration;
use crate::set_aside::SetAside;
use crate::table;
use nightshift_model::Millis;
use nightshift_routines::occurrence::{Origin, SkipReason};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 4,
        sql: "CREATE TABLE occurrences (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              id TEXT NOT NULL UNIQUE,
              routine TEXT NOT NULL,
              trigger TEXT,
              due_at INTEGER,
              event_key TEXT,
              idempotency_key TEXT,
              open INTEGER NOT NULL,
              missed INTEGER NOT NULL,
              counts INTEGER NOT NULL,
              claimed_at INTEGER,
              finished_at INTEGER,
              doc TEXT NOT NULL
          ) STRICT;
          CREATE UNIQUE INDEX occurrences_due ON occurrences (routine, due_at)
              WHERE due_at IS NOT NULL;
          CREATE UNIQUE INDEX occurrences_event ON occurrences (routine, trigger, event_key)
              WHERE event_key IS NOT NULL;
          CREATE UNIQUE INDEX occurrences_key ON occurrences (routine, trigger, idempotency_key)
              WHERE idempotency_key IS NOT NULL;
          CREATE INDEX occurrences_open ON occurrences (n) WHERE open;
          CREATE INDEX occurrences_of ON occurrences (routine, n);
          CREATE TABLE occurrence_events (
              occurrence TEXT NOT NULL,
              n INTEGER NOT NULL,
              at INTEGER NOT NULL,
              text TEXT NOT NULL,
              PRIMARY KEY (occurrence, n)
          ) STRICT, WITHOUT ROWID;",
    },
    // An event and a key are looked for whichever trigger took them.
    Migration {
        to: 5,
        sql: "CREATE INDEX occurrences_event_of ON occurrences (routine, event_key)
                  WHERE event_key IS NOT NULL;
              CREATE INDEX occurrences_key_of ON occurrences (routine, idempotency_key)
                  WHERE idempotency_key IS NOT NULL;",
    },
];

/// Events kept of one occurrence: each of its tries has a handful. Older ones go first.
const EVENTS_MAX: i64 = 200;

fn raw_row(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>)> {
    Ok((row.get(0)?, row.get_ref(1)?.as_bytes()?.to_vec()))
}

fn parse((n, doc): &(i64, Vec<u8>)) -> Result<LedgerRow, String> {
    let row: LedgerRow = serde_json::from_slice(doc).map_err(|e| e.to_string())?;
    Ok(LedgerRow { n: *n, ..row })
}

/// Rows that are not over, oldest first.
pub(crate) fn open(connection: &Connection) -> Result<Vec<LedgerRow>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT n, doc FROM occurrences WHERE open ORDER BY n")?;
    let rows = statement.query_map([], raw_row)?;
    let raw: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    Ok(raw.iter().filter_map(|raw| parse(raw).ok()).collect())
}

/// Newest first. What cannot be read is left out.
pub(crate) fn wanted(
    connection: &Connection,
    wanted: RowsWanted<'_>,
) -> Result<Vec<LedgerRow>, StoreError> {
    let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX);
    let before = wanted.before.unwrap_or(i64::MAX);
    let raw: Vec<(i64, Vec<u8>)> = match wanted.routine {
        Some(routine) => {
            let mut statement = connection.prepare_cached(
                "SELECT n, doc FROM occurrences WHERE routine = ?1 AND n < ?2
                 ORDER BY n DESC LIMIT ?3",
            )?;
            let rows = statement.query_map(params![routine, before, limit], raw_row)?;
            rows.collect::<Result<_, _>>()?
        }
        None => {
            let mut statement = connection.prepare_cached(
                "SELECT n, doc FROM occurrences WHERE n < ?1 ORDER BY n DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![before, limit], raw_row)?;
            rows.collect::<Result<_, _>>()?
        }
    };
    Ok(raw.iter().filter_map(|raw| parse(raw).ok()).collect())
}

/// The row of this id.
pub(crate) fn one(connection: &Connection, id: &str) -> Result<Option<LedgerRow>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT n, doc FROM occurrences WHERE id = ?1")?;
    let raw = statement.query_row(params![id], raw_row).optional()?;
    Ok(raw.and_then(|raw| parse(&raw).ok()))
}

/// The row of a due time.
pub(crate) fn due(
    connection: &Connection,
    routine: &str,
    due_ms: i64,
) -> Result<Option<LedgerRow>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT n, doc FROM occurrences WHERE routine = ?1 AND due_at = ?2")?;
    let raw = statement.query_row(params![routine, due_ms], raw_row).optional()?;
    Ok(raw.and_then(|raw| parse(&raw).ok()))
}

/// The row of an event, or of a fire with this key, whichever trigger took it.
pub(crate) fn keyed(
    connection: &Connection,
    routine: &str,
    key: &Key<'_>,
) -> Result<Option<LedgerRow>, StoreError> {
    let (sql, key) = match key {
        Key::Event(key) => (
            "SELECT n, doc FROM occurrences WHERE routine = ?1 AND event_key = ?2
             ORDER BY n LIMIT 1",
            key,
        ),
        Key::Idempotency(key) => (
            "SELECT n, doc FROM occurrences WHERE routine = ?1 AND idempotency_key = ?2
             ORDER BY n LIMIT 1",
            key,
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let raw = statement.query_row(params![routine, key], raw_row).optional()?;
    Ok(raw.and_then(|raw| parse(&raw).ok()))
}

/// Whether there is an occurrence whose id begins so.
pub(crate) fn has_beginning(connection: &Connection, beginning: &str) -> Result<bool, StoreError> {
    let end = format!("{beginning}\u{10ffff}");
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM occurrences WHERE id >= ?1 AND id < ?2 LIMIT 1")?;
    Ok(statement.query_row(params![beginning, end], |_| Ok(())).optional()?.is_some())
}

/// Whether there is a row for a due time, and whether it was missed for its lateness.
pub(crate) fn is_missed(
    connection: &Connection,
    routine: &str,
    due_ms: i64,
) -> Result<Option<bool>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT missed FROM occurrences WHERE routine = ?1 AND due_at = ?2")?;
    Ok(statement.query_row(params![routine, due_ms], |row| row.get(0)).optional()?)
}

/// Rows that count against the cap of a day and were taken from `since_ms` on.
pub(crate) fn counted(
    connection: &Connection,
    routine: &str,
    since_ms: i64,
) -> Result<u32, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM occurrences WHERE routine = ?1 AND counts AND claimed_at >= ?2",
    )?;
    Ok(statement.query_row(params![routine, since_ms], |row| row.get(0))?)
}

/// Ids and due times of the oldest rows that were over before `before_ms` and are not among the newest `keep`.
pub(crate) fn past(
    connection: &Connection,
    routine: &str,
    (before_ms, keep, limit): (i64, i64, i64),
) -> Result<Vec<(String, Option<i64>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, due_at FROM occurrences
         WHERE routine = ?1 AND NOT open AND finished_at < ?2 AND n <= (
             SELECT n FROM occurrences WHERE routine = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?3)
         ORDER BY n LIMIT ?4",
    )?;
    let rows = statement.query_map(params![routine, before_ms, keep, limit], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What happened to an occurrence, oldest first.
pub(crate) fn events(
    connection: &Connection,
    occurrence: &str,
) -> Result<Vec<LedgerEvent>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT occurrence, at, text FROM occurrence_events WHERE occurrence = ?1 ORDER BY n",
    )?;
    let rows = statement.query_map(params![occurrence], |row| {
        Ok(LedgerEvent { occurrence: row.get(0)?, at_ms: row.get(1)?, text: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves open rows that do not parse into `set_aside`: nothing starts by them.
pub(crate) fn set_damaged_aside(
    transaction: &Transaction<'_>,
    at: Millis,
) -> Result<Vec<SetAside>, StoreError> {
    let mut statement =
        transaction.prepare_cached("SELECT n, doc FROM occurrences WHERE open ORDER BY n")?;
    let rows = statement.query_map([], raw_row)?;
    let raw: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut findings = Vec::new();
    for row in raw {
        let Err(why) = parse(&row) else { continue };
        let finding = SetAside {
            table: "occurrences".to_owned(),
            id: row.0.to_string(),
            raw: String::from_utf8_lossy(&row.1).into_owned(),
            why,
            at,
        };
        table::set_aside::append(transaction, &finding)?;
        // Its due time stays decided: what happened to it is not known, and it must not happen twice.
        transaction.execute("UPDATE occurrences SET open = 0 WHERE n = ?1", params![row.0])?;
        findings.push(finding);
    }
    Ok(findings)
}

pub(crate) fn upsert(transaction: &Transaction<'_>, row: &LedgerRow) -> Result<(), StoreError> {
    let doc = serde_json::to_string(row)
        .map_err(|source| StoreError::Encode { what: "an occurrence", source })?;
    let it = &row.occurrence;
    let (trigger, due_at, event_key, idempotency_key) = match &it.origin {
        Origin::Schedule { trigger, due_ms } => (Some(&trigger.0), Some(*due_ms), None, None),
        Origin::Api { trigger, idempotency_key } => {
            (Some(&trigger.0), None, None, idempotency_key.as_ref())
        }
        Origin::Github { trigger, event_key } => (Some(&trigger.0), None, Some(event_key), None),
        Origin::Manual | Origin::Replay { .. } => (None, None, None, None),
    };
    let counts = !row.one_off && !matches!(it.origin, Origin::Manual);
    let missed = it.reason.is_some_and(SkipReason::is_missed);
    transaction
        .prepare_cached(
            "INSERT INTO occurrences (id, routine, trigger, due_at, event_key, idempotency_key,
                 open, missed, counts, claimed_at, finished_at, doc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (id) DO UPDATE SET idempotency_key = ?6, open = ?7, missed = ?8, counts = ?9,
                 claimed_at = ?10, finished_at = ?11, doc = ?12",
        )?
        .execute(params![
            it.id,
            it.routine,
            trigger,
            due_at,
            event_key,
            idempotency_key,
            !it.state.is_over(),
            missed,
            counts,
            it.claimed_ms,
            it.finished_ms,
            doc,
        ])?;
    Ok(())
}

pub(crate) fn append(transaction: &Transaction<'_>, event: &LedgerEvent) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO occurrence_events (occurrence, n, at, text) VALUES (?1,
                 (SELECT coalesce(max(n), 0) + 1 FROM occurrence_events WHERE occurrence = ?1),
                 ?2, ?3)",
        )?
        .execute(params![event.occurrence, event.at_ms, event.text])?;
    transaction
        .prepare_cached(
            "DELETE FROM occurrence_events WHERE occurrence = ?1 AND n <=
                 (SELECT max(n) FROM occurrence_events WHERE occurrence = ?1) - ?2",
        )?
        .execute(params![event.occurrence, EVENTS_MAX])?;
    Ok(())
}

pub(crate) fn forget(transaction: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM occurrence_events WHERE occurrence = ?1")?
        .execute(params![id])?;
    transaction.prepare_cached("DELETE FROM occurrences WHERE id = ?1")?.execute(params![id])?;
    Ok(())
}

pub(crate) fn forget_all(transaction: &Transaction<'_>, routine: &str) -> Result<(), StoreError> {
    transaction.execute(
        "DELETE FROM occurrence_events WHERE occurrence IN
             (SELECT id FROM occurrences WHERE routine = ?1)",
        params![routine],
    )?;
    transaction.execute("DELETE FROM occurrences WHERE routine = ?1", params![routine])?;
    Ok(())
}
