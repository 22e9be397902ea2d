//! Limits of the supervisor. Each is a named constant with its reason.

use std::time::Duration;

/// Messages waiting for the loop; beyond it connections and hosts are paced, not dropped.
pub const INBOX_MAX: usize = 1024;
/// Follows one connection may hold: panes of one window.
pub const FOLLOWS_MAX: usize = 256;
/// Sessions on the board. Beyond it a dispatch is refused rather than the machine exhausted.
pub const SESSIONS_MAX: usize = 2_000;
/// Sessions with a live process: each has a host, its child and file descriptors.
pub const LIVE_SESSIONS_MAX: usize = 500;
/// Longest wait for an answer to reach the agent before the client is told that it waits.
pub const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Longest wait of a list for the first word of hosts that an earlier supervisor left. Most say it within 0.1 s.
pub const FIRST_WORDS_WAIT: Duration = Duration::from_secs(1);
/// Longest wait for a host to be connected to before an answer is refused and its request stays open: its
/// link says before that whether it can be reached, unless it has very much to read first.
pub const REACH_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for a monitor to be over: its command has half a second to end by itself, and what it
/// said before is told first.
pub const MONITOR_STOP_WAIT: Duration = Duration::from_secs(10);
/// A line that a host refused (its agent reads nothing, its disk is full) is tried again after this.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// Notices kept for the board.
pub const NOTICES_MAX: usize = 50;
/// While the board shows mistakes of the settings file, that is looked at this often.
pub const SETTINGS_PAUSE: Duration = Duration::from_secs(2);
/// While somebody looks at the board, hosts of sessions that work are looked at this often: what stands still is
/// told within seconds.
pub const HOST_LOOK_PAUSE: Duration = Duration::from_secs(5);
/// The same while nobody does: as rare as other looks at the clock, so that it costs no battery.
pub const HOST_LOOK_PAUSE_UNSEEN: Duration = Duration::from_secs(30);
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
/// One notice per shortage: what comes within this time belongs to the same, and after it the notice goes.
pub const PRESSURE_NOTICE_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Pauses before the restarts of an agent that died: a passing trouble gets time to pass.
pub const RESTART_PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// Between two looks at the background work that a goal waits for.
pub const BACKGROUND_LOOK: Duration = Duration::from_secs(30);
/// Until a verdict that could not be stored is tried again: a full disk stays full for a while.
pub const UNSTORED_PAUSE: Duration = Duration::from_secs(10);
/// The first look comes sooner: what was about to end when the turn did costs no half minute.
pub const BACKGROUND_FIRST_LOOK: Duration = Duration::from_secs(2);
/// Between two questions to a forge about the same open pull request: a review takes longer.
/// `NIGHTSHIFT_PULL_PAUSE_S` changes it for a supervisor.
pub const PULL_PAUSE: Duration = Duration::from_secs(2 * 60);
/// The same for one that was closed: few are opened again.
pub const PULL_CLOSED_PAUSE: Duration = Duration::from_secs(30 * 60);
/// The same after a question that failed: its program is not there, or nobody is signed in.
pub const PULL_FAILED_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Messages that wait for the loop or are being taken by it, in bytes: two of the largest.
pub const HELD_MAX_BYTES: usize = 32 * 1024 * 1024;
/// Smaller messages are not counted: their number is bounded.
pub const HELD_LEAST_BYTES: usize = 4 * 1024;
/// Time between asking a session to end and killing it.
pub const STOP_GRACE_MS: u64 = 3_000;
/// Facts that could not be stored are tried again after this time.
pub const STORE_RETRY: Duration = Duration::from_secs(5);
/// Evidence held in memory while the database cannot be written; older entries go first.
pub const UNSAVED_EVIDENCE_MAX: usize = 1_000;
/// Bytes of a session's journal; the oldest segment goes first.
pub const JOURNAL_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Size of a PTY until a client attaches.
pub const FIRST_COLS: u16 = 120;
pub const FIRST_ROWS: u16 = 32;
/// What a session tries and may not is told again after this: it may try without end.
pub const TRY_PAUSE: Duration = Duration::from_secs(60);
/// One page of a log: well below a frame.
pub const LOG_PAGE_BYTES: usize = 1024 * 1024;
/// Lines and stops waiting for one host's socket.
pub const LINK_QUEUE_MAX: usize = 256;
