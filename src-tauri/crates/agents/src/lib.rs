//! What agents say and what is said to them: which of their lines become facts and conversation.
//!
//! Promises: the ACP driver is pure (journal records in; facts, conversation changes and lines to
//! write out), so a new supervisor rebuilds it from the journal alone; nothing is sent twice.
//! Must not know: SQLite, the supervisor, the board, hosts' sockets.

pub mod acp;
mod driver;
mod plain;
mod pulls;
mod tasks;
pub mod terminal;

pub use driver::Driver;
pub use plain::plain;
pub use tasks::tasks;
