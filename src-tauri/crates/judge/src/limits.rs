//! Every bound of this crate, with its reason.

use std::time::Duration;

/// One judgement, repair included: a small model answers in seconds, an agent's program in a minute.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(120);
/// A check is mostly a test suite. One that takes longer is better run in CI.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// As long a condition as the reference takes.
pub const CONDITION_MAX_CHARS: usize = 4_000;

/// Between two looks whether a call was called off.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Until a connection stands; the rest of the time belongs to the model.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A keyring answers at once or waits for somebody to unlock it, which nobody does at night.
pub(crate) const KEYRING_TIMEOUT: Duration = Duration::from_secs(5);
/// Between the request to end and the end by force.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// Room for an answer and for what a model thinks before it.
pub(crate) const ANSWER_TOKENS: u32 = 4_096;
/// Every current hosted model takes twice as much; more costs more and shows little more, and above
/// this some prices rise.
pub(crate) const WINDOW_TOKENS: u32 = 90_000;
/// What models on the user's own machine take; those silently drop what is beyond their window.
pub(crate) const LOCAL_WINDOW_TOKENS: u32 = 16_000;
/// No window is smaller: condition, instructions and some evidence must fit.
pub(crate) const WINDOW_TOKENS_MIN: u32 = 2_000;
/// Fewer bytes than this are a token nowhere: English has four to five, code three, Chinese three.
pub(crate) const BYTES_PER_TOKEN: usize = 3;
/// Instructions and frame around everything.
pub(crate) const FRAME_BYTES: usize = 6 * 1024;

/// One tool result: the verdict is mostly at an end of it, so the middle goes.
pub(crate) const RESULT_MAX_BYTES: usize = 12 * 1024;
/// One message of an agent or a user.
pub(crate) const WORDS_MAX_BYTES: usize = 6 * 1024;
/// What a tool was called with.
pub(crate) const CALL_MAX_BYTES: usize = 1024;
/// Below this, what is left of an entry says nothing.
pub(crate) const PIECE_MIN_BYTES: usize = 256;
/// Of the room, in percent, that tool results may take before words get any.
pub(crate) const RESULTS_SHARE_PERCENT: usize = 75;
/// What the head of an entry and a note about what was left out take.
pub(crate) const ENTRY_HEAD_BYTES: usize = 128;

/// Of a check's output: what a test runner says at its end.
pub(crate) const CHECK_TAIL_BYTES: usize = 8 * 1024;
pub(crate) const CHECK_TAIL_LINES: usize = 60;
/// Of a check's command, in evidence.
pub(crate) const COMMAND_MAX_BYTES: usize = 1024;

/// Of an answer that is read: a verdict is a few hundred bytes, thoughts before it are not.
pub(crate) const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// Of an answer that could not be read, shown to the model again.
pub(crate) const REPAIR_MAX_BYTES: usize = 2 * 1024;
/// A reason goes back to the agent and onto the board.
pub(crate) const REASON_MAX_CHARS: usize = 1_000;
/// An answer's body or a program's output.
pub(crate) const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Of what a server or a program said, in an error.
pub(crate) const SAID_MAX_CHARS: usize = 300;
/// The end of a turn is judged by its last words.
pub(crate) const LAST_WORDS_MAX_BYTES: usize = 4 * 1024;
/// Chances of a boundary to occur in a transcript are nil; a loop has an end all the same.
pub(crate) const BOUNDARY_ATTEMPTS: u32 = 8;
