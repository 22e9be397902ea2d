//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Files listed; a generated tree is told as a count.
pub const FILES_MAX: usize = 5_000;
/// Commits named in the summary.
pub const COMMITS_MAX: usize = 50;
/// Rows of one page: some 100 screens, a few milliseconds to draw from.
pub const PAGE_ROWS: usize = 4_000;
/// Text of one page, far below the largest frame (16 MiB) even when escaped.
pub const PAGE_BYTES: usize = 1024 * 1024;
/// Rows of one diff. A person reads none that is longer.
pub const DIFF_ROWS_MAX: usize = 200_000;
/// A file above this is not compared line by line.
pub const FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Characters of one line: minified code has one line of megabytes.
pub const LINE_MAX_CHARS: usize = 2_000;
/// Each side of an image: both fit into one frame.
pub const IMAGE_MAX_BYTES: u64 = 5 * 1024 * 1024;
/// Bytes looked at to tell text from binary, as git does.
pub const BINARY_LOOK_BYTES: usize = 8_000;
/// Untracked files whose lines are counted for the summary.
pub const COUNTED_UNTRACKED: usize = 500;
/// Characters of a line that is searched for changed words.
pub const WORDS_LINE_MAX_CHARS: usize = 1_000;
/// Lines of one block that are compared pair by pair.
pub const WORDS_BLOCK_MAX: usize = 400;
/// Of a subject line, by convention.
pub const SUBJECT_MAX_CHARS: usize = 72;
/// Of a drafted message's body.
pub const BODY_MAX_CHARS: usize = 2_000;
/// A commit message, a title or a description.
pub const MESSAGE_MAX_BYTES: usize = 64 * 1024;
/// Paths named in one act.
pub const PATHS_MAX: usize = 10_000;
/// Files that git cannot take, beside which all others are: with more, something else is wrong.
pub const LEFT_OUT_MAX: usize = 50;
/// Files named in a message to a person or an agent.
pub const NAMED_MAX: usize = 20;
/// Files whose contents are handed to git, or come from it, in one call: far below what a call may print. A larger
/// one goes by itself.
pub const BATCH_BYTES: u64 = 16 * 1024 * 1024;
pub const BATCH_FILES: usize = 1_000;
/// Files of a directory that an act would take away: the largest trees of packages have half of it.
pub const WALKED_MAX: usize = 2_000_000;
/// `gh` and `glab` talk to a server far away.
pub const FORGE_TIMEOUT: Duration = Duration::from_secs(90);
/// Nobody waits for the answer, and the next question may be about another.
pub const PULL_LOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// What they print is an address and a few words.
pub const FORGE_OUTPUT_BYTES: usize = 256 * 1024;
