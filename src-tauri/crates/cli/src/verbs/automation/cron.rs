//! `nightshift cron`: prompts that are sent to a session at set times.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::one_line;
use crate::output::table::until;
use crate::verbs::automation::standing::{act, other};
use nightshift_platform::clock;
use nightshift_protocol::standing::CronView;
use nightshift_protocol::{StandingAct, StandingResult};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Send a prompt at the times of a cron expression, for seven days.
    Create {
        session: String,
        /// Five fields: minute, hour, day of the month, month, day of the week. Local time.
        cron: String,
        prompt: String,
        /// Only at its next time.
        #[arg(long)]
        once: bool,
    },
    /// List a session's cron tasks.
    List { session: String },
    /// Delete a cron task.
    Delete { session: String, task: String },
}

#[derive(Serialize)]
struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let now = clock::now();
    match args.verb {
        Verb::Create { session, cron, prompt, once } => {
            let (recurring, durable) = (!once, false);
            let what = StandingAct::CronCreate { cron, prompt, recurring, durable };
            match act(&client, &session, what).await? {
                StandingResult::CronCreated(made) => {
                    let next = until(made.next_fire_at, now);
                    let words = one_line(&made.human_schedule);
                    here.say(&made, &format!("{} · {words} · next in {next}", made.id))
                }
                result => Err(other(&result)),
            }
        }
        Verb::List { session } => match act(&client, &session, StandingAct::CronList).await? {
            StandingResult::Crons { tasks } => {
                if here.json {
                    print_json(&tasks)?;
                } else if tasks.is_empty() {
                    print("no cron tasks\n")?;
                } else {
                    print(&tasks.iter().map(line).collect::<String>())?;
                }
                Ok(ExitCode::SUCCESS)
            }
            result => Err(other(&result)),
        },
        Verb::Delete { session, task } => {
            let what = StandingAct::CronDelete { id: task.clone() };
            match act(&client, &session, what).await? {
                StandingResult::Done => {
                    here.say(&Deleted { id: &task, deleted: true }, &format!("deleted · {task}"))
                }
                result => Err(other(&result)),
            }
        }
    }
}

fn line(view: &CronView) -> String {
    let task = &view.task;
    let (words, prompt) = (one_line(&view.human_schedule), one_line(&task.prompt));
    let next = until(task.fire_at, clock::now());
    format!("{}  {words} · next in {next} · {} runs · {prompt}\n", task.id, task.runs)
}
