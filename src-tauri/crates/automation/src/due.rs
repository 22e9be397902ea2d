//! What a look at the clock makes of one session: at most one thing at a time, the earliest.
//!
//! Promise: pure; the same look gives the same, so that what a crash cut short is done again. A run
//! that is late says why.

use crate::slash::Slash;
use crate::words;
use jiff::tz::TimeZone;
use nightshift_model::standing::{CronTask, GoalPhase, Loop, LoopPrompt, Pace};
use nightshift_model::{Millis, Run, Session, Timer, TimerFired};
use nightshift_schedule::{
    ClockReading, Decision, Facts, Missed, SessionActivity, Task, Turn, plan,
};

/// A delay of a loop or a wake-up is never longer: one that is further away lost its clock.
const DELAY_MAX_MS: u64 = 60 * 60 * 1000;

/// What is known at a look.
#[derive(Clone, Copy, Debug)]
pub struct DueContext<'a> {
    pub look: &'a ClockReading,
    pub last: Option<&'a ClockReading>,
    pub zone: &'a TimeZone,
    pub last_turn: Option<Turn>,
    /// Cron tasks and loops are turned off.
    pub off: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    Timer(Box<TimerFired>),
    /// The same, once the loop's file was read: its text is the run's.
    File(Box<TimerFired>),
    /// The goal waits no longer.
    Goal,
}

/// The earliest thing that is due, or whose schedule has to follow the clock.
pub fn due(session: &Session, eyes: &DueContext<'_>) -> Option<Due> {
    let standing = &session.agent()?.standing;
    if !session.takes_turn() {
        return None;
    }
    let now = Millis(u64::try_from(eyes.look.wall_ms).unwrap_or(0));
    if let Some(goal) = &standing.goal
        && let GoalPhase::Waiting { until, .. } = &goal.phase
        && *until <= now
    {
        return Some(Due::Goal);
    }
    if eyes.off {
        return None;
    }
    let mut crons: Vec<&CronTask> = standing.crons.iter().collect();
    crons.sort_by_key(|task| task.fire_at);
    if let Some(looping) = &standing.looping
        && looping.next_at.is_some_and(|at| at <= now || at.0 > now.0 + DELAY_MAX_MS)
        && crons.first().is_none_or(|task| looping.next_at.is_some_and(|at| at <= task.fire_at))
        && let Some(due) = loop_due(session, looping, eyes, now)
    {
        return Some(due);
    }
    if let Some(wakeup) = &standing.wakeup {
        let what = Timer::Wakeup;
        if let Some(fired) = delay_due(what, wakeup.at, &wakeup.plan, now, || Run {
            text: wakeup.prompt.clone(),
            beside: Some(words::woken(&wakeup.reason)),
            ..Run::default()
        }) {
            return Some(Due::Timer(Box::new(fired)));
        }
    }
    crons.into_iter().find_map(|task| cron_due(task, eyes)).map(|fired| Due::Timer(Box::new(fired)))
}

fn cron_due(task: &CronTask, eyes: &DueContext<'_>) -> Option<TimerFired> {
    let what = Timer::Cron { id: task.id.clone() };
    let run = || Run { text: task.prompt.clone(), ..Run::default() };
    planned(what, &task.plan, task.fire_at, eyes, run, &format!("cron task {}", task.id))
}

fn loop_due(session: &Session, looping: &Loop, eyes: &DueContext<'_>, now: Millis) -> Option<Due> {
    let at = looping.next_at?;
    let run = || Run {
        text: match &looping.prompt {
            LoopPrompt::Given { text } => text.clone(),
            LoopPrompt::File => String::new(),
        },
        beside: Some(words::loop_run(
            looping,
            session.agent().is_some_and(|a| a.standing.has_tools),
        )),
        last: looping.expires_at <= now,
        ..Run::default()
    };
    let fired = match &looping.pace {
        Pace::Fixed { .. } if looping.runs == 0 => first_run(looping, eyes, run()),
        Pace::Fixed { .. } => planned(Timer::Loop, &looping.plan, at, eyes, run, "the loop"),
        Pace::SelfPaced | Pace::Steady { .. } => {
            delay_due(Timer::Loop, at, &looping.plan, now, run)
        }
    }?;
    match (&looping.prompt, &fired.run) {
        (LoopPrompt::File, Some(_)) => Some(Due::File(Box::new(fired))),
        (LoopPrompt::File | LoopPrompt::Given { .. }, _) => Some(Due::Timer(Box::new(fired))),
    }
}

/// A loop runs at once when it is started, then by its interval.
fn first_run(looping: &Loop, eyes: &DueContext<'_>, run: Run) -> Option<TimerFired> {
    let task: Task = serde_json::from_str(&looping.plan).ok()?;
    let next = next_of(&task, eyes.zone);
    let plan = looping.plan.clone();
    let run = Some(shown(run));
    Some(TimerFired { what: Timer::Loop, before: plan.clone(), plan, next, run, skipped: None })
}

/// A timer without an expression.
fn delay_due(
    what: Timer,
    at: Millis,
    plan: &str,
    now: Millis,
    run: impl FnOnce() -> Run,
) -> Option<TimerFired> {
    let before = plan.to_owned();
    if at.0 > now.0.saturating_add(DELAY_MAX_MS) {
        // The clock was set back: it would come hours late.
        let at = Millis(now.0.saturating_add(DELAY_MAX_MS));
        let plan = nightshift_model::delay_plan(at);
        return Some(TimerFired {
            what,
            before,
            plan,
            next: Some((at, at)),
            run: None,
            skipped: None,
        });
    }
    let run = Some(shown(run()));
    (at <= now).then(|| TimerFired {
        what,
        before,
        plan: String::new(),
        next: None,
        run,
        skipped: None,
    })
}

/// A timer with an expression: what its schedule makes of the look.
fn planned(
    what: Timer,
    before: &str,
    fire_at: Millis,
    eyes: &DueContext<'_>,
    run: impl FnOnce() -> Run,
    name: &str,
) -> Option<TimerFired> {
    let mut tasks = match serde_json::from_str::<Task>(before) {
        Ok(task) => vec![task],
        Err(e) => {
            let skipped = Some(format!("{name} cannot be read any more and is over: {e}"));
            let (before, plan) = (before.to_owned(), String::new());
            return Some(TimerFired { what, before, plan, next: None, run: None, skipped });
        }
    };
    let standing = SessionActivity::Idle { last_turn: eyes.last_turn };
    let facts = Facts { tasks: &tasks, standing, last_look: eyes.last, zone: eyes.zone };
    let plan = plan(eyes.look, &facts);
    let decision = plan.decisions.first().cloned();
    let task = tasks.first().cloned()?;
    plan.apply(&mut tasks);
    // An occurrence that is over stands for the next until the last run's step takes it away.
    let next = match tasks.first() {
        Some(task) => next_of(task, eyes.zone),
        None => Some((fire_at, fire_at)),
    };
    let plan = serde_json::to_string(tasks.first().unwrap_or(&task)).unwrap_or_default();
    let before = before.to_owned();
    let moved = next.map(|(_, at)| at) != Some(fire_at) || plan != before;
    let Some(Decision { run: Some(due), .. }) = decision else {
        return moved.then_some(TimerFired { what, before, plan, next, run: None, skipped: None });
    };
    let late = due.late.map(|cause| format!("late, because {}", cause.words()));
    let notes = late.into_iter().chain(due.missed.iter().map(missed_words));
    let notes = notes.collect::<Vec<_>>().join("; ");
    let given = run();
    let last = due.last || given.last;
    let run = Some(shown(Run { notes, last, ..given }));
    Some(TimerFired { what, before, plan, next, run, skipped: None })
}

/// What a display command in a run's text answers, it says itself.
fn shown(run: Run) -> Run {
    let display = matches!(Slash::parse(&run.text), Some(Slash::Tasks));
    Run { display, ..run }
}

fn next_of(task: &Task, zone: &TimeZone) -> Option<(Millis, Millis)> {
    let millis = |ms: i64| Millis(u64::try_from(ms).unwrap_or(0));
    task.next(zone).map(|next| (millis(next.at_ms), millis(next.due_ms)))
}

fn missed_words(missed: &Missed) -> String {
    let times = if missed.count == 1 { "one run" } else { "runs" };
    let count = if missed.count == 1 { String::new() } else { format!("{} ", missed.count) };
    format!("{count}{times} left out, because {}", missed.cause.words())
}

/// A stopped session goes on: what became due meanwhile is over, by name.
pub fn missed_while_stopped(session: &Session, eyes: &DueContext<'_>) -> Vec<TimerFired> {
    let Some(agent) = session.agent() else { return Vec::new() };
    let crons = agent.standing.crons.iter().map(|task| {
        (Timer::Cron { id: task.id.clone() }, &task.plan, format!("Cron task {}", task.id))
    });
    let looping = agent
        .standing
        .looping
        .iter()
        .map(|looping| (Timer::Loop, &looping.plan, "The loop".to_owned()));
    crons
        .chain(looping)
        .filter_map(|(what, before, name)| {
            let tasks = vec![serde_json::from_str::<Task>(before).ok()?];
            let (standing, last_look) = (SessionActivity::Stopped, eyes.last);
            let facts = Facts { tasks: &tasks, standing, last_look, zone: eyes.zone };
            let plan = plan(eyes.look, &facts);
            let mut after = tasks;
            plan.apply(&mut after);
            let missed: Vec<String> =
                plan.decisions.iter().flat_map(|d| &d.missed).map(missed_words).collect();
            let skipped = (!missed.is_empty()).then(|| format!("{name}: {}.", missed.join("; ")));
            let next = after.first().and_then(|task| next_of(task, eyes.zone));
            let plan = after.first().and_then(|task| serde_json::to_string(task).ok());
            let (before, plan) = (before.clone(), plan.unwrap_or_default());
            Some(TimerFired { what, before, plan, next, run: None, skipped })
        })
        .collect()
}
