//! Events from GitHub: which there are, what one says, which of them a trigger takes.
//!
//! Promise: the same event has the same key whichever way it came. Must not know: HTTP, tokens, polling.

mod activity;
mod event;
pub mod filter;
pub mod kinds;
mod take;

pub use activity::from_activity;
pub use event::{Event, Malformed, Received, Source, from_webhook};
pub use take::{Taken, matches, take};
