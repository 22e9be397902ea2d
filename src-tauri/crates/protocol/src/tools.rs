//! Names of the tools that every session's agent gets from us, as the bridge offers them and as the
//! agents' own requests name them.

/// The server's name in an agent's list of MCP servers. No server of the user's may have it.
pub const SERVER: &str = "nightshift";
/// The one tool that may run a command.
pub const MONITOR: &str = "Monitor";
/// All of them.
pub const TOOLS: [&str; 11] = [
    "CronCreate",
    "CronList",
    "CronDelete",
    "ScheduleWakeup",
    MONITOR,
    "TaskList",
    "TaskStop",
    "PushNotification",
    "GoalSet",
    "GoalStatus",
    "GoalClear",
];
