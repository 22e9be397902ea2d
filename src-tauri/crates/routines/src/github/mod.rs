//! Events from GitHub: which there are, what one says, which of them a trigger takes.
//!
//! Promise: the same event has the same key whichever way it came. Must not know: HTTP, tokens, polling.

pub mod filter;
pub mod kinds;
