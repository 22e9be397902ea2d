//! Clients of the supervisor: who they are, what they may ask, and what they send to the loop.
//!
//! Promise: a client that says nothing, too much or nonsense costs nobody else anything.
//! Must not know: what the loop decides, its sessions.

pub mod callers;
pub mod pressure;
pub mod serve;
