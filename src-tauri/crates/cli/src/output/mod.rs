//! What the command line shows: sessions, questions and conversations as text and as JSON.
//!
//! Promise: pure; nothing that a session or agent said reaches a terminal as a control sequence.
//! Must not know: sockets, files, terminals, the time. A time zone comes only with `since`.

pub mod changes;
pub mod configuration;
pub mod entry;
pub mod outside;
pub mod permission;
pub mod plain;
pub mod routine;
pub mod since;
pub mod table;
pub mod task;
pub mod transcript;
pub mod wrap;
