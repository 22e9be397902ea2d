//! The journal: numbered records in bounded segment files, oldest segment first to go.
//!
//! Promise: whatever is cut off or damaged, every whole record before the damage stays readable,
//! appending goes on, and a sequence number never names two records.
//! Must not know: what the records mean, who reads them, processes, sockets.

mod reader;
mod segment;
mod writer;

pub use reader::{Reader, read};
pub use writer::{Appended, Writer};

#[cfg(test)]
mod tests;
