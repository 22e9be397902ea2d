//! `routines why`, `test` and `calendar`.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact_line;
use crate::output::routine::{calendar_line, run_line};
use crate::output::table::until;
use nightshift_client::Client;
use nightshift_model::Millis;
use nightshift_platform::clock;
use nightshift_protocol::calls;
use nightshift_protocol::routine::RoutineCalendar;
use std::process::ExitCode;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub async fn why(here: &Context, client: &Client, routine: String) -> Result<ExitCode, Failure> {
    let why = client.ask(calls::WhyRoutine { routine }).await?;
    if here.json {
        print_json(&why)?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = clock::now();
    let mut out = match why.next_run_at.and_then(|at_ms| u64::try_from(at_ms).ok()) {
        Some(at) if why.runs => {
            let at = Millis(at);
            format!(
                "{} runs next at {} (in {})\n",
                why.routine,
                clock::local_time(at, now),
                until(at, now)
            )
        }
        _ => format!("{} does not run by itself\n", why.routine),
    };
    for reason in &why.reasons {
        out.push_str(&format!("  {}\n", exact_line(reason)));
    }
    match &why.last_run {
        Some(run) => {
            out.push_str(&format!("  last: {}", run_line(run, now)));
            for event in &run.events {
                out.push_str(&format!("        {}\n", exact_line(&event.text)));
            }
        }
        None => out.push_str("  it has not run yet\n"),
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 when a run could not begin.
pub async fn test(here: &Context, client: &Client, routine: String) -> Result<ExitCode, Failure> {
    let tested = client.ask(calls::TestRoutine { routine }).await?;
    if here.json {
        print_json(&tested)?;
    } else {
        let mut out = String::new();
        for check in &tested.checks {
            let how = if check.ok { "ok" } else { "FAILS" };
            out.push_str(&format!("{how:<5}  {:<11}  {}\n", check.what, exact_line(&check.words)));
        }
        out.push_str(match tested.ok {
            true => "a run could begin\n",
            false => "a run could not begin\n",
        });
        print(&out)?;
    }
    Ok(if tested.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub async fn calendar(here: &Context, client: &Client, days: u32) -> Result<ExitCode, Failure> {
    let now = clock::now();
    let until = now.0.saturating_add(u64::from(days).saturating_mul(DAY_MS));
    let until = i64::try_from(until).unwrap_or(i64::MAX);
    let calendar = client.ask(calls::RoutineTimes { until }).await?;
    if here.json {
        print_json(&calendar)?;
        return Ok(ExitCode::SUCCESS);
    }
    let RoutineCalendar { times, more } = &calendar;
    let mut out: String = times.iter().map(|time| calendar_line(time, now)).collect();
    if times.is_empty() {
        out.push_str(&format!("nothing is planned for the next {days} days\n"));
    }
    if *more {
        out.push_str("and more; ask for fewer days\n");
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}
