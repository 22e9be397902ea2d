//! What is asked of one session: started, told, answered, shown, stopped, removed.

pub(crate) mod answer;
pub(crate) mod attach;
pub(crate) mod choose;
pub(crate) mod continue_at_reset;
pub(crate) mod dispatch;
pub(crate) mod enclose;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod plain;
pub(crate) mod remove;
pub(crate) mod reply;
pub(crate) mod respawn;
pub(crate) mod stop;
pub(crate) mod why;
