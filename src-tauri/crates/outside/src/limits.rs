//! Limits of what is around the loop. Each is a named constant with its reason.

use std::time::Duration;

/// Frames waiting for one client; a follower beyond it gets a fresh snapshot later.
pub const CLIENT_QUEUE_MAX: usize = 1024;
/// Clients connected at once: windows, terminals and scripts of one user.
pub const CLIENTS_MAX: usize = 256;
/// Time between asking a session to end and killing it.
pub const STOP_GRACE_MS: u64 = 3_000;
/// After a deletion under the state directory: whoever deletes gets the time to finish.
pub const GROUND_SETTLE: Duration = Duration::from_millis(100);
/// A state directory that could not be made anew is tried again after this.
pub const GROUND_RETRY: Duration = Duration::from_secs(5);
/// Processes of one session that are listed: a build may have thousands.
pub const TASKS_MAX: usize = 200;
/// Facts that could not be stored are tried again after this time.
pub const STORE_RETRY: Duration = Duration::from_secs(5);
/// Evidence held in memory while the database cannot be written; older entries go first.
pub const UNSAVED_EVIDENCE_MAX: usize = 1_000;
/// A role that is taken while its lock file is gone is looked at this often: its holder is ending or
/// makes its directory anew, which takes it `GROUND_SETTLE` and a little more.
pub const ROLE_LOOKS: u32 = 150;
pub const ROLE_LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Between two sessions that are put to rest for want of memory, and between two looks at the
/// average: the kernel's shortest average is over 10 s, earlier the effect cannot be seen.
/// `NIGHTSHIFT_PRESSURE_PAUSE_S` changes it for a supervisor.
pub const PRESSURE_PAUSE: Duration = Duration::from_secs(10);
/// Memory is short when some task stood still for this share of the last 10 s, in percent.
pub const PRESSURE_PERCENT: f64 = 15.0;
/// Bytes of a session's journal; the oldest segment goes first.
pub const JOURNAL_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Size of a PTY until a client attaches.
pub const FIRST_COLS: u16 = 120;
pub const FIRST_ROWS: u16 = 32;
