//! What belongs to one session beside its state: how its process is started, what it printed, how it is found
//! again at a start.

pub mod launch_document;
pub mod log_pages;
pub mod mcp_servers;
mod recovery;
