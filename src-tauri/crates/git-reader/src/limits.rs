//! Every bound of a look, with its reason.

use std::time::Duration;

/// What one look may take. Enough for a repository of 20,000 files many times over; beyond it the
/// repository is either too large for a glance or built to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the request to the answer.
    pub wall: Duration,
    /// Processor time, in whole seconds because the kernel counts so.
    pub cpu_s: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { wall: Duration::from_secs(5), cpu_s: 4 }
    }
}

/// The child ends itself this long after its parent should have ended it: the parent may be gone.
pub const ORPHAN_GRACE: Duration = Duration::from_secs(1);
/// Addresses of a child: packs and their indexes are mapped into it.
pub const ADDRESS_SPACE_MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// Memory that is its own: a whole repository of 20,000 files takes 10 MiB.
pub const DATA_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Open files: packs, directories on the way down.
pub const FILES_MAX: u64 = 256;
/// A child writes nothing but its settings, in memory.
pub const WRITE_MAX_BYTES: u64 = 64 * 1024;
/// Piece of a pack that is mapped at once, and all pieces together: far below the address space.
pub const PACK_WINDOW_BYTES: usize = 32 * 1024 * 1024;
pub const PACK_MAPPED_MAX_BYTES: usize = 256 * 1024 * 1024;

/// Looks of one child: memory of libgit2 is not all given back between them.
pub const LOOKS_PER_CHILD_MAX: u32 = 64;
/// Children that were killed and have not ended, because a disk does not answer. More are not made.
pub const LINGERING_MAX: usize = 4;
/// A child that is asked to end, or was killed, has ended by then.
pub const END_GRACE: Duration = Duration::from_secs(1);

/// Three paths of 4,096 bytes and some words, in base64: fits a pipe's buffer, so writing never waits.
pub const REQUEST_MAX_BYTES: usize = 32 * 1024;
/// All lists at their limits, in base64.
pub const ANSWER_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Entries of one list that are named, and their bytes; the rest is counted.
pub const LISTED_MAX: usize = 500;
pub const LISTED_MAX_BYTES: usize = 128 * 1024;
/// A message for people.
pub const WORDS_MAX_CHARS: usize = 300;

/// Configuration is read whole by opening: a million sections of it take 13 s.
pub const CONFIG_MAX_BYTES: u64 = 1024 * 1024;
/// `HEAD`, `commondir`, a reference: one line each.
pub const LINE_MAX_BYTES: u64 = 8 * 1024;
/// Patterns of ignored files, attributes: the largest in use have a few thousand lines.
pub const PATTERNS_MAX_BYTES: u64 = 1024 * 1024;
/// Half a million files.
pub const INDEX_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Half a million references.
pub const REFS_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The log of stashes: ten thousand of them.
pub const STASH_LOG_MAX_BYTES: u64 = 2 * 1024 * 1024;
/// A commit that is looked at; its message may be long, a commit of gigabytes is a bomb.
pub const COMMIT_MAX_BYTES: usize = 1024 * 1024;
/// Commits looked at for "ahead" and "behind": 10,000 take a tenth of a second.
pub const DISTANCE_MAX_COMMITS: usize = 10_000;
/// Commits counted as being nowhere else.
pub const ALONE_MAX_COMMITS: usize = 10_000;
/// Branches that may have a commit: ten times as many as large repositories have.
pub const REFERENCES_MAX: usize = 100_000;
/// Linked worktrees looked at.
pub const WORKTREES_MAX: usize = 1_000;
