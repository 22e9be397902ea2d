//! The words for standing work: what agents are told beside a run, what `/goal` and `/tasks` answer.

use crate::loop_file::LoopFile;
use nightshift_model::counted::counted;
use nightshift_model::naming::row_line;
use nightshift_model::shell;
use nightshift_model::standing::{
    EndedGoal, Goal, GoalEnd, GoalPhase, Loop, LoopPrompt, Pace, Spent,
};
use nightshift_model::{Millis, Standing};
use nightshift_protocol::{Task, TaskKind};
use std::path::Path;

/// What an agent is told beside a loop's run.
pub fn loop_run(looping: &Loop, has_tools: bool) -> String {
    let run = looping.runs.saturating_add(1);
    match &looping.pace {
        Pace::Fixed { chosen, .. } => {
            format!("This is run {run} of a loop that the user set up: {chosen}.")
        }
        Pace::SelfPaced => format!(
            "This is run {run} of a loop whose pace you choose. Before you end your turn, call \
             ScheduleWakeup with delaySeconds (60 to 3600) and a reason, or start a Monitor that wakes \
             you, or call ScheduleWakeup with stop: true when there is nothing left to do. If you do \
             none of these you are woken once more, and then the loop ends."
        ),
        Pace::Steady { minutes } if !has_tools => format!(
            "This is run {run} of a loop. Your tools have no way to choose its pace, so the next run \
             is {minutes} minutes after this turn."
        ),
        Pace::Steady { minutes } => {
            format!("This is run {run} of a loop; the next is {minutes} minutes after this turn.")
        }
    }
}

/// What a run says of the file it is from, after what it says already.
pub fn loop_file(notes: &str, file: &LoopFile) -> String {
    let cut = "its loop.md is longer than 25,000 bytes; the rest was left out";
    let from = file.path.as_ref().map(|path| format!("from {}", row_line(&path.to_string_lossy())));
    let passed_over = passed_over(file);
    let cut = file.cut.then(|| cut.to_owned());
    let notes = Some(notes.to_owned()).filter(|notes| !notes.is_empty());
    let all: Vec<String> = [notes, from, cut, passed_over].into_iter().flatten().collect();
    all.join("; ")
}

/// Says that the project's file is not sent, and what makes it so; none where it is.
pub fn passed_over(file: &LoopFile) -> Option<String> {
    let path = file.passed_over.as_ref()?;
    let directory = path.parent().and_then(Path::parent).unwrap_or(path);
    let directory = row_line(&shell::word(&directory.to_string_lossy()));
    let path = row_line(&path.to_string_lossy());
    Some(format!(
        "{path} is not as you trust it and was not sent; see `nightshift trust show {directory}`, \
         and trust it with `nightshift trust add {directory}`"
    ))
}

pub fn woken(reason: &str) -> String {
    format!("You asked to be woken now: {reason}")
}

pub fn loop_started(looping: &Loop) -> String {
    match looping.prompt {
        LoopPrompt::Given { .. } => started(looping),
        LoopPrompt::File => format!(
            "{}; it sends .claude/loop.md of the directory where you trust it as it is, else your \
             own ~/.claude/loop.md, else words of Nightshift's",
            started(looping)
        ),
    }
}

fn started(looping: &Loop) -> String {
    match &looping.pace {
        Pace::Fixed { chosen, .. } => format!("loop started: {chosen}"),
        Pace::SelfPaced => "loop started; the agent chooses when it runs next".to_owned(),
        Pace::Steady { minutes } => format!(
            "loop started: {minutes} minutes after each run, because its agent has not shown that it \
             can call our tools; it chooses for itself as soon as it has"
        ),
    }
}

/// The condition of a goal that has a check and no words.
pub fn check_alone(check: &str) -> String {
    format!("`{check}` succeeds")
}

/// What `/goal` answers.
pub fn goal(standing: &Standing, now: Millis) -> String {
    match (&standing.goal, &standing.last_goal) {
        (Some(goal), _) => present(goal, now),
        (None, Some(last)) => format!("No goal is set. {}", past(last)),
        (None, None) => "No goal is set. Set one with /goal and a condition.".into(),
    }
}

fn present(goal: &Goal, now: Millis) -> String {
    let state = match &goal.phase {
        GoalPhase::Pursuing => "pursued".to_owned(),
        GoalPhase::Judging { .. } => "being checked".to_owned(),
        GoalPhase::Waiting { until, why, .. } => {
            format!("waits for {why}, until {} from now at most", span(until.since(now)))
        }
        GoalPhase::Paused { why, .. } => format!("paused: {why}"),
    };
    let mut lines = vec![
        format!("Goal: {}", goal.condition),
        format!(
            "{state} · set {} ago · {} · {}",
            span(now.since(goal.set_at)),
            counted(goal.turns, "turn"),
            spent(&goal.spent)
        ),
    ];
    lines.extend(goal.check.iter().map(|check| format!("Check: {check}")));
    lines.push(format!(
        "Bounds: {} and {}",
        counted(goal.bounds.turns, "turn"),
        span(goal.bounds.ms)
    ));
    if !goal.evaluator.is_empty() {
        lines.push(format!("Judge: {}", goal.evaluator));
    }
    lines.extend(goal.verdicts.last().map(|v| format!("Last verdict: {}", v.reason)));
    lines.extend(goal.advice.iter().map(|advice| format!("Advice: {advice}")));
    lines.join("\n")
}

fn past(last: &EndedGoal) -> String {
    let how = match last.how {
        GoalEnd::Met => "was met",
        GoalEnd::Impossible => "is impossible",
        GoalEnd::Cleared => "was cleared",
        GoalEnd::Replaced => "was replaced",
        GoalEnd::Trouble => "was cleared for want of a way on",
    };
    let (turns, spent) = (counted(last.goal.turns, "turn"), spent(&last.goal.spent));
    format!("The last one {how} ({turns}, {spent}): {}\n{}", last.goal.condition, last.why)
}

fn spent(spent: &Spent) -> String {
    let money = spent
        .micros
        .map(|micros| format!(" (${}.{:04})", micros / 1_000_000, micros / 100 % 10_000));
    format!("{} tokens of its judge{}", spent.tokens, money.unwrap_or_default())
}

/// `3h 5m`, `12s`.
fn span(ms: u64) -> String {
    let s = ms / 1000;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, _) => format!("{m}m"),
        (h, 0, _) => format!("{h}h"),
        (h, m, _) => format!("{h}h {m}m"),
    }
}

/// What `/tasks` answers.
pub fn tasks(tasks: &[Task]) -> String {
    if tasks.is_empty() {
        return "Nothing runs in the background.".to_owned();
    }
    let line = |task: &Task| {
        let kind = match task.kind {
            TaskKind::Process => "process",
            TaskKind::Tool => "tool",
            TaskKind::Monitor => "monitor",
            TaskKind::Cron => "cron",
            TaskKind::Loop => "loop",
            TaskKind::Wakeup => "wake-up",
            TaskKind::Other => "other",
        };
        let lines = task.last_lines.iter().map(|line| format!("\n  {line}"));
        format!("{} · {kind} · {}{}", task.id, task.title, lines.collect::<String>())
    };
    tasks.iter().map(line).collect::<Vec<_>>().join("\n")
}
