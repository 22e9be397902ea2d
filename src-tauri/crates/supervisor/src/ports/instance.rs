//! What the supervisor stands on in the file system: its directories, lock, socket and database.

use crate::ports::storage::Storage;
use nightshift_protocol::Fault;

/// What had to be made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    Nothing,
    /// Only our own socket, which nobody misses.
    Socket,
    /// The directory of sockets and the lock, or the lock in it.
    Sockets,
    /// The state directory: what ended sessions had printed is lost.
    State,
}

pub trait Instance {
    /// Makes anew what is gone, and says what was.
    fn mend(&mut self, store: &mut dyn Storage) -> Result<Mended, Fault>;
    /// Another look after a while: what could not be made anew may be possible then.
    fn mend_later(&self);
    /// Gives the place back.
    fn leave(self: Box<Self>);
}
