//! Routines, the pure part: what a definition says, what came due and why late, what an occurrence may become,
//! which events from outside count, how a routine is doing, and the text that its agent gets.
//!
//! Promise: pure. Times come in as wall milliseconds since the epoch, zones and marks as arguments; the same
//! data in give the same data out.
//! Must not know: clocks, files, randomness, the database, sessions, processes, sockets.

pub mod definition;
pub mod github;
pub mod health;
pub mod import;
pub mod occurrence;
pub mod payload;
pub mod phrases;
pub mod plan;

pub use definition::{Definition, Problem};
