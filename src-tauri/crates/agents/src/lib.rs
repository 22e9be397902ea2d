//! Everything that is particular to agents: which there are, how their protocol reads, what of it
//! becomes facts and conversation, and what each vendor does in its own way.
//!
//! Promises: the ACP driver is pure (journal records in; facts, conversation changes and lines to
//! write out), so a new supervisor rebuilds it from the journal alone; nothing is sent twice.
//! Must not know: SQLite, the supervisor, the board, hosts' sockets.

pub mod acp;
mod plain;
pub mod registry;
mod tasks;
pub mod vendors;

pub use plain::plain;
pub use tasks::tasks;
