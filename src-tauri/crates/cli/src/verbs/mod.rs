//! One file per verb: its arguments and what it does.

pub mod agents;
pub mod agents_registry;
pub mod answer;
pub mod attach;
pub mod attach_conversation;
pub mod attach_terminal;
pub mod completions;
pub mod daemon;
pub mod daemon_install;
pub mod daemon_logs;
pub mod daemon_run;
pub mod daemon_status;
pub mod daemon_stop;
pub mod daemon_uninstall;
pub mod dispatch;
pub mod host;
pub mod interrupt;
pub mod logs;
pub mod man;
pub mod notices;
pub mod pin;
pub mod rename;
pub mod reply;
pub mod rm;
pub mod stop;
pub mod why;
