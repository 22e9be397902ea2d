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
/// Choices of options that wait for a process; an agent has a handful of options.
pub const CHOICES_WAITING_MAX: usize = 16;
/// Files that go with one prompt: more belong into a directory that the agent is told.
pub const ENCLOSURES_MAX: usize = 10;
/// Bytes of the files of one prompt: in base64 they must fit one line of an agent's journal (15 MiB)
/// and one frame (16 MiB).
pub const ENCLOSED_MAX_BYTES: usize = 10 * 1024 * 1024;
/// Requests for input that one session may hold open at once.
pub const NEEDS_MAX: usize = 64;
/// Restarts in a row after unexpected ends: one that keeps dying needs a person.
pub const RESTARTS_MAX: u32 = 3;
/// Cron tasks of one session: more nobody oversees, and an agent that makes them in a loop is stopped.
pub const CRON_TASKS_MAX: usize = 50;
/// Longest prompt of a cron task, a loop or a wake-up, as long as a `loop.md`: it is stored with the
/// session's row and written with every change of it.
pub const STANDING_PROMPT_MAX_BYTES: usize = 25_000;
/// Longest condition of a goal.
pub const GOAL_MAX_CHARS: usize = 4_000;
/// Turns a goal may take when its words name no number.
pub const GOAL_TURNS_MAX: u32 = 50;
/// Time a goal may take when its words name none: a night.
pub const GOAL_TIME_MAX_MS: u64 = 8 * 60 * 60 * 1000;
/// The same reason so often in a row: another turn will not change it.
pub const GOAL_SAME_REASON_MAX: u32 = 5;
/// Turns without a tool call in a row: the agent only talks.
pub const GOAL_IDLE_TURNS_MAX: u32 = 3;
/// Verdicts kept with a goal; older ones go.
pub const GOAL_VERDICTS_KEPT: usize = 20;
/// Longest reason and longest evidence kept of a verdict.
pub const REASON_MAX_CHARS: usize = 1_000;
/// Pauses before an evaluator that could not be reached is asked again; then the user is.
pub const GOAL_RETRY_MS: [u64; 3] = [15_000, 60_000, 5 * 60_000];
/// Pauses between check-ins on background work; the last one repeats.
pub const GOAL_CHECK_IN_MS: [u64; 3] = [30 * 60_000, 60 * 60_000, 2 * 60 * 60_000];
/// A self-paced loop whose agent asked for no wake-up is woken once after this time.
pub const LOOP_FALLBACK_MS: u64 = 20 * 60_000;
/// Between the runs of a loop whose agent cannot call our tools.
pub const LOOP_STEADY_MINUTES: u32 = 10;
/// Monitors of one session.
pub const MONITORS_MAX: usize = 20;
/// Longest line of a monitor that is kept.
pub const MONITOR_LINE_MAX_BYTES: usize = 2_000;
/// Lines of a monitor that wait for the turn to end; what does not fit is counted.
pub const MONITOR_PROMPT_MAX_BYTES: usize = 16 * 1024;
/// Last lines of a monitor that are shown.
pub const MONITOR_LAST_LINES: usize = 5;
/// Remarks of the supervisor that a conversation keeps.
pub const REMARKS_MAX: usize = 30;
/// Evidence kept per session; older entries go first.
pub const EVIDENCE_MAX: usize = 200;
