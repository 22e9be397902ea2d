//! `nightshift tasks`: what runs in the background of sessions; ends one of them.

use crate::context::{Context, print, print_json};
use crate::failure::{Failure, unexpected};
use crate::plain::one_line;
use crate::render::age;
use nightshift_model::Millis;
use nightshift_platform::clock;
use nightshift_protocol::{Command, Reply, Task, TaskKind};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Only those of this session.
    session: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// End one background process and everything below it.
    Stop {
        /// As `nightshift tasks` prints it.
        task: String,
    },
}

#[derive(Serialize)]
struct Stopped<'a> {
    id: &'a str,
    stopped: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    match args.verb {
        Some(Verb::Stop { task }) => stop(here, task).await,
        None => list(here, args.session).await,
    }
}

async fn stop(here: Context, task: String) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    match client.call(Command::StopTask { task }).await? {
        Reply::TaskStopped { id } => {
            here.say(&Stopped { id: &id, stopped: true }, &format!("stopped · {}", one_line(&id)))
        }
        other => Err(unexpected(&other)),
    }
}

async fn list(here: Context, session: Option<String>) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let tasks = match client.call(Command::Tasks { session }).await? {
        Reply::Tasks { tasks } => tasks,
        other => return Err(unexpected(&other)),
    };
    if here.json {
        print_json(&tasks)?;
    } else if tasks.is_empty() {
        print("nothing runs in the background\n")?;
    } else {
        let now = clock::now();
        print(&tasks.iter().map(|task| lines(task, now)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One line of what it is and costs, then what it printed last.
fn lines(task: &Task, now: Millis) -> String {
    let kind = match task.kind {
        TaskKind::Process => "process",
        TaskKind::Tool => "tool",
        TaskKind::Other => "other",
    };
    let cost = task.usage.map_or(String::new(), |usage| {
        let mib = usage.memory_kib.div_ceil(1024);
        format!("cpu {}.{}s · {mib} MiB · ", usage.cpu_ms / 1000, usage.cpu_ms / 100 % 10)
    });
    let (id, title) = (one_line(&task.id), one_line(&task.title));
    let mut out = format!("{id}  {kind} · {} · {cost}{title}\n", age(now.since(task.since)));
    for line in &task.last_lines {
        out.push_str(&format!("  {}\n", one_line(line)));
    }
    out
}
