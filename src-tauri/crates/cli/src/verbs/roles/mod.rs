//! Verbs that our own processes are started with.

pub mod git_reader;
pub mod hook;
pub mod host;
pub mod intake;
pub mod mcp;
pub mod notifier;
