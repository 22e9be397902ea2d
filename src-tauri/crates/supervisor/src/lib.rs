//! The supervisor: one process per user that owns sessions and state.
//!
//! Data goes round once: a command or fact enters the inbox, `model::step` decides, one transaction
//! commits, effects act and their results are facts again, followers hear numbered changes.
//! Promise: one owner for all state, nothing slow on the loop, every effect may run twice.
//! Must not know: windows, terminals, how answers are shown.

mod background;
mod checkout;
mod continuing;
mod core;
mod effects;
mod ground;
mod handlers;
mod inbox;
mod limits;
mod outside;
mod pressure;
mod reconcile;
mod renew;
mod rest;
mod retention;
mod serve;
mod settings;
#[cfg(test)]
mod sim;
mod start;
mod storage;
mod unsaved;
mod wait;

use nightshift_link as link;
pub use start::run;
