//! Limits of the supervisor. Each is a named constant with its reason.

#[cfg(test)]
pub use nightshift_link::limits::{
    LAUNCH_TIMEOUT, RECONNECT_FIRST, RECONNECT_LONGEST, RECONNECT_TRIES, RECORD_BATCH_MAX,
};
use std::time::Duration;

/// Messages waiting for the loop; beyond it connections and hosts are paced, not dropped.
pub const INBOX_MAX: usize = 1024;
/// Frames waiting for one client; a follower beyond it gets a fresh snapshot later.
pub const CLIENT_QUEUE_MAX: usize = 1024;
/// Clients connected at once: windows, terminals and scripts of one user.
pub const CLIENTS_MAX: usize = 256;
/// Follows one connection may hold: panes of one window.
pub const FOLLOWS_MAX: usize = 256;
/// Sessions on the board. Beyond it a dispatch is refused rather than the machine exhausted.
pub const SESSIONS_MAX: usize = 2_000;
/// Sessions with a live process: each has a host, its child and file descriptors.
pub const LIVE_SESSIONS_MAX: usize = 500;
/// Time between asking a session to end and killing it.
pub const STOP_GRACE_MS: u64 = 3_000;
/// Longest wait for an answer to reach the agent before the client is told the state as it is.
pub const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// A line that a host refused (its agent reads nothing, its disk is full) is tried again after this.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// One page of a log: well below a frame.
pub const LOG_PAGE_BYTES: usize = 1024 * 1024;
/// Bytes of a session's journal; the oldest segment goes first.
pub const JOURNAL_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// After a deletion under the state directory: whoever deletes gets the time to finish.
pub const GROUND_SETTLE: Duration = Duration::from_millis(100);
/// A state directory that could not be made anew is tried again after this.
pub const GROUND_RETRY: Duration = Duration::from_secs(5);
/// A role that is taken while its lock file is gone is looked at this often: its holder is ending or
/// makes its directory anew, which takes it `GROUND_SETTLE` and a little more.
pub const ROLE_LOOKS: u32 = 150;
pub const ROLE_LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Size of a PTY until a client attaches.
pub const FIRST_COLS: u16 = 120;
pub const FIRST_ROWS: u16 = 32;
/// Notices kept for the board.
pub const NOTICES_MAX: usize = 50;
/// Environment handed over by a client: the kernel's own limit for a process is of this order.
pub const ENVIRONMENT_MAX_BYTES: usize = 1024 * 1024;
/// Followers that fell behind are tried again after this time.
pub const CATCH_UP_PAUSE: Duration = Duration::from_millis(250);
/// A finished agent that nobody pinned or watches gives its memory back after this time of running
/// (sleep does not count). `NIGHTSHIFT_RETIRE_AFTER_S` changes it for a supervisor.
pub const RETIRE_AFTER: Duration = Duration::from_secs(60 * 60);
/// A shell job's row and output go this long (running time) after its end was last looked at.
/// `NIGHTSHIFT_SHELL_KEEP_S` changes it for a supervisor.
pub const SHELL_KEEP: Duration = Duration::from_secs(5 * 60);
/// Between two sessions that are put to rest for want of memory, and between two looks at the
/// average: the kernel's shortest average is over 10 s, earlier the effect cannot be seen.
/// `NIGHTSHIFT_PRESSURE_PAUSE_S` changes it for a supervisor.
pub const PRESSURE_PAUSE: Duration = Duration::from_secs(10);
/// Memory is short when some task stood still for this share of the last 10 s, in percent.
pub const PRESSURE_PERCENT: f64 = 15.0;
/// One notice per shortage: what comes within this time belongs to the same.
pub const PRESSURE_NOTICE_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Processes of one session that are listed: a build may have thousands.
pub const TASKS_MAX: usize = 200;
/// Pauses before the restarts of an agent that died: a passing trouble gets time to pass.
pub const RESTART_PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// Facts that could not be stored are tried again after this time.
pub const STORE_RETRY: Duration = Duration::from_secs(5);
/// Evidence held in memory while the database cannot be written; older entries go first.
pub const UNSAVED_EVIDENCE_MAX: usize = 1_000;
