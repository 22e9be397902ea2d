//! The words of the session model: what an id, a need, a piece of evidence or a name is.
//!
//! Promise: pure; each type says what is valid and in what words it is shown. Limits stand here.
//! Must not know: sessions, what follows from an event, files, sockets, clocks.

pub mod answering;
pub mod choice;
pub mod counted;
pub mod enclosure;
pub mod evidence;
pub mod forge;
pub mod id;
pub mod limits;
pub mod lodging;
pub mod naming;
pub mod need;
pub mod pull_request;
pub mod reading;
pub mod shell;
pub mod time;
pub mod trouble;
pub mod usage;
pub mod visible;
