//! What makes a session go on, as tasks beside its processes; each has an id by which it is stopped.

use nightshift_model::Session;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_model::standing::{CronTask, Loop, LoopPrompt, Monitor, Wakeup};
use nightshift_protocol::{StandingAct, Task, TaskKind};

const CRON: &str = "cron.";
const LOOP: &str = "loop";
const MONITOR: &str = "monitor.";
/// It is the agent's own, and goes with the session's stop.
pub const WAKEUP: &str = "wakeup";

/// Monitors, the loop, the cron tasks and the wake-up of a session.
pub fn of(session: &Session) -> Vec<Task> {
    let Some(agent) = session.agent() else { return Vec::new() };
    let (standing, id) = (&agent.standing, session.id.as_str());
    let monitors = standing.monitors.iter().map(|monitor| of_monitor(id, monitor));
    let looping = standing.looping.iter().map(|looping| of_loop(id, looping));
    let crons = standing.crons.iter().map(|task| of_cron(id, task));
    let wakeups = standing.wakeup.iter().map(|wakeup| of_wakeup(id, wakeup));
    monitors.chain(looping).chain(crons).chain(wakeups).collect()
}

/// What stops the task of this name (without its session's id); none when it is of another kind.
pub fn stop(task: &str) -> Option<StandingAct> {
    if task == LOOP {
        return Some(StandingAct::LoopStop);
    }
    task.strip_prefix(CRON).map(|id| StandingAct::CronDelete { id: id.to_owned() })
}

fn task(session: &str, id: String, kind: TaskKind, title: &str) -> Task {
    Task {
        id: format!("{session}.{id}"),
        session: session.to_owned(),
        kind,
        title: one_line(title, LINE_MAX_CHARS),
        since: nightshift_model::Millis(0),
        stoppable: true,
        usage: None,
        last_lines: Vec::new(),
    }
}

fn of_monitor(session: &str, monitor: &Monitor) -> Task {
    let title = format!("{}: {}", monitor.description, monitor.source);
    Task {
        since: monitor.started_at,
        last_lines: monitor.last_lines.clone(),
        ..task(session, format!("{MONITOR}{}", monitor.id), TaskKind::Monitor, &title)
    }
}

fn of_loop(session: &str, looping: &Loop) -> Task {
    let prompt = match &looping.prompt {
        LoopPrompt::Given { text } => text.as_str(),
        LoopPrompt::File => "loop.md",
    };
    let title = format!("run {} of: {prompt}", looping.runs);
    Task { since: looping.started_at, ..task(session, LOOP.to_owned(), TaskKind::Loop, &title) }
}

fn of_cron(session: &str, cron: &CronTask) -> Task {
    let title = format!("{}: {}", crate::act::human(&cron.cron), cron.prompt);
    Task {
        since: cron.created_at,
        ..task(session, format!("{CRON}{}", cron.id), TaskKind::Cron, &title)
    }
}

fn of_wakeup(session: &str, wakeup: &Wakeup) -> Task {
    let title = match wakeup.reason.is_empty() {
        true => wakeup.prompt.clone(),
        false => format!("{}: {}", wakeup.reason, wakeup.prompt),
    };
    let task = task(session, WAKEUP.to_owned(), TaskKind::Wakeup, &title);
    Task { since: wakeup.at, stoppable: false, ..task }
}
