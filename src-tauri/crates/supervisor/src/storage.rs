//! What the loop asks of its database, as an interface: the store on disk, or one that fails and is
//! cut off where a test says.

use nightshift_model::{Evidence, Session, SessionId};
use nightshift_protocol::Notice;
use nightshift_store::{Store, StoreError, Write};

/// One writer's view of the database. `commit` is whole and durable, or has not happened.
pub trait Storage {
    fn sessions(&self) -> Result<Vec<Session>, StoreError>;
    fn notices(&self, limit: usize) -> Result<Vec<Notice>, StoreError>;
    fn evidence(&self, session: &SessionId) -> Result<Vec<Evidence>, StoreError>;
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
