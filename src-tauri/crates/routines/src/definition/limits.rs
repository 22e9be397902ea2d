//! How much a definition may hold. Each limit has its reason; what is beyond it is a problem with its place.

/// A definition is read at every change and shown in a form; nobody writes more by hand.
pub const FILE_MAX_BYTES: usize = 256 * 1024;
/// A prompt of more than this leaves an agent no room to work.
pub const PROMPT_MAX_CHARS: usize = 100_000;
/// A line of a list.
pub const DESCRIPTION_MAX_CHARS: usize = 200;
/// The name of a file and a word of the command line; file systems take 255 bytes, columns far less.
pub const NAME_MAX_CHARS: usize = 64;
/// Names of agents, models, modes, sessions and connectors.
pub const WORD_MAX_CHARS: usize = 200;
/// A path or an address.
pub const REPOSITORY_MAX_CHARS: usize = 4_096;
/// More than anybody can oversee in one routine.
pub const TRIGGERS_MAX: usize = 20;
/// Events in one GitHub trigger: all there are, with room.
pub const EVENTS_MAX: usize = 100;
/// All of a trigger's filters must match; more say less.
pub const FILTERS_MAX: usize = 20;
/// Values of one `one_of`.
pub const FILTER_VALUES_MAX: usize = 50;
pub const FILTER_VALUE_MAX_CHARS: usize = 500;
/// Shell commands: setup, precheck and check.
pub const COMMAND_MAX_CHARS: usize = 4_000;
/// As long as a session's goal may be.
pub const GOAL_MAX_CHARS: usize = 4_000;
pub const RULES_MAX: usize = 100;
pub const RULE_MAX_CHARS: usize = 500;
pub const VARIABLES_MAX: usize = 100;
/// A value of a variable; the system's own limit for one is 128 KiB.
pub const VARIABLE_MAX_CHARS: usize = 32_768;
pub const CONNECTORS_MAX: usize = 50;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Cron's own step: a routine of this machine may go down to the minute (R2). The reference's "hourly at most" is
/// `PER_DAY_DEFAULT`: more than 24 runs a day are for those who ask for them.
pub const EVERY_MIN_MS: i64 = MINUTE_MS;
/// Beyond a year `at` says it better.
pub const EVERY_MAX_MS: i64 = 366 * DAY_MS;
pub const MAX_LATE_MIN_MS: i64 = MINUTE_MS;
pub const MAX_LATE_MAX_MS: i64 = 366 * DAY_MS;
/// A run that takes longer has stalled, unless the definition says otherwise.
pub const DEADLINE_DEFAULT_MS: i64 = 2 * HOUR_MS;
pub const DEADLINE_MIN_MS: i64 = MINUTE_MS;
pub const DEADLINE_MAX_MS: i64 = 7 * DAY_MS;
pub const RETRIES_DEFAULT: u32 = 2;
/// With back-off, ten tries reach over a day.
pub const RETRIES_MAX: u32 = 10;
/// Once an hour, as the reference allows by default.
pub const PER_DAY_DEFAULT: u32 = 24;
/// Once a minute.
pub const PER_DAY_MAX: u32 = 1_440;
pub const BUDGET_TURNS_MAX: u32 = 10_000;
pub const BUDGET_MINUTES_MAX: u32 = 7 * 24 * 60;
pub const BUDGET_USD_MAX: f64 = 10_000.0;
/// Problems of one file that are told; the rest is counted.
pub const PROBLEMS_MAX: usize = 50;
