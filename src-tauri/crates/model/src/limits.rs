//! Limits of the model. Each is a named constant with its reason.

/// Longest prompt or reply: larger text belongs into a file that the agent reads.
pub const PROMPT_MAX_BYTES: usize = 1024 * 1024;
/// Longest name shown on a row.
pub const NAME_MAX_CHARS: usize = 64;
/// Longest line kept for a row; the window shows less.
pub const LINE_MAX_CHARS: usize = 240;
/// Longest result or error kept with the session: a board of 2,000 must fit one frame of 16 MiB.
/// The transcript has the whole.
pub const RESULT_MAX_CHARS: usize = 4_000;
/// A working row's line changes at most this often, so that the board stays calm.
pub const LINE_INTERVAL_MS: u64 = 15_000;
/// Prompts that wait behind the current turn.
pub const PROMPT_QUEUE_MAX: usize = 32;
/// Requests for input that one session may hold open at once.
pub const NEEDS_MAX: usize = 64;
/// Restarts in a row after unexpected ends: one that keeps dying needs a person.
pub const RESTARTS_MAX: u32 = 3;
/// Evidence kept per session; older entries go first.
pub const EVIDENCE_MAX: usize = 200;
