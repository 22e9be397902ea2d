//! The supervisor's database: sessions, evidence, notices, receipts, the ledger of routines, and what had to be
//! set aside.
//!
//! Promise: every `commit` is one transaction, durable even when the power goes unless it says that
//! it need not be (WAL; `synchronous` FULL or NORMAL); migrations go forward only, after a backup; one damaged row or file is set aside and never stops the rest.
//! Must not know: clocks, sockets, processes, or what any state means.

mod error;
pub mod ledger;
mod migrate;
mod open;
pub mod outside;
mod set_aside;
mod table;

pub use error::StoreError;
pub use ledger::{Key, LedgerEvent, LedgerRow, LedgerWrite, RoutineRow, RowsWanted};
pub use migrate::SCHEMA_VERSION;
pub use outside::{DeliveryRow, OutsideWrite, TokenRow};
pub use set_aside::SetAside;
pub use table::receipts::Wanted;

use nightshift_model::{Evidence, Millis, Session, SessionId};
use nightshift_protocol::{Notice, PermissionRule, Receipt};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};

/// What one turn of the supervisor changes, committed whole or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Write {
    pub upserts: Vec<Session>,
    pub evidence: Vec<(SessionId, Evidence)>,
    pub removed: Vec<SessionId>,
    pub notices: Vec<Notice>,
    /// New ones, and those that were settled.
    pub receipts: Vec<Receipt>,
    pub switches: Vec<(&'static str, bool)>,
    /// New rules, and those with another verdict.
    pub permissions: Vec<PermissionRule>,
    /// Ids of rules that are taken away.
    pub revoked: Vec<String>,
    pub ledger: LedgerWrite,
    /// It outlives this program but may go with the power: true of what a restarted machine makes
    /// void anyway. Saves a wait for the disk.
    pub volatile: bool,
}

impl Write {
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty()
            && self.evidence.is_empty()
            && self.removed.is_empty()
            && self.notices.is_empty()
            && self.receipts.is_empty()
            && self.switches.is_empty()
            && self.permissions.is_empty()
            && self.revoked.is_empty()
            && self.ledger.is_empty()
    }
}

/// The one writer. Owned by the supervisor's single thread.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// What `synchronous` is set to: NORMAL instead of FULL.
    volatile: bool,
    path: PathBuf,
    /// Device and inode of the file that is open; none for a database in memory.
    file: Option<(u64, u64)>,
}

impl Store {
    /// Opens or makes the database at `path`, brings it to this build's schema and sets damaged
    /// parts aside. `at` names the files and rows that are set aside.
    pub fn open(path: &Path, at: Millis) -> Result<(Store, Vec<SetAside>), StoreError> {
        let (mut connection, mut findings) = open::open(path, at)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        findings.extend(table::sessions::set_damaged_aside(&transaction, at)?);
        findings.extend(table::routines::set_damaged_aside(&transaction, at)?);
        findings.extend(table::occurrences::set_damaged_aside(&transaction, at)?);
        transaction.commit()?;
        // One in memory has no file.
        let file = open::file_id(path).ok();
        Ok((Store { connection, volatile: false, path: path.to_owned(), file }, findings))
    }

    /// Whether the path still names the file that is open.
    pub fn is_in_place(&self) -> bool {
        self.file.is_none() || open::file_id(&self.path).ok() == self.file
    }

    /// The file was deleted or moved away while open: writes all it holds to its path and goes on
    /// there. A file that has come there meanwhile is kept under another name.
    pub fn save_anew(&mut self) -> Result<(), StoreError> {
        let connection = open::save_anew(&self.connection, &self.path)?;
        self.file = Some(open::file_id(&self.path)?);
        self.connection = connection;
        self.volatile = false;
        Ok(())
    }

    /// Every session, oldest first. Damaged rows were set aside when the store was opened.
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        table::sessions::all(&self.connection)
    }

    /// Commits `write` in one transaction. Removals come last: a session that is both written and
    /// removed is gone, and its evidence with it.
    pub fn commit(&mut self, write: &Write) -> Result<(), StoreError> {
        if write.is_empty() {
            return Ok(());
        }
        if self.volatile != write.volatile {
            let mode = if write.volatile { "NORMAL" } else { "FULL" };
            self.connection.pragma_update(None, "synchronous", mode)?;
            self.volatile = write.volatile;
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for session in &write.upserts {
            table::sessions::upsert(&transaction, session)?;
        }
        for (session, evidence) in &write.evidence {
            table::evidence::append(&transaction, session, evidence)?;
        }
        for session in &write.removed {
            table::sessions::remove(&transaction, session)?;
            table::evidence::remove(&transaction, session)?;
        }
        for notice in &write.notices {
            table::notices::append(&transaction, notice)?;
        }
        for receipt in &write.receipts {
            table::receipts::upsert(&transaction, receipt)?;
        }
        for (name, on) in &write.switches {
            table::switches::turn(&transaction, name, *on)?;
        }
        for rule in &write.permissions {
            table::permissions::upsert(&transaction, rule)?;
        }
        for id in &write.revoked {
            table::permissions::revoke(&transaction, id)?;
        }
        write_ledger(&transaction, &write.ledger)?;
        transaction.commit()?;
        Ok(())
    }

    pub fn permissions(&self) -> Result<Vec<PermissionRule>, StoreError> {
        table::permissions::all(&self.connection)
    }

    pub fn receipts(&self, wanted: Wanted<'_>) -> Result<Vec<Receipt>, StoreError> {
        table::receipts::wanted(&self.connection, wanted)
    }

    pub fn is_on(&self, switch: &str) -> Result<bool, StoreError> {
        table::switches::is_on(&self.connection, switch)
    }

    /// A session's evidence, oldest first; at most `model::limits::EVIDENCE_MAX` entries.
    pub fn evidence(&self, session: &SessionId) -> Result<Vec<Evidence>, StoreError> {
        table::evidence::of_session(&self.connection, session)
    }

    /// The latest `limit` notices, oldest first.
    pub fn notices(&self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        table::notices::latest(&self.connection, limit)
    }

    /// Every routine, by name. Damaged rows were set aside when the store was opened.
    pub fn routines(&self) -> Result<Vec<RoutineRow>, StoreError> {
        table::routines::all(&self.connection)
    }

    /// The look at the clocks that was kept last.
    pub fn look(&self) -> Result<Option<String>, StoreError> {
        table::routines::look(&self.connection)
    }

    /// Rows of the ledger that are not over, oldest first.
    pub fn open_rows(&self) -> Result<Vec<LedgerRow>, StoreError> {
        table::occurrences::open(&self.connection)
    }

    /// Rows of the ledger, newest first. What cannot be read is left out.
    pub fn rows(&self, wanted: RowsWanted<'_>) -> Result<Vec<LedgerRow>, StoreError> {
        table::occurrences::wanted(&self.connection, wanted)
    }

    /// The row of an occurrence.
    pub fn row(&self, id: &str) -> Result<Option<LedgerRow>, StoreError> {
        table::occurrences::one(&self.connection, id)
    }

    /// The row of a routine's due time.
    pub fn due_row(&self, routine: &str, due_ms: i64) -> Result<Option<LedgerRow>, StoreError> {
        table::occurrences::due(&self.connection, routine, due_ms)
    }

    /// Whether a due time has its row, and whether it was missed for its lateness.
    pub fn is_missed(&self, routine: &str, due_ms: i64) -> Result<Option<bool>, StoreError> {
        table::occurrences::is_missed(&self.connection, routine, due_ms)
    }

    /// How many runs of the routine were taken from `since_ms` on and count.
    pub fn counted_runs(&self, routine: &str, since_ms: i64) -> Result<u32, StoreError> {
        table::occurrences::counted(&self.connection, routine, since_ms)
    }

    /// Ids and due times of the oldest `limit` rows of the routine that were over before `before_ms` and are
    /// not among its newest `keep`.
    pub fn past_rows(
        &self,
        routine: &str,
        before_ms: i64,
        (keep, limit): (i64, i64),
    ) -> Result<Vec<(String, Option<i64>)>, StoreError> {
        table::occurrences::past(&self.connection, routine, (before_ms, keep, limit))
    }

    /// What happened to an occurrence, oldest first.
    pub fn row_events(&self, occurrence: &str) -> Result<Vec<LedgerEvent>, StoreError> {
        table::occurrences::events(&self.connection, occurrence)
    }

    /// The row of a routine's event, or of a fire with this idempotency key.
    pub fn keyed_row(&self, routine: &str, key: &Key<'_>) -> Result<Option<LedgerRow>, StoreError> {
        table::occurrences::keyed(&self.connection, routine, key)
    }

    /// Whether there is an occurrence whose id begins so.
    pub fn has_row_beginning(&self, beginning: &str) -> Result<bool, StoreError> {
        table::occurrences::has_beginning(&self.connection, beginning)
    }

    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        table::outside::tokens(&self.connection)
    }

    /// What came for a routine, newest first.
    pub fn deliveries(
        &self,
        routine: &str,
        before_and_limit: (Option<i64>, usize),
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        table::outside::deliveries(&self.connection, routine, before_and_limit)
    }

    pub fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
        table::outside::delivery(&self.connection, id)
    }

    /// The first delivery that GitHub gave this id and that was taken.
    pub fn delivery_taken_as(
        &self,
        routine: &str,
        guid: &str,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        table::outside::taken_as(&self.connection, routine, guid)
    }

    pub fn remembered(&self, name: &str) -> Result<Option<String>, StoreError> {
        table::outside::remembered(&self.connection, name)
    }

    /// Everything that was ever set aside in this database, oldest first.
    pub fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        table::set_aside::all(&self.connection)
    }
}

/// Routines before their rows, removals last.
fn write_ledger(transaction: &Transaction<'_>, write: &LedgerWrite) -> Result<(), StoreError> {
    for routine in &write.routines {
        table::routines::upsert(transaction, routine)?;
    }
    for row in &write.rows {
        table::occurrences::upsert(transaction, row)?;
    }
    for event in &write.events {
        table::occurrences::append(transaction, event)?;
    }
    for id in &write.forgotten {
        table::occurrences::forget(transaction, id)?;
    }
    for routine in &write.removed {
        table::routines::remove(transaction, routine)?;
        table::occurrences::forget_all(transaction, routine)?;
        table::outside::forget_all(transaction, routine)?;
    }
    table::outside::write(transaction, &write.outside)?;
    if let Some(look) = &write.look {
        table::routines::keep_look(transaction, look)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
