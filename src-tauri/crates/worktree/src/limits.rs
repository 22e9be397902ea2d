//! Every bound of this crate, with its reason.

use nightshift_platform::program::Limits;
use std::time::Duration;

/// Questions to git about one repository: seconds even on a cold disk.
pub const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// After this long it is found out whether a look waits for a pipe. A status of 200,000 files takes less.
pub const LOOK_PATIENCE: Duration = Duration::from_secs(5);
/// What one look may use: a status of the largest repositories takes a fraction of both.
pub const LOOK_LIMITS: Limits = Limits { memory_bytes: 4 * 1024 * 1024 * 1024, cpu_seconds: 300 };
/// A repository inside a worktree is seldom large, and there may be many.
pub const EMBEDDED_LIMITS: Limits =
    Limits { memory_bytes: 2 * 1024 * 1024 * 1024, cpu_seconds: 20 };
pub const EMBEDDED_TIMEOUT: Duration = Duration::from_secs(20);
/// For all of them together; those that are not looked into by then are not understood and block.
pub const EMBEDDED_TOTAL: Duration = Duration::from_secs(60);
/// For all worktrees of one list; those that are not looked into by then are unknown.
pub const GLANCES_TOTAL: Duration = Duration::from_secs(60);
/// The same, where only heads and branches are looked at.
pub const LIST_TOTAL: Duration = Duration::from_secs(20);
/// git's configuration is written by hand and by tools, a few kilobytes of it.
pub const CONFIGURATION_MAX_BYTES: usize = 1024 * 1024;
pub const CONFIGURATION_TIMEOUT: Duration = Duration::from_secs(5);
pub const CONFIGURATION_LIMITS: Limits =
    Limits { memory_bytes: 512 * 1024 * 1024, cpu_seconds: 10 };
/// Settings that are switched off for one call: they go through its environment, which the kernel
/// bounds.
pub const OVERRIDES_MAX: usize = 1_000;
pub const OVERRIDES_MAX_BYTES: usize = 64 * 1024;
/// Files and directories directly in a git directory: git and its companions make some thirty.
pub const COMMON_ENTRIES_MAX: usize = 1_000;
/// Branches and logs that lie in files of their own: git packs them long before.
pub const OWN_FILES_MAX: usize = 500_000;
/// Making a checkout or storing a rescue: as long as a large repository on a slow disk takes.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(600);
/// A setup script installs dependencies; one that takes longer hangs.
pub const SETUP_TIMEOUT: Duration = Duration::from_secs(900);
/// Between the request to end and the end by force of what a setup script left: as a check gets.
pub const SCRIPT_GRACE: Duration = Duration::from_secs(2);
/// A setup command in a message: what it is, not all that it does.
pub const SCRIPT_SAID_MAX_CHARS: usize = 120;
/// A teardown script stops what setup started.
pub const TEARDOWN_TIMEOUT: Duration = Duration::from_secs(60);
/// Reserving a name and ports takes milliseconds; ten at once still fit many times over.
pub const LEDGER_TIMEOUT: Duration = Duration::from_secs(30);
/// git compares the times of files and index in whole seconds, unless it was built otherwise.
pub const INDEX_TIME_STEP: Duration = Duration::from_millis(1_000);
/// Times of files come from a clock that moves in steps, of 10 ms at most, and may be so much behind.
pub const TICK: Duration = Duration::from_millis(10);
/// Output of one git call: the status of a checkout with about half a million changed files.
pub const OUTPUT_MAX_BYTES: usize = 64 * 1024 * 1024;
/// A record of the ledger: its largest part is the list of included files.
pub const RECORD_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// A settings file is written by hand.
pub const SETTINGS_MAX_BYTES: u64 = 1024 * 1024;
/// A script that is kept with each worktree's record.
pub const SCRIPT_MAX_BYTES: u64 = 1024 * 1024;
/// A repository's wish for its setup: a script that takes longer than a day hangs.
pub const SETUP_TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// An exclude file of git is written by hand.
pub const EXCLUDE_MAX_BYTES: u64 = 1024 * 1024;
/// `.git` files, lock reasons and the like are one line.
pub const LINE_FILE_MAX_BYTES: u64 = 16 * 1024;
/// Tail of a script's output that goes into an error.
pub const LAST_WORDS_BYTES: usize = 2_000;
/// Characters of a worktree's name: with the prefix it stays readable in a prompt.
pub const NAME_MAX_CHARS: usize = 40;
/// Names tried before giving up: far more worktrees than one repository has.
pub const NAME_TRIES: u32 = 1_000;
/// Other programs may take a name between reservation and use.
pub const CREATE_TRIES: u32 = 5;
/// Ports per worktree: a web server, its API, a database and what else one stack needs.
pub const PORTS_PER_WORKTREE: u16 = 10;
/// Ports that a setting may ask for: beyond it a hundred worktrees would not fit any more.
pub const PORTS_MAX: u16 = 100;
/// Above well-known services and below the ports Linux gives to outgoing connections (32768).
pub const PORTS_FROM: u16 = 20_000;
pub const PORTS_UNTIL: u16 = 32_000;
/// Files named in a list for people; beyond these a count is enough.
pub const NAMED_MAX: usize = 50;
/// Include patterns are for configuration, not for build trees.
pub const INCLUDE_FILES_MAX: usize = 10_000;
pub const INCLUDE_MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Programs in the user's directory of hooks: git knows some thirty names, frameworks add helpers beside them.
pub const HOOKS_MAX: usize = 1_000;
/// Commits kept beside the tips of a rescue: those that only a log of moves still names.
pub const LOGGED_COMMITS_MAX: usize = 200;
/// Repositories inside a worktree that are looked into; more are not understood and block.
pub const EMBEDDED_MAX: usize = 200;
/// Entries of `.gitmodules` that are followed: the largest public repositories have some hundreds.
pub const SUBMODULES_MAX: usize = 1_000;
/// Directory entries looked at in one worktree; more are not understood and block.
pub const ENTRIES_MAX: u64 = 20_000_000;
/// How long a removal, and whatever else takes something away, can be undone.
pub const UNDO_DAYS: u64 = 30;
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Where rescues are kept; `git push` does not send these.
pub const RESCUES: &str = "refs/nightshift/rescue/";
/// Directory entries looked at for where a worktree was moved to: a moment, even on a slow disk.
pub const MOVED_ENTRIES_MAX: usize = 10_000;
/// How far below the directories around a worktree that is: in a directory made for it, say.
pub const MOVED_DEPTH_MAX: usize = 2;
