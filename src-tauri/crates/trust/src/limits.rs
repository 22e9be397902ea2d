//! Every bound of this crate, with its reason.

/// One file of an agent's settings or one hook: written by hand, a fraction of this.
pub const ITEM_MAX_BYTES: u64 = 1024 * 1024;
/// Items of one repository: more than anybody reads.
pub const ITEMS_MAX: usize = 400;
/// Directories below one of an agent's own: no hand makes more.
pub const DEPTH_MAX: usize = 32;
/// Entries looked at below such directories: skills may have packages installed.
pub const ENTRIES_MAX: usize = 20_000;
/// Of a directory outside that a link names: settings, skills and their programs, and a moment to read.
pub const OUTSIDE_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Files of settings that include one another, as git has it.
pub const INCLUDES_MAX: usize = 10;
/// Files beside the hooks of a repository that are shown; where packages are installed there, their hash is.
pub const BESIDE_HOOKS_MAX: usize = 100;
/// Links that one path may go through, as the kernel has it.
pub const LINKS_MAX: usize = 40;
/// A link's target, as the kernel has it.
pub const LINK_MAX_BYTES: u64 = 4096;
/// Directories between a checkout's root and where a session works.
pub const CHAIN_MAX: usize = 40;
/// Words of commands that are tried as names of files.
pub const WORDS_MAX: usize = 400;
/// A word longer than this names no file.
pub const WORD_MAX_BYTES: usize = 200;
/// What a request shows of it all: a few screens, and a row stays small.
pub const DETAIL_MAX_BYTES: usize = 12 * 1024;
/// Versions of one repository's items that are remembered: its branches differ.
pub const VERSIONS_MAX: usize = 32;
/// A file of the ledger.
pub const ENTRY_MAX_BYTES: u64 = 1024 * 1024;
