//! Limits of what others may ask, each with its reason.

use std::time::Duration;

/// As the reference takes; far more than the text may have.
pub const FIRE_MAX_BYTES: usize = 1024 * 1024;
/// Larger events than any that starts a routine. GitHub itself sends up to 25 MiB, of pushes with many commits.
pub const GITHUB_MAX_BYTES: usize = 5 * 1024 * 1024;
/// Bodies in memory at one time, in MiB.
pub const BODIES_MAX_MIB: usize = 64;
/// How long a request waits for room for its body.
pub const BODY_ROOM_PATIENCE: Duration = Duration::from_secs(5);
/// Connections at one time; further ones wait in the kernel.
pub const CONNECTIONS_MAX: usize = 256;
/// A head that is not there by then never comes. The same for the next request of a connection.
pub const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// The whole body.
pub const BODY_PATIENCE: Duration = Duration::from_secs(15);
/// One request from its head to its answer; a fire waits for its session.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(60);
/// Of all headers of a request together, with its first line.
pub const HEAD_MAX_BYTES: usize = 32 * 1024;
pub const HEADERS_MAX: usize = 64;
/// Calls with one token: so many at once, then so many a second.
pub const CALLS_AT_ONCE: u32 = 300;
pub const CALLS_PER_SECOND: u32 = 5;
/// Attempts that were turned away and are told to the supervisor, of one routine: whoever knows an address may make
/// millions.
pub const TOLD_AT_ONCE: u32 = 30;
pub const TOLD_PER_SECOND: u32 = 1;
/// What is handed on of a body, to be looked at.
pub const SHOWN_MAX_CHARS: usize = 16_384;
/// An idempotency key is a UUID or something like it.
pub const KEY_MAX_CHARS: usize = 255;
/// Between two tries to listen at an address that is taken.
pub const LISTEN_PAUSE: Duration = Duration::from_secs(1);
