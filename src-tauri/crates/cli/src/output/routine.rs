//! Routines and their runs as lines for people.

use crate::output::plain::{exact, exact_line, one_line};
use crate::output::table::{age, until};
use nightshift_model::Millis;
use nightshift_protocol::routine::{RoutineDetail, RoutineView, RunView};

fn millis(at_ms: i64) -> Millis {
    Millis(u64::try_from(at_ms).unwrap_or(0))
}

fn ago(at_ms: i64, now: Millis) -> String {
    format!("{} ago", age(now.since(millis(at_ms))))
}

/// Name, health, next time, what starts it; its mistakes below.
pub fn line(view: &RoutineView, now: Millis) -> String {
    let next = match view.next_run_at {
        Some(at_ms) => format!("next in {}", until(millis(at_ms), now)),
        None if !view.enabled => "disabled".to_owned(),
        None => "nothing planned".to_owned(),
    };
    let triggers: Vec<&str> = view.triggers.iter().map(|t| t.words.as_str()).collect();
    let triggers = match triggers.is_empty() {
        true => "by hand".to_owned(),
        false => triggers.join(", "),
    };
    let health = view.health.replace('_', " ");
    let mut out = format!(
        "{}  {health} · {next} · {} · {}\n",
        view.name,
        one_line(&triggers),
        one_line(&view.health_reason)
    );
    for problem in &view.problems {
        let (line, column) = (problem.line, problem.column);
        out.push_str(&format!(
            "  line {line}, column {column}: {}\n",
            exact_line(&problem.message)
        ));
    }
    out
}

pub fn shown(detail: &RoutineDetail, now: Millis) -> String {
    let view = &detail.routine;
    let mut out = line(view, now);
    out.push_str(&format!("  {}  {}\n", view.id, exact_line(&detail.file)));
    if !view.description.is_empty() {
        out.push_str(&format!("  {}\n", exact_line(&view.description)));
    }
    for remark in &view.remarks {
        out.push_str(&format!("  note: {}\n", exact_line(remark)));
    }
    for (what, url) in [("fire", &detail.fire_url), ("webhook", &detail.webhook_url)] {
        if let Some(url) = url {
            out.push_str(&format!("  {what}: {}\n", exact_line(url)));
        }
    }
    for at_ms in &detail.upcoming {
        let at = nightshift_platform::clock::local_time(millis(*at_ms), now);
        out.push_str(&format!("  next: {at} (in {})\n", until(millis(*at_ms), now)));
    }
    if let Some(run) = &view.last_run {
        out.push_str(&format!("  last: {}", run_line(run, now)));
    }
    if let Some(text) = &detail.definition {
        out.push_str(&format!("\n{}\n", exact(text.trim_end())));
    }
    out
}

/// When, what became of it, its session; what was denied below.
pub fn run_line(run: &RunView, now: Millis) -> String {
    let at = run.due_at.or(run.claimed_at).or(run.finished_at);
    let at = at.map_or_else(String::new, |at_ms| ago(at_ms, now));
    let session = run.session.as_deref().map_or_else(String::new, |id| format!(" · {id}"));
    let mut out = format!("{at:>8}  {:<8}  {}{session}\n", run.trigger.kind, one_line(&run.words));
    for denial in &run.denials {
        out.push_str(&format!("          denied: {}\n", exact_line(denial)));
    }
    out
}
