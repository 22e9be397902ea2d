//! Cron tasks, loops and wake-ups: what becomes of a session when they are made, due, or taken away.
//!
//! Promise: a run and its prompt come out of one step; a timer that has moved on meanwhile is passed
//! over, so that no run is delivered twice.

use super::{Next, Refusal, bounded, command};
use crate::counted::counted;
use crate::event::{Run, Timer, TimerFired};
use crate::evidence::Source;
use crate::limits::{
    CRON_TASKS_MAX, LOOP_FALLBACK_MS, LOOP_STEADY_MINUTES, REASON_MAX_CHARS,
    STANDING_PROMPT_MAX_BYTES,
};
use crate::session::State;
use crate::standing::{CronTask, Loop, LoopPrompt, Origin, Pace, Wakeup};
use crate::time::Millis;

/// Only agents take prompts by themselves.
fn refuse_shells(next: &Next) -> Result<(), Refusal> {
    let id = &next.session.id;
    match next.session.agent() {
        Some(_) => command::refuse_while_stopping(next),
        None => Err(Refusal::new(
            format!("session {id} is a shell job and takes no prompts"),
            "only agents have automation",
        )),
    }
}

fn refuse_long(prompt: &str) -> Result<(), Refusal> {
    if prompt.len() <= STANDING_PROMPT_MAX_BYTES {
        return Ok(());
    }
    let bytes = prompt.len();
    Err(Refusal::new(
        format!("the prompt has {bytes} bytes; the limit is {STANDING_PROMPT_MAX_BYTES}"),
        "put it into a file and name the file",
    ))
}

pub(super) fn cron_create(next: &mut Next, task: CronTask) -> Result<(), Refusal> {
    refuse_shells(next)?;
    refuse_long(&task.prompt)?;
    let id = next.session.id.clone();
    let Some(standing) = next.standing() else { return Ok(()) };
    if standing.crons.len() >= CRON_TASKS_MAX {
        return Err(Refusal::new(
            format!("session {id} has {CRON_TASKS_MAX} cron tasks"),
            &format!("delete one with `nightshift cron delete {id} <task>`"),
        ));
    }
    let why = format!("cron task {} at {}", task.id, task.cron);
    standing.crons.push(task);
    next.note(Source::User, &why);
    Ok(())
}

pub(super) fn cron_delete(next: &mut Next, task: &str) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    let tasks = next.standing().map(|standing| &mut standing.crons);
    let found = tasks.and_then(|tasks| {
        let at = tasks.iter().position(|t| t.id == task)?;
        Some(tasks.remove(at))
    });
    match found {
        Some(_) => {
            next.note(Source::User, &format!("cron task {task} deleted"));
            Ok(())
        }
        None => Err(Refusal::new(
            format!("session {id} has no cron task `{}`", bounded(task, 40)),
            &format!("list them with `nightshift cron list {id}`"),
        )),
    }
}

pub(super) fn loop_start(next: &mut Next, looping: Loop) -> Result<(), Refusal> {
    refuse_shells(next)?;
    if let LoopPrompt::Given { text } = &looping.prompt {
        refuse_long(text)?;
    }
    let why = match &looping.pace {
        Pace::Fixed { chosen, .. } => format!("loop: {chosen}"),
        Pace::SelfPaced => "loop at the agent's own pace".to_owned(),
        Pace::Steady { minutes } => {
            format!("loop {minutes} minutes after each run: its agent cannot call our tools")
        }
    };
    if let Some(standing) = next.standing() {
        standing.looping = Some(looping);
    }
    next.note(Source::User, &why);
    Ok(())
}

pub(super) fn loop_stop(next: &mut Next) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    if end_loop(next, Source::User, "the loop was stopped") {
        command::take_back(next, Origin::Loop);
        return Ok(());
    }
    Err(Refusal::new(
        format!("session {id} has no loop"),
        &format!("start one with `nightshift loop start {id} …`"),
    ))
}

/// `Esc` while a loop waits for its next run ends the loop, and nothing else.
pub(super) fn interrupt(next: &mut Next) -> bool {
    let waits = next.session.takes_turn()
        && next.standing().is_some_and(|s| s.looping.as_ref().is_some_and(|l| l.next_at.is_some()));
    waits && end_loop(next, Source::User, "interrupted while it waited: the loop was stopped")
}

fn end_loop(next: &mut Next, source: Source, why: &str) -> bool {
    let Some(looping) = next.standing().and_then(|standing| standing.looping.take()) else {
        return false;
    };
    next.note(source, why);
    next.remark(false, &format!("{}, after {} runs.", capital(why), looping.runs));
    true
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The agent says when it goes on. With a loop that is the loop's next run.
pub(super) fn wake_at(next: &mut Next, wakeup: Wakeup) -> Result<(), Refusal> {
    refuse_shells(next)?;
    refuse_long(&wakeup.prompt)?;
    let reason = bounded(&wakeup.reason, REASON_MAX_CHARS);
    let id = next.session.id.clone();
    let Some(standing) = next.standing() else { return Ok(()) };
    match &mut standing.looping {
        Some(looping) if matches!(looping.pace, Pace::SelfPaced | Pace::Steady { .. }) => {
            // It has just shown that it can.
            looping.pace = Pace::SelfPaced;
            looping.next_at = Some(wakeup.at);
            looping.plan = wakeup.plan;
            looping.reason = reason.clone();
            looping.fallback = false;
        }
        Some(_) | None if wakeup.prompt.trim().is_empty() => {
            return Err(Refusal::new(
                format!("session {id} has no self-paced loop to wake"),
                "say in `prompt` what is to be done then",
            ));
        }
        Some(_) | None => standing.wakeup = Some(Wakeup { reason: reason.clone(), ..wakeup }),
    }
    next.note(Source::Protocol, &format!("asked to be woken: {reason}"));
    Ok(())
}

/// The run of a routine that the session was is over. Monitors live in its agent's process, which goes with them.
pub(super) fn run_ended(next: &mut Next) {
    if let Some(run) = &mut next.session.unattended {
        run.over = true;
    }
    let Some(standing) = next.standing() else { return };
    let crons = std::mem::take(&mut standing.crons).len();
    let (looping, wakeup) = (standing.looping.take().is_some(), standing.wakeup.take().is_some());
    let monitors = standing.monitors.len();
    let set = [
        counted(crons, "cron task"),
        counted(usize::from(looping), "loop"),
        counted(usize::from(wakeup), "wake-up"),
        counted(monitors, "monitor"),
    ];
    let counts = [crons, usize::from(looping), usize::from(wakeup), monitors];
    let ended: Vec<String> =
        set.into_iter().zip(counts).filter(|(_, n)| *n > 0).map(|(text, _)| text).collect();
    if ended.is_empty() {
        return;
    }
    for origin in [Origin::Cron, Origin::Loop, Origin::Monitor, Origin::Supervisor] {
        command::take_back(next, origin);
    }
    let why =
        format!("its run is over, and with it what it had set for itself: {}", ended.join(", "));
    next.note(Source::Supervisor, &why);
    next.remark(false, &format!("{}.", capital(&why)));
    if monitors > 0 {
        super::fact::rest(next, "put to rest to end its monitors; a reply starts it again");
    }
}

pub(super) fn tools_ready(next: &mut Next) {
    let Some(standing) = next.standing() else { return };
    standing.has_tools = true;
    if let Some(looping) = &mut standing.looping
        && matches!(looping.pace, Pace::Steady { .. })
    {
        looping.pace = Pace::SelfPaced;
    }
}

/// A timer is due, or its schedule has moved on.
pub(super) fn timer_fired(next: &mut Next, fired: TimerFired) {
    let Some(standing) = next.standing() else { return };
    let (plan, next_at) = (fired.plan.clone(), fired.next.map(|(_, at)| at));
    let known = match &fired.what {
        Timer::Cron { id } => {
            let Some(at) = standing.crons.iter().position(|task| &task.id == id) else { return };
            let task = &mut standing.crons[at];
            let known = task.plan == fired.before;
            match fired.next {
                _ if !known => {}
                Some((due_at, fire_at)) => {
                    (task.due_at, task.fire_at, task.plan) = (due_at, fire_at, plan);
                }
                None => drop(standing.crons.remove(at)),
            }
            known
        }
        Timer::Loop => standing.looping.as_mut().is_some_and(|looping| {
            let known = looping.plan == fired.before;
            if known {
                (looping.next_at, looping.plan) = (next_at, plan);
            }
            known
        }),
        Timer::Wakeup => {
            let known = standing.wakeup.as_ref().is_some_and(|w| w.plan == fired.before);
            if known {
                let moved = |w: Wakeup| next_at.map(|at| Wakeup { at, plan, ..w });
                standing.wakeup = standing.wakeup.take().and_then(moved);
            }
            known
        }
    };
    if !known {
        return;
    }
    if let Some(skipped) = &fired.skipped {
        next.note(Source::Supervisor, skipped);
        next.remark(true, skipped);
    }
    if let Some(run) = fired.run {
        deliver(next, &fired.what, run);
    }
}

/// The run's prompt, queued in the same step.
fn deliver(next: &mut Next, what: &Timer, run: Run) {
    let origin = match what {
        Timer::Cron { .. } => Origin::Cron,
        Timer::Loop => Origin::Loop,
        Timer::Wakeup => Origin::Supervisor,
    };
    let n = next.session.agent().map_or(0, |agent| agent.next_prompt);
    let at = next.at;
    if run.display {
        // Nothing is asked of the agent.
    } else if let Err(refusal) = command::queue_prompt_of(next, origin, run.text, run.beside) {
        // Thirty-two prompts wait already: this run is named, not lost in silence.
        next.note(Source::Supervisor, &refusal.message);
        next.remark(true, &format!("A run was skipped: {}.", refusal.message));
        return;
    }
    let Some(standing) = next.standing() else { return };
    let mut why = match what {
        Timer::Cron { id } => {
            if let Some(task) = standing.crons.iter_mut().find(|task| &task.id == id) {
                (task.runs, task.last_run_at) = (task.runs.saturating_add(1), Some(at));
            }
            format!("cron task {id}")
        }
        Timer::Loop => {
            let Some(looping) = &mut standing.looping else { return };
            looping.runs = looping.runs.saturating_add(1);
            looping.running = (!run.display).then_some(n);
            looping.reason.clear();
            format!("loop, run {}", looping.runs)
        }
        Timer::Wakeup => "the wake-up it asked for".to_owned(),
    };
    if !run.notes.is_empty() {
        why.push_str(&format!(" ({})", run.notes));
    }
    if run.last {
        expired(next, what);
    }
    if run.display {
        return next.note(Source::Supervisor, &why);
    }
    command::wake(next, &why, Source::Supervisor);
}

fn expired(next: &mut Next, what: &Timer) {
    match what {
        Timer::Cron { id } => {
            let text = format!("Cron task {id} is seven days old: this is its last run.");
            let recurring = next
                .standing()
                .is_some_and(|s| s.crons.iter().any(|task| &task.id == id && task.recurring));
            if let Some(standing) = next.standing() {
                standing.crons.retain(|task| &task.id != id);
            }
            if recurring {
                next.remark(false, &text);
            }
        }
        Timer::Loop => {
            end_loop(next, Source::Supervisor, "the loop is seven days old: this is its last run");
        }
        Timer::Wakeup => {}
    }
}

/// What follows from any event: a loop's run that is over decides when the next one is.
pub(super) fn settle(next: &mut Next) {
    let at = next.at;
    let over = {
        let Some(agent) = next.session.agent() else { return };
        let Some(looping) = &agent.standing.looping else { return };
        match looping.running {
            Some(n) => !agent.prompts.iter().any(|p| p.n == n),
            // A monitor was to wake it, and is over.
            None => looping.next_at.is_none() && next.session.takes_turn(),
        }
    };
    if !over || matches!(next.session.state, State::Stopped) {
        return;
    }
    let Some(standing) = next.standing() else { return };
    let has_monitor = !standing.monitors.is_empty();
    let Some(looping) = &mut standing.looping else { return };
    looping.running = None;
    let ends = match looping.pace {
        Pace::Fixed { .. } => false,
        Pace::SelfPaced if looping.next_at.is_some() || has_monitor => false,
        Pace::SelfPaced if looping.fallback => true,
        Pace::SelfPaced => {
            looping.fallback = true;
            looping.reason = "the agent asked for no wake-up".to_owned();
            due_after(looping, at, LOOP_FALLBACK_MS);
            false
        }
        Pace::Steady { minutes } => {
            due_after(looping, at, u64::from(minutes) * 60_000);
            false
        }
    };
    if ends {
        let why = "the agent asked for no wake-up twice: the loop has ended";
        end_loop(next, Source::Supervisor, why);
    }
}

/// What a timer without a cron expression writes down: told apart by its time.
pub fn delay_plan(at: Millis) -> String {
    format!("at {}", at.0)
}

fn due_after(looping: &mut Loop, at: Millis, pause_ms: u64) {
    let next_at = Millis(at.0.saturating_add(pause_ms));
    (looping.next_at, looping.plan) = (Some(next_at), delay_plan(next_at));
}

/// The pace of a loop without an interval.
pub fn own_pace(has_tools: bool) -> Pace {
    if has_tools { Pace::SelfPaced } else { Pace::Steady { minutes: LOOP_STEADY_MINUTES } }
}
