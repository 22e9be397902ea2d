//! Limits of what is around the loop. Each is a named constant with its reason.

use std::time::Duration;

/// Frames waiting for one client; a follower beyond it gets a fresh snapshot later.
pub const CLIENT_QUEUE_MAX: usize = 1024;
/// Clients connected at once: windows, terminals and scripts of one user.
pub const CLIENTS_MAX: usize = 256;
/// Connections that one session holds: its agent's tool bridges, one for each of its own clients.
pub const SESSION_CLIENTS_MAX: usize = 16;
/// Requests of one session that are being worked on, over all its connections: what it asks for takes
/// threads, disk and the loop from everybody. More are not read before one is answered.
pub const SESSION_REQUESTS_MAX: usize = 4;
/// The same of one connection of a session: its others get their turn.
pub const SESSION_CONNECTION_REQUESTS_MAX: usize = 2;
/// Connections of all sessions together: one or two for each that lives.
pub const SESSIONS_CLIENTS_MAX: usize = 768;
/// Connections that have not greeted; the oldest goes for a new one.
pub const UNGREETED_MAX: usize = 64;
/// A client greets in the moment it has connected; one that does not in this time says nothing.
pub const GREETING_PATIENCE: Duration = Duration::from_secs(5);
/// A greeting has a hundred bytes.
pub const GREETING_MAX_BYTES: usize = 64 * 1024;
/// What a session's bridge sends in one frame: lines of a monitor, a prompt of a cron task.
pub const SESSION_FRAME_MAX_BYTES: usize = 1024 * 1024;
/// Frames that were begun and not ended, of all connections: two of the largest.
pub const UNFINISHED_MAX_BYTES: usize = 32 * 1024 * 1024;
/// After a deletion under the state directory: whoever deletes gets the time to finish.
pub const GROUND_SETTLE: Duration = Duration::from_millis(100);
/// A state directory that could not be made anew is tried again after this.
pub const GROUND_RETRY: Duration = Duration::from_secs(5);
/// Processes of one session that are listed: a build may have thousands.
pub const TASKS_MAX: usize = 200;
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
