//! The values that sessions are made of: ids, times, limits, evidence, usage.
//!
//! Promise: pure; each type says what is valid.
//! Must not know: sessions, what follows from an event.

pub mod enclosure;
pub mod evidence;
pub mod forge;
pub mod id;
pub mod limits;
pub mod lodging;
pub mod pull_request;
pub mod time;
pub mod trouble;
pub mod usage;
