//! What a look at the clock means for a session's tasks: what runs now, what was missed and why, what has
//! ended, when to look again.
//!
//! Promises: a task runs between turns only, once however many of its times have passed; each of them
//! is run exactly once or missed for a named cause; a plan that was not carried out (a crash before the
//! commit) is made again the same. Must not know: prompts, sessions' rows, clocks.

use crate::clock_reading::{Cause, ClockReading};
use crate::task::{Missed, Progress, Task, Waiting, When};
use jiff::tz::TimeZone;

/// A run this little after its time is on time.
pub const PUNCTUAL_MS: i64 = 60_000;
/// More than a task of seven days can have (one a minute); what is missed beyond it is not counted.
const COUNTED_MAX: usize = 20_000;

/// What is known of a session at a look.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub tasks: &'a [Task],
    pub standing: SessionActivity,
    /// The look before this one, by whichever supervisor: of all sessions, not of this one. After a
    /// start it is the last that was stored. None: nobody knows.
    pub last_look: Option<&'a ClockReading>,
    pub zone: &'a TimeZone,
}

/// What the session is doing. Times are wall times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionActivity {
    /// A prompt would start a turn at once (also while the agent's process rests).
    Idle { last_turn: Option<Turn> },
    /// A turn is in progress or waits for an answer. The end of the turn is the time for a look.
    Busy { since_ms: i64 },
    /// Nothing runs by itself: what became due is missed, for good. One plan with this is made
    /// right before a stopped session is resumed.
    Stopped,
}

/// The last turn that is over. It counts in the plan that is made at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub began_ms: i64,
    pub ended_ms: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Only tasks for which something changed.
    pub decisions: Vec<Decision>,
    /// Wall time of the next look for this session; none while a turn is in progress or nothing is planned.
    pub next_look_ms: Option<i64>,
}

/// What is decided for one task. Committing `progress` (or the task's removal) and the run's prompt in
/// one transaction makes the run happen exactly once.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub id: String,
    pub progress: Progress,
    pub run: Option<Run>,
    /// Missed for good without any run (the session was stopped).
    pub missed: Vec<Missed>,
    /// The task is over and to be removed.
    pub ended: Option<Ended>,
}

/// A run to be started now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The time that the task names.
    pub at_ms: i64,
    /// The same with its jitter.
    pub due_ms: i64,
    /// Why it did not run at `due_ms`, when it is late.
    pub late: Option<Cause>,
    /// Earlier times for which it stands, oldest first.
    pub missed: Vec<Missed>,
    /// The task ends with it, because it is a one-shot or seven days old.
    pub last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A one-shot was run.
    Done,
    /// A recurring task was too old; the run in this decision is its last (none in a stopped session).
    Expired,
    /// A one-shot's time passed while the session was stopped.
    Missed,
}

/// See the module's promises. `facts.last_look` only serves to name causes.
pub fn plan(now: &ClockReading, facts: &Facts<'_>) -> Plan {
    let mut plan = Plan::default();
    for task in facts.tasks {
        let mut decision = Decision {
            id: task.id.clone(),
            progress: task.progress.clone(),
            run: None,
            missed: Vec::new(),
            ended: None,
        };
        let next = become_due(task, &mut decision.progress, now, facts);
        settle(task, &mut decision, now, facts);
        if decision.ended.is_none() && matches!(facts.standing, SessionActivity::Idle { .. }) {
            plan.next_look_ms = plan.next_look_ms.into_iter().chain(next).min();
        }
        if decision.progress != task.progress || decision.ended.is_some() {
            plan.decisions.push(decision);
        }
    }
    plan
}

impl Plan {
    /// Brings the tasks to where the decisions leave them.
    pub fn apply(&self, tasks: &mut Vec<Task>) {
        for decision in &self.decisions {
            match tasks.iter().position(|task| task.id == decision.id) {
                Some(at) if decision.ended.is_some() => {
                    tasks.remove(at);
                }
                Some(at) => tasks[at].progress = decision.progress.clone(),
                None => {}
            }
        }
    }
}

/// Moves everything that is due by now into waiting, and says when the next will be.
fn become_due(
    task: &Task,
    progress: &mut Progress,
    now: &ClockReading,
    facts: &Facts<'_>,
) -> Option<i64> {
    progress.follow_clock(now);
    let cron = match &task.when {
        When::Recurring { cron } => Some(cron),
        When::Once { .. } | When::Delay { .. } => None,
    };
    progress.follow_zone(cron, now, facts.last_look, facts.zone);
    for _ in 0..COUNTED_MAX {
        // A one-shot waits once; it has no further time.
        if !task.recurs() && progress.waiting.is_some() {
            return None;
        }
        let next = task.upcoming(progress, facts.zone)?;
        if next.due_ms > now.wall_ms {
            return Some(next.due_ms);
        }
        progress.wait(next, cause_of(next.due_ms, now, facts));
    }
    progress.settled_ms = progress.settled_ms.max(now.wall_ms);
    task.upcoming(progress, facts.zone).map(|next| next.due_ms)
}

/// What becomes of what waits, by what the session is doing.
fn settle(task: &Task, decision: &mut Decision, now: &ClockReading, facts: &Facts<'_>) {
    let expired = task
        .expires_ms
        .is_some_and(|at| now.wall_ms >= at.saturating_add(decision.progress.shift_ms));
    match facts.standing {
        SessionActivity::Busy { .. } => {}
        SessionActivity::Idle { .. } => {
            let Some(waiting) = decision.progress.waiting.take() else { return };
            decision.progress.record_run(&waiting);
            decision.ended = match task.recurs() {
                true => expired.then_some(Ended::Expired),
                false => Some(Ended::Done),
            };
            decision.run = Some(Run::of(waiting, decision.ended.is_some()));
        }
        SessionActivity::Stopped => {
            let waited = decision.progress.waiting.take();
            let missed = waited.is_some();
            decision.missed =
                waited.map_or_else(Vec::new, |w| w.give_up(Some(Cause::SessionStopped)));
            decision.ended = match task.recurs() {
                true => expired.then_some(Ended::Expired),
                false => missed.then_some(Ended::Missed),
            };
        }
    }
}

impl Run {
    fn of(waiting: Waiting, last: bool) -> Run {
        Run {
            at_ms: waiting.next.at_ms,
            due_ms: waiting.next.due_ms,
            late: waiting.cause,
            missed: waiting.missed,
            last,
        }
    }
}

/// Why what was due then is only seen now; none when now is early enough.
fn cause_of(due_ms: i64, now: &ClockReading, facts: &Facts<'_>) -> Option<Cause> {
    // A turn that began later than it ended began before the clock was set back: it covers all since
    // then. One that began right after the due time came before the look that would have been on time.
    let during = |began_ms: i64, ended_ms: i64| {
        let set_back = began_ms > ended_ms;
        due_ms <= ended_ms && (began_ms - PUNCTUAL_MS <= due_ms || set_back)
    };
    let in_turn = match facts.standing {
        // What was due in an older turn was seen at its end.
        SessionActivity::Idle { last_turn } => last_turn.is_some_and(|turn| {
            let just_now = (now.wall_ms - turn.ended_ms).abs() < 2 * PUNCTUAL_MS;
            just_now && during(turn.began_ms, turn.ended_ms)
        }),
        SessionActivity::Busy { since_ms } => during(since_ms, now.wall_ms),
        SessionActivity::Stopped => return Some(Cause::SessionStopped),
    };
    if in_turn {
        return Some(Cause::TurnInProgress);
    }
    if now.wall_ms - due_ms < PUNCTUAL_MS {
        return None;
    }
    let Some(last) = facts.last_look else { return Some(Cause::SupervisorAway) };
    let happened = now.happened_since(last);
    let looked_since = due_ms + PUNCTUAL_MS <= last.wall_ms;
    match happened {
        // At that look it was due and did not run: there was a turn, perhaps of another task.
        None | Some(Cause::Slept | Cause::SupervisorAway) if looked_since => {
            Some(Cause::TurnInProgress)
        }
        happened => Some(happened.unwrap_or(Cause::Overloaded)),
    }
}
