//! Verbs for sessions.

pub mod agents;
pub mod answer;
pub mod attach;
pub mod attach_conversation;
pub mod attach_terminal;
pub mod continue_at_reset;
pub mod dispatch;
pub mod interrupt;
pub mod logs;
pub mod open;
pub mod pin;
pub mod rename;
pub mod reply;
pub mod respawn;
pub mod rm;
pub mod set;
pub mod stop;
pub mod undo;
pub mod why;
