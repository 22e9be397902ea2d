//! The supervisor: one process per user that owns sessions and state.
//!
//! Data goes round once: a command or fact enters the inbox, `model::step` decides, one transaction
//! commits, effects act and their results are facts again, followers hear numbered changes.
//! Promise: one owner for all state, nothing slow on the loop, every effect may run twice.
//! Must not know: windows, terminals, how answers are shown, who implements its ports.

pub mod clients;
pub mod core;
pub mod features;
mod handlers;
pub mod inbox;
pub mod limits;
pub mod ports;
mod sessions;

pub use features::settings::{Checked, check as check_settings};
