//! The supervisor: one process per user that owns sessions and state.
//!
//! Data goes round once: a command or fact enters the inbox, `model::step` decides, one transaction
//! commits, effects act and their results are facts again, followers hear numbered changes.
//! Promise: one owner for all state, nothing slow on the loop, every effect may run twice.
//! Must not know: windows, terminals, how answers are shown.

mod advising;
mod answering;
mod checkout;
mod conditions;
mod continuing;
mod core;
mod due;
mod effects;
mod handlers;
mod judging;
mod limits;
mod mending;
mod notices;
mod permissions;
mod pressure;
mod pulls;
mod reconcile;
mod renew;
mod rest;
mod retention;
mod settings;
mod settling;
#[cfg(test)]
mod sim;
mod standing;
mod start;
mod stillness;
mod tools;

pub use settings::{Checked, check as check_settings};
pub use start::run;
