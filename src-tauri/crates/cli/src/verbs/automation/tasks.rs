//! `nightshift tasks`: what runs in the background of sessions and what wakes them; ends one of them.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::task::lines;
use nightshift_platform::clock;
use nightshift_protocol::calls;
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
    /// End one of them; a process with everything below it.
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
    let id = client.ask(calls::StopTask { task }).await?;
    here.say(&Stopped { id: &id, stopped: true }, &format!("stopped · {}", one_line(&id)))
}

async fn list(here: Context, session: Option<String>) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let tasks = client.ask(calls::Tasks { session }).await?;
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
