//! What the loop asks of its database, as an interface: the store on disk, or one that fails and is
//! cut off where a test says.

use nightshift_model::{Evidence, Fact, Session, SessionId, Source, heal};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, Notice, PermissionRule, Receipt};
use nightshift_store::{
    DeliveryRow, Key, LedgerEvent, LedgerRow, RoutineRow, RowsWanted, Store, StoreError, TokenRow,
    Wanted, Write,
};

/// One writer's view of the database. `commit` is whole and durable, or has not happened.
pub trait Storage {
    fn sessions(&self) -> Result<Vec<Session>, StoreError>;
    fn notices(&self, limit: usize) -> Result<Vec<Notice>, StoreError>;
    fn evidence(&self, session: &SessionId) -> Result<Vec<Evidence>, StoreError>;
    fn receipts(&self, wanted: Wanted<'_>) -> Result<Vec<Receipt>, StoreError>;
    fn is_on(&self, switch: &str) -> Result<bool, StoreError>;
    fn permissions(&self) -> Result<Vec<PermissionRule>, StoreError>;
    fn routines(&self) -> Result<Vec<RoutineRow>, StoreError>;
    /// The look at the clocks that routines went by last.
    fn look(&self) -> Result<Option<String>, StoreError>;
    /// Rows of the ledger that are not over, oldest first.
    fn open_rows(&self) -> Result<Vec<LedgerRow>, StoreError>;
    /// Newest first.
    fn rows(&self, wanted: RowsWanted<'_>) -> Result<Vec<LedgerRow>, StoreError>;
    fn row(&self, id: &str) -> Result<Option<LedgerRow>, StoreError>;
    fn due_row(&self, routine: &str, due_ms: i64) -> Result<Option<LedgerRow>, StoreError>;
    /// Whether a due time has its row, and whether it was missed for its lateness.
    fn is_missed(&self, routine: &str, due_ms: i64) -> Result<Option<bool>, StoreError>;
    /// Runs that count against the cap of a day.
    fn counted_runs(&self, routine: &str, since_ms: i64) -> Result<u32, StoreError>;
    /// Ids and due times of rows beyond the newest `keep` that were over before; at most `limit`.
    fn past_rows(
        &self,
        routine: &str,
        before_ms: i64,
        keep_and_limit: (i64, i64),
    ) -> Result<Vec<(String, Option<i64>)>, StoreError>;
    fn row_events(&self, occurrence: &str) -> Result<Vec<LedgerEvent>, StoreError>;
    /// The row of an event, or of a fire with an idempotency key.
    fn keyed_row(&self, routine: &str, key: &Key<'_>) -> Result<Option<LedgerRow>, StoreError>;
    /// Whether there is an occurrence whose id begins so.
    fn has_row_beginning(&self, beginning: &str) -> Result<bool, StoreError>;
    fn tokens(&self) -> Result<Vec<TokenRow>, StoreError>;
    /// What came from outside, newest first.
    fn deliveries(
        &self,
        routine: &str,
        before_and_limit: (Option<i64>, usize),
    ) -> Result<Vec<DeliveryRow>, StoreError>;
    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError>;
    /// The first delivery that GitHub gave this id and that was taken.
    fn delivery_taken_as(
        &self,
        routine: &str,
        guid: &str,
    ) -> Result<Option<DeliveryRow>, StoreError>;
    /// A single word that was kept under this name.
    fn remembered(&self, name: &str) -> Result<Option<String>, StoreError>;
    fn commit(&mut self, write: &Write) -> Result<(), StoreError>;
    /// Whether its file still is where it was opened.
    fn is_in_place(&self) -> bool {
        true
    }
    /// Writes all it holds to the place where its file was.
    fn save_anew(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Facts that a power cut makes void (a process that lived, the line it printed) or that another
/// durable record tells again (the exit record): no reason to wait for the disk.
pub fn outlived(fact: &Fact) -> bool {
    matches!(fact, Fact::Launched { .. } | Fact::Progress { .. } | Fact::Exited { .. })
}

/// What a client is told when a write failed.
pub fn fault(error: &StoreError) -> Fault {
    Fault::new(FaultCode::Io, error.to_string())
        .hint("nothing was changed; make room or mend the state directory, then try again")
}

/// Every session, each within today's bounds.
pub fn healed(store: &mut dyn Storage) -> Result<Vec<Session>, Fault> {
    let mut sessions = store.sessions().map_err(|e| fault(&e))?;
    let mut write = Write::default();
    for session in &mut sessions {
        let Some((healed, text)) = heal::healed(session) else { continue };
        tracing::warn!(session = %session.id, "{text}");
        let (at, state) = (clock::now(), healed.state.word().to_owned());
        let why = Evidence { at, source: Source::Supervisor, state, text };
        write.evidence.push((healed.id.clone(), why));
        write.upserts.push(healed.clone());
        *session = healed;
    }
    if !write.is_empty()
        && let Err(e) = store.commit(&write)
    {
        // They are as they are here; the next change of each stores it.
        tracing::error!("sessions that were too large are not stored anew: {e}");
    }
    Ok(sessions)
}

impl Storage for Store {
    fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        Store::sessions(self)
    }

    fn notices(&self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        Store::notices(self, limit)
    }

    fn evidence(&self, session: &SessionId) -> Result<Vec<Evidence>, StoreError> {
        Store::evidence(self, session)
    }

    fn receipts(&self, wanted: Wanted<'_>) -> Result<Vec<Receipt>, StoreError> {
        Store::receipts(self, wanted)
    }

    fn is_on(&self, switch: &str) -> Result<bool, StoreError> {
        Store::is_on(self, switch)
    }

    fn permissions(&self) -> Result<Vec<PermissionRule>, StoreError> {
        Store::permissions(self)
    }

    fn routines(&self) -> Result<Vec<RoutineRow>, StoreError> {
        Store::routines(self)
    }

    fn look(&self) -> Result<Option<String>, StoreError> {
        Store::look(self)
    }

    fn open_rows(&self) -> Result<Vec<LedgerRow>, StoreError> {
        Store::open_rows(self)
    }

    fn rows(&self, wanted: RowsWanted<'_>) -> Result<Vec<LedgerRow>, StoreError> {
        Store::rows(self, wanted)
    }

    fn row(&self, id: &str) -> Result<Option<LedgerRow>, StoreError> {
        Store::row(self, id)
    }

    fn due_row(&self, routine: &str, due_ms: i64) -> Result<Option<LedgerRow>, StoreError> {
        Store::due_row(self, routine, due_ms)
    }

    fn is_missed(&self, routine: &str, due_ms: i64) -> Result<Option<bool>, StoreError> {
        Store::is_missed(self, routine, due_ms)
    }

    fn counted_runs(&self, routine: &str, since_ms: i64) -> Result<u32, StoreError> {
        Store::counted_runs(self, routine, since_ms)
    }

    fn past_rows(
        &self,
        routine: &str,
        before_ms: i64,
        keep_and_limit: (i64, i64),
    ) -> Result<Vec<(String, Option<i64>)>, StoreError> {
        Store::past_rows(self, routine, before_ms, keep_and_limit)
    }

    fn row_events(&self, occurrence: &str) -> Result<Vec<LedgerEvent>, StoreError> {
        Store::row_events(self, occurrence)
    }

    fn keyed_row(&self, routine: &str, key: &Key<'_>) -> Result<Option<LedgerRow>, StoreError> {
        Store::keyed_row(self, routine, key)
    }

    fn has_row_beginning(&self, beginning: &str) -> Result<bool, StoreError> {
        Store::has_row_beginning(self, beginning)
    }

    fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        Store::tokens(self)
    }

    fn deliveries(
        &self,
        routine: &str,
        before_and_limit: (Option<i64>, usize),
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        Store::deliveries(self, routine, before_and_limit)
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
        Store::delivery(self, id)
    }

    fn delivery_taken_as(
        &self,
        routine: &str,
        guid: &str,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        Store::delivery_taken_as(self, routine, guid)
    }

    fn remembered(&self, name: &str) -> Result<Option<String>, StoreError> {
        Store::remembered(self, name)
    }

    fn commit(&mut self, write: &Write) -> Result<(), StoreError> {
        Store::commit(self, write)
    }

    fn is_in_place(&self) -> bool {
        Store::is_in_place(self)
    }

    fn save_anew(&mut self) -> Result<(), StoreError> {
        Store::save_anew(self)
    }
}
