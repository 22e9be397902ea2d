//! Verbs for the supervisor.

pub mod daemon;
pub mod daemon_install;
pub mod daemon_logs;
pub mod daemon_run;
pub mod daemon_status;
pub mod daemon_stop;
pub mod daemon_uninstall;
