//! Table `receipts`: every attempt to tell the user something outside of the board, bounded.

use crate::error::StoreError;
use crate::migrate::Migration;
use crate::table;
use nightshift_protocol::{Delivery, NoticeChannel, NotificationKind, Receipt};
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    sql: "CREATE TABLE receipts (
              n INTEGER PRIMARY KEY,
              at INTEGER NOT NULL,
              settled_at INTEGER,
              session TEXT NOT NULL,
              occasion TEXT NOT NULL,
              kind TEXT NOT NULL,
              channel TEXT NOT NULL,
              title TEXT NOT NULL,
              text TEXT NOT NULL,
              delivery TEXT NOT NULL,
              pending INTEGER NOT NULL,
              UNIQUE (session, occasion, channel)
          ) STRICT;
          CREATE INDEX receipts_pending ON receipts (n) WHERE pending;",
}];

/// Receipts kept: some months of an ordinary board. Older ones go first.
pub(crate) const RECEIPTS_MAX: i64 = 2_000;

const COLUMNS: &str = "n, at, settled_at, session, occasion, kind, channel, title, text, delivery";

/// Which receipts are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The newest below number `before`, the newest first.
    Newest { limit: u32, before: Option<u32> },
    /// Those whose delivery is not settled, oldest first.
    Pending,
    /// The attempts that were made for one occasion.
    Of { session: &'a str, occasion: &'a str },
}

/// A word or document of ours; none when only damage can have brought it.
fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn write(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode { what: "a receipt", source })
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    let (kind, channel): (String, String) = (row.get(5)?, row.get(6)?);
    let delivery: String = row.get(9)?;
    let unread = || Delivery::Failed { why: "what became of it cannot be read".to_owned() };
    Ok(Receipt {
        n: row.get(0)?,
        at: table::from_sql(row.get(1)?),
        settled_at: row.get::<_, Option<i64>>(2)?.map(table::from_sql),
        session: row.get(3)?,
        occasion: row.get(4)?,
        kind: read(&kind).unwrap_or(NotificationKind::NeedsInput),
        channel: read(&channel).unwrap_or(NoticeChannel::Desktop),
        title: row.get(7)?,
        text: row.get(8)?,
        delivery: read(&delivery).unwrap_or_else(unread),
    })
}

pub(crate) fn wanted(
    connection: &Connection,
    wanted: Wanted<'_>,
) -> Result<Vec<Receipt>, StoreError> {
    let select = |rest: &str| format!("SELECT {COLUMNS} FROM receipts WHERE {rest}");
    let rows = match wanted {
        Wanted::Newest { limit, before } => connection
            .prepare_cached(&select("n < ?1 ORDER BY n DESC LIMIT ?2"))?
            .query_map(params![before.map_or(i64::MAX, i64::from), limit], receipt)?
            .collect::<Result<_, _>>()?,
        Wanted::Pending => connection
            .prepare_cached(&select("pending ORDER BY n"))?
            .query_map([], receipt)?
            .collect::<Result<_, _>>()?,
        Wanted::Of { session, occasion } => connection
            .prepare_cached(&select("session = ?1 AND occasion = ?2 ORDER BY n"))?
            .query_map(params![session, occasion], receipt)?
            .collect::<Result<_, _>>()?,
    };
    Ok(rows)
}

/// Writes one, new or settled. One for the same occasion and channel that is there already stays.
pub(crate) fn upsert(transaction: &Transaction<'_>, receipt: &Receipt) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO receipts (n, at, settled_at, session, occasion, kind, channel, title,
                                   text, delivery, pending)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (n) DO UPDATE SET settled_at = ?3, delivery = ?10, pending = ?11
             ON CONFLICT (session, occasion, channel) DO NOTHING",
        )?
        .execute(params![
            receipt.n,
            table::to_sql(receipt.at),
            receipt.settled_at.map(table::to_sql),
            receipt.session,
            receipt.occasion,
            write(&receipt.kind)?,
            write(&receipt.channel)?,
            receipt.title,
            receipt.text,
            write(&receipt.delivery)?,
            receipt.delivery == Delivery::Pending,
        ])?;
    transaction
        .prepare_cached("DELETE FROM receipts WHERE n <= ?1 - ?2")?
        .execute(params![receipt.n, RECEIPTS_MAX])?;
    Ok(())
}
