//! The database of the simulated world: the real store in memory, full and cut off where the dice say.

use crate::world::Reach;
use nightshift_model::{Evidence, Session, SessionId};
use nightshift_protocol::{Notice, PermissionRule, Receipt};
use nightshift_store::{
    DeliveryRow, Key, LedgerEvent, LedgerRow, RoutineRow, RowsWanted, StoreError, TokenRow, Wanted,
    Write,
};
use nightshift_supervisor::ports::storage::Storage;

impl Storage for Reach {
    fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.place("before the sessions are read");
        self.0.borrow().store.sessions()
    }

    fn notices(&self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        self.0.borrow().store.notices(limit)
    }

    fn evidence(&self, session: &SessionId) -> Result<Vec<Evidence>, StoreError> {
        self.place("before evidence is read");
        self.0.borrow().store.evidence(session)
    }

    fn receipts(&self, wanted: Wanted<'_>) -> Result<Vec<Receipt>, StoreError> {
        self.0.borrow().store.receipts(wanted)
    }

    fn is_on(&self, switch: &str) -> Result<bool, StoreError> {
        self.0.borrow().store.is_on(switch)
    }

    fn permissions(&self) -> Result<Vec<PermissionRule>, StoreError> {
        self.0.borrow().store.permissions()
    }

    fn routines(&self) -> Result<Vec<RoutineRow>, StoreError> {
        self.place("before routines are read");
        self.0.borrow().store.routines()
    }

    fn look(&self) -> Result<Option<String>, StoreError> {
        self.0.borrow().store.look()
    }

    fn open_rows(&self) -> Result<Vec<LedgerRow>, StoreError> {
        self.place("before the ledger is read");
        self.0.borrow().store.open_rows()
    }

    fn rows(&self, wanted: RowsWanted<'_>) -> Result<Vec<LedgerRow>, StoreError> {
        self.0.borrow().store.rows(wanted)
    }

    fn row(&self, id: &str) -> Result<Option<LedgerRow>, StoreError> {
        self.0.borrow().store.row(id)
    }

    fn due_row(&self, routine: &str, due_ms: i64) -> Result<Option<LedgerRow>, StoreError> {
        self.0.borrow().store.due_row(routine, due_ms)
    }

    fn is_missed(&self, routine: &str, due_ms: i64) -> Result<Option<bool>, StoreError> {
        self.0.borrow().store.is_missed(routine, due_ms)
    }

    fn counted_runs(&self, routine: &str, since_ms: i64) -> Result<u32, StoreError> {
        self.0.borrow().store.counted_runs(routine, since_ms)
    }

    fn past_rows(
        &self,
        routine: &str,
        before_ms: i64,
        keep_and_limit: (i64, i64),
    ) -> Result<Vec<(String, Option<i64>)>, StoreError> {
        self.0.borrow().store.past_rows(routine, before_ms, keep_and_limit)
    }

    fn row_events(&self, occurrence: &str) -> Result<Vec<LedgerEvent>, StoreError> {
        self.0.borrow().store.row_events(occurrence)
    }

    fn keyed_row(&self, routine: &str, key: &Key<'_>) -> Result<Option<LedgerRow>, StoreError> {
        self.0.borrow().store.keyed_row(routine, key)
    }

    fn has_row_beginning(&self, beginning: &str) -> Result<bool, StoreError> {
        self.0.borrow().store.has_row_beginning(beginning)
    }

    fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.0.borrow().store.tokens()
    }

    fn deliveries(
        &self,
        routine: &str,
        before_and_limit: (Option<i64>, usize),
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.0.borrow().store.deliveries(routine, before_and_limit)
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
        self.0.borrow().store.delivery(id)
    }

    fn delivery_taken_as(
        &self,
        routine: &str,
        guid: &str,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        self.0.borrow().store.delivery_taken_as(routine, guid)
    }

    fn remembered(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.0.borrow().store.remembered(name)
    }

    fn commit(&mut self, write: &Write) -> Result<(), StoreError> {
        self.place("before a commit");
        let mut world = self.0.borrow_mut();
        // Also when it is not stored: what follows from it is done all the same.
        for session in &write.upserts {
            world.heed_rest(session);
        }
        if world.disk_full && !write.is_empty() {
            return Err(StoreError::DiskFull);
        }
        world.store.commit(write)?;
        if !write.is_empty() {
            world.heed_durability(write);
        }
        write.upserts.iter().for_each(|session| world.heed_row(session));
        write.removed.iter().for_each(|id| world.heed_removal(id.as_str()));
        for (id, evidence) in &write.evidence {
            world.tell(|| format!("{id} {}: {}", evidence.state, evidence.text));
        }
        drop(world);
        self.place("after a commit");
        Ok(())
    }
}
