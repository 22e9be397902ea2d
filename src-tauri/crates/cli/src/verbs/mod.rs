//! One file per verb: its arguments and what it does.

pub mod agents;
pub mod answer;
pub mod attach;
pub mod attach_conversation;
pub mod attach_terminal;
pub mod daemon;
pub mod daemon_run;
pub mod daemon_status;
pub mod daemon_stop;
pub mod dispatch;
pub mod host;
pub mod interrupt;
pub mod logs;
pub mod pin;
pub mod rename;
pub mod reply;
pub mod rm;
pub mod stop;
pub mod why;
