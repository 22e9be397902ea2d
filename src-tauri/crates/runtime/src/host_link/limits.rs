//! Limits of links. Each is a named constant with its reason.

use std::time::Duration;

/// Pause before connecting to a living host again; grows to the longest.
pub const RECONNECT_FIRST: Duration = Duration::from_millis(100);
pub const RECONNECT_LONGEST: Duration = Duration::from_secs(30);
/// Connecting to a living host fails this often before it is called unknown.
pub const RECONNECT_TRIES: u32 = 5;
/// Records handed to the loop at once, so that a long replay does not starve others.
pub const RECORD_BATCH_MAX: usize = 64;
/// A host says that it is ready, or why not, within this time; a busy machine needs seconds.
pub const LAUNCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Last journal records searched for a process's last words.
pub const LAST_WORDS_RECORDS: u64 = 16;
/// Launches at once; more would only compete for the same disk and cores.
pub const LAUNCHES_MAX: usize = 16;
/// Session directories that are read at once. `ADOPTIONS_AT_ONCE` paces them; the rest of the places
/// is for those whose disk does not answer.
pub const DIRECTORIES_MAX: usize = 32;
/// Reads for clients at once, and directories of dispatches looked at. A read that hangs cannot be
/// ended and keeps its thread: with `LOOKS_PER_PLACE` that many places may hang before others of the
/// same kind are refused.
pub const READS_MAX: usize = 32;
pub const CHECKS_MAX: usize = 32;
/// Reviews at once: each runs programs that take disk and cores.
pub const REVIEWS_MAX: usize = 16;
/// Worktrees made, looked at and removed at once: the same, and their setup scripts.
pub const WORKTREES_MAX: usize = 16;
/// Goals judged at once: most of them wait for a model elsewhere.
pub const JUDGES_MAX: usize = 16;
/// Longer than any of the programs that a review runs may take.
pub const REVIEW_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Threads that may hang in one and the same place.
pub const LOOKS_PER_PLACE: usize = 4;
/// A look that takes longer hangs, and whoever asked is told so. Reading the largest journal takes a
/// few seconds on a slow machine. `NIGHTSHIFT_LOOK_PATIENCE_S` changes it for a supervisor.
pub const LOOK_PATIENCE: Duration = Duration::from_secs(20);
/// Frames larger than this are collected by few links at a time: each may be 16 MiB.
pub const LARGE_FRAME_BYTES: usize = 1024 * 1024;
pub const LARGE_FRAMES_AT_ONCE: usize = 2;
/// A host that has begun a frame ends it within this time, or its connection is made anew: one that was
/// halted must not keep others waiting.
pub const FRAME_PATIENCE: Duration = Duration::from_secs(20);
/// While something is due from a host, it is looked at this often.
pub const PULSE_PAUSE: Duration = Duration::from_secs(2);
/// A host that says nothing for so long while it is asked hangs. Its disk may take seconds for a line, and
/// the machine may be busy.
pub const SILENCE_LONGEST: Duration = Duration::from_secs(10);
/// Hosts that were asked to make their directories anew get this long in all.
pub const RESTORE_LOOKS: u32 = 100;
pub const RESTORE_PAUSE: Duration = Duration::from_millis(20);
/// Hosts that a new supervisor takes over together. Each wakes a process: with four at once the start of
/// a session meanwhile took twice as long (p99), while 200 were taken over hardly sooner.
pub const ADOPTIONS_AT_ONCE: usize = 1;
/// Work that found no thread is tried again after this.
pub const THREAD_PAUSE: Duration = Duration::from_secs(5);
/// Starts of routine runs that are prepared at once, and looks at their definitions: as many as run at once, with room.
pub const ROUTINES_MAX: usize = 8;
