//! What the user is told outside of the board: when, in which words, through which channels, and what
//! became of it.
//!
//! Promise: pure. Each need, end and failure is told once; whatever is told or kept back leaves a
//! receipt with the reason. Time and the user's presence are arguments.
//! Must not know: D-Bus, HTTP, sockets, clocks, the database.

mod deliver;
mod occasion;
mod presence;
pub mod tray;
mod verdict;
mod wording;

pub use deliver::{Answered, Client, Notices, Now};
pub use occasion::{Occasion, arising, pushed, tried};
pub use verdict::channels;
