//! What is around the supervisor's loop: hosts, worktrees, session directories, the database, clients.
//!
//! Promise: the loop reaches all of it through the interfaces here, so that a test can put a simulated
//! world in its place.
//! Must not know: what the loop decides, its sessions.

mod background;
pub mod clients;
pub mod ground;
pub mod host_link;
pub mod launching;
pub mod limits;
pub mod log_pages;
pub mod outside;
pub mod server;
pub mod storage;
pub mod unsaved;
pub mod workspace;
