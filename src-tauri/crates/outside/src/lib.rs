//! What is around the supervisor's loop: hosts and session directories, the database, clients'
//! connections, the role and the places it stands on; and the one enum of what can wake the loop.
//!
//! Promise: the loop reaches all of it through the interfaces here, so that a test can put a simulated
//! world in its place.
//! Must not know: what the loop decides, its sessions.

mod background;
pub mod callers;
pub mod gate;
pub mod ground;
pub mod inbox;
pub mod launching;
pub mod limits;
pub mod log_pages;
pub mod outside;
pub mod pressure;
mod serve;
pub mod storage;
pub mod unsaved;
pub mod wait;
