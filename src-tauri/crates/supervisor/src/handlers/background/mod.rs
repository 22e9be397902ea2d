//! What a session does beside its turns: automation, monitors, background tasks.

pub(crate) mod automation;
pub(crate) mod monitor;
pub(crate) mod slash;
pub(crate) mod stop_task;
pub(crate) mod tasks;
