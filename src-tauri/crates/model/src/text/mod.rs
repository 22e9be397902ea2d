//! Text of agents and users, made safe to show: names, plurals, characters that cannot be seen.
//!
//! Promise: pure; nothing that cannot be seen is passed on unseen.
//! Must not know: sessions, requests, terminals.

pub mod counted;
pub mod foreign;
pub mod naming;
pub mod quoted;
pub mod visible;
