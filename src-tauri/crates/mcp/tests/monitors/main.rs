//! Monitors with real commands and real WebSockets, without a supervisor: what comes, how it ends,
//! and that nothing of it is left.

mod commands;
mod ear;
mod websockets;
