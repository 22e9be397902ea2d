//! When things happen: cron expressions, jitter, what a look at the clock makes due, the grammars of `/loop`
//! and of a goal's bounds.
//!
//! Promise: pure. Times come in as milliseconds since the epoch or as jiff's, the zone as an argument.
//! Must not know: clocks, files, randomness, sessions, any other crate of ours.
//!
//! ```
//! use nightshift_schedule::{Cron, LoopLine};
//! use jiff::{civil, tz::TimeZone};
//!
//! // An expression: strict, in words, and when it is due next.
//! let cron: Cron = "0 9 * * 1-5".parse().unwrap();
//! assert_eq!(cron.words(), "weekdays at 09:00");
//! let friday = civil::date(2026, 11, 27).at(9, 0, 0, 0);
//! let friday = TimeZone::UTC.to_timestamp(friday).unwrap();
//! let next = cron.next_after(friday, &TimeZone::UTC).unwrap();
//! assert_eq!(next.to_string(), "2026-11-30T09:00:00Z");
//!
//! let refusal = "0 9 * * MON".parse::<Cron>().unwrap_err();
//! assert_eq!(
//!     refusal.to_string(),
//!     "cron expression, column 9 (day of week): names such as `MON` are not understood; write 1"
//! );
//!
//! // A line after `/loop`.
//! let Ok(LoopLine::Start { interval: Some(interval), prompt }) = LoopLine::parse("7m /tasks") else {
//!     panic!();
//! };
//! assert_eq!(prompt.as_deref(), Some("/tasks"));
//! let pace = interval.pace(civil::date(2026, 11, 27).at(9, 0, 0, 0));
//! assert_eq!((pace.cron.as_str(), pace.words.as_str()), ("*/6 * * * *", "every 6 minutes"));
//! assert!(pace.rounding.unwrap().starts_with("7 minutes became 6 minutes"));
//! ```
//!
//! Bounds are read from a goal's text; what only looks like one is said:
//!
//! ```
//! use nightshift_schedule::Bounds;
//! use jiff::tz::TimeZone;
//!
//! let bounds = Bounds::parse("all tests pass, or stop after 20 turns", 0, &TimeZone::UTC);
//! assert_eq!(bounds.turns, Some(20));
//! assert!(bounds.doubtful.is_empty());
//! ```
//!
//! A session's tasks are stored with its row. At each look a pure plan says what runs now:
//!
//! ```
//! use nightshift_schedule::{Cause, Facts, Look, Standing, Task, plan, zone_name};
//! use jiff::tz::TimeZone;
//!
//! let zone = TimeZone::UTC;
//! let hour = 3_600_000;
//! let look = |hours: i64| Look {
//!     wall_ms: 1_800_000_000_000 + hours * hour,
//!     awake_ms: hour, // the machine slept since the first look
//!     since_boot_ms: hours * hour + hour,
//!     boot: "boot-1".into(),
//!     run: "supervisor-1".into(),
//!     zone: zone_name(&zone, 0),
//! };
//! let mut tasks = vec![Task::recurring("3f2a9c01", "0 * * * *".parse().unwrap(), &look(0))];
//!
//! let (last, now) = (look(0), look(5));
//! let standing = Standing::Idle { last_turn: None };
//! let facts = Facts { tasks: &tasks, standing, last_look: Some(&last), zone: &zone };
//! let plan = plan(&now, &facts);
//! let run = plan.decisions[0].run.as_ref().unwrap();
//! assert_eq!((run.late, run.missed[0].cause, run.missed[0].count), (Some(Cause::Slept), Cause::Slept, 3));
//! assert!(plan.next_look_ms > Some(now.wall_ms));
//! // In one transaction: queue the prompt of each run, store the tasks.
//! plan.apply(&mut tasks);
//! ```

mod bounds;
mod clock_reading;
pub mod cron;
pub mod interval;
pub mod jitter;
mod loop_line;
mod moment;
mod plan;
mod task;
mod text;

pub use bounds::{BoundKind, Bounds, Doubtful, Found, TIME_MAX_MS, TURNS_MAX};
pub use clock_reading::{Cause, ClockReading, NOTICED_MS, zone_name};
pub use cron::{Cron, CronRefusal};
pub use interval::{Interval, Pace, Unit};
pub use loop_line::{LoopLine, LoopRefusal};
pub use plan::{Decision, Ended, Facts, PUNCTUAL_MS, Plan, Run, SessionActivity, Turn, plan};
pub use task::{LIFETIME_MS, Missed, Next, Progress, Stretch, TASKS_MAX, Task, Waiting, When};
