//! What an agent asks its user, and how it is answered.
//!
//! Promise: pure; a request says itself whether it is shown whole and what may answer it.
//! Must not know: sessions, clocks, files.

pub mod answering;
pub mod choice;
pub mod need;
pub mod reading;
pub mod shell;
