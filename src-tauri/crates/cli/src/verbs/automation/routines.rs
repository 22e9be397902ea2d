//! `nightshift routines`: work that starts when nobody is there.

mod asking;
mod changing;
mod definition;
mod importing;

use crate::check;
use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact;
use crate::output::routine::{line, run_line, shown};
use crate::verbs::automation::routine_outside;
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::calls;
use nightshift_protocol::routine::{RoutineView, RunPage, RunView};
use serde::Serialize;
use std::process::ExitCode;

use definition::{Create, Update, change, definition};
use importing::Import;

/// Runs that are asked for at once.
const PAGE: u32 = 200;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List routines: how they are doing and when they run next.
    List,
    /// Show a routine: its definition, next times, mistakes.
    Show { routine: String },
    /// Write a new definition, from options or from a whole file.
    Create(Box<Create>),
    /// Let a routine's triggers start it; what was due before is over.
    Enable { routine: String },
    /// Keep a routine's triggers from starting it, without a trace of its times.
    Disable { routine: String },
    /// Pause a routine; each of its times is written down as skipped.
    Pause {
        routine: String,
        /// Why, for whoever looks at it later.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// End a pause.
    Resume { routine: String },
    /// Run a routine now.
    Run {
        routine: String,
        /// For the agent, as data from outside; `-` reads it from stdin.
        #[arg(long)]
        text: Option<String>,
    },
    /// List what became of each time of a routine, newest first.
    Runs {
        routine: String,
        /// No more than so many.
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u32,
    },
    /// Say why a routine runs or does not run next, and what became of the last time.
    Why { routine: String },
    /// Open a routine's definition in an editor ($VISUAL, $EDITOR); it is checked before it counts.
    Edit { routine: String },
    /// Change a routine's definition key by key; an empty value takes a key out. Comments stay.
    Update(Box<Update>),
    /// Check whether a run could begin now: definition, agent, repository, base, precheck.
    Test { routine: String },
    /// List when routines run next, all of them in order.
    Calendar {
        /// So many days from now on.
        #[arg(long, value_name = "COUNT", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// Make routines of what other programs have planned: they are read, never changed. What is made is disabled.
    Import(Import),
    /// Print a routine's definition, as its file has it.
    Export { routine: String },
    /// Tokens by which calls from outside fire a routine.
    #[command(subcommand)]
    Token(routine_outside::Token),
    /// The secret by which GitHub signs what it sends to a routine.
    #[command(subcommand)]
    Webhook(routine_outside::Webhook),
    /// List what came for a routine from outside, newest first.
    Deliveries(routine_outside::Deliveries),
    /// Run what a delivery brought once more.
    Replay {
        /// Its id, from `deliveries`.
        delivery: String,
    },
    /// Remove a routine: its file, and what is known of its runs.
    Rm { routine: String },
}

#[derive(Serialize)]
struct Removed {
    id: String,
    name: String,
    removed: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    if let Verb::Create(create) = args.verb {
        let (name, text) = (create.name.clone(), definition(*create)?);
        let client = here.client().await?;
        let view = client.ask(calls::CreateRoutine { name, text }).await?;
        return changed(&here, &view, "created");
    }
    let client = here.client().await?;
    match args.verb {
        Verb::Why { routine } => asking::why(&here, &client, routine).await,
        Verb::Test { routine } => asking::test(&here, &client, routine).await,
        Verb::Calendar { days } => asking::calendar(&here, &client, days).await,
        Verb::Edit { routine } => changing::edit(&here, &client, routine).await,
        Verb::Export { routine } => changing::export(&here, &client, routine).await,
        Verb::Import(import) => importing::import(&here, &client, import).await,
        Verb::Update(update) => {
            let (routine, change) = change(*update)?;
            let view = client.ask(calls::UpdateRoutine { routine, change }).await?;
            changed(&here, &view, "updated")
        }
        Verb::List => list(&here, &client).await,
        Verb::Show { routine } => {
            let detail = client.ask(calls::ShowRoutine { routine }).await?;
            match here.json {
                true => print_json(&detail)?,
                false => print(&shown(&detail, clock::now()))?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Enable { routine } => {
            changed(&here, &client.ask(calls::EnableRoutine { routine }).await?, "enabled")
        }
        Verb::Disable { routine } => {
            changed(&here, &client.ask(calls::DisableRoutine { routine }).await?, "disabled")
        }
        Verb::Pause { routine, note } => {
            changed(&here, &client.ask(calls::PauseRoutine { routine, note }).await?, "paused")
        }
        Verb::Resume { routine } => {
            changed(&here, &client.ask(calls::ResumeRoutine { routine }).await?, "resumed")
        }
        Verb::Run { routine, text } => {
            let text = match text {
                Some(text) => check::text_or_stdin(Some(text), "text")?,
                None => None,
            };
            let started = client.ask(calls::RunRoutine { routine, text }).await?;
            let line = match &started.session {
                Some(session) => format!("started · {session} · nightshift attach {session}"),
                None => match &started.waits_for {
                    Some(why) => format!("waits: {why} · {}", started.occurrence),
                    None => format!("waits for its turn · {}", started.occurrence),
                },
            };
            here.say(&started, &line)
        }
        Verb::Token(verb) => routine_outside::token(&here, &client, verb).await,
        Verb::Webhook(verb) => routine_outside::webhook(&here, &client, verb).await,
        Verb::Deliveries(args) => routine_outside::deliveries(&here, &client, args).await,
        Verb::Replay { delivery } => routine_outside::replay(&here, &client, delivery).await,
        Verb::Runs { routine, limit } => runs(&here, &client, routine, limit).await,
        Verb::Rm { routine } => {
            let calls::RemovedRoutine { id, name } =
                client.ask(calls::RemoveRoutine { routine }).await?;
            let line = format!("removed · {name}");
            here.say(&Removed { id, name, removed: true }, &line)
        }
        // It has returned above.
        Verb::Create(_) => Ok(ExitCode::SUCCESS),
    }
}

pub(super) fn changed(here: &Context, view: &RoutineView, what: &str) -> Result<ExitCode, Failure> {
    here.say(view, format!("{what} · {}", line(view, clock::now())).trim_end())
}

async fn list(here: &Context, client: &Client) -> Result<ExitCode, Failure> {
    let list = client.ask(calls::ListRoutines {}).await?;
    for problem in &list.problems {
        eprintln!("warning: {}", exact(problem));
    }
    if here.json {
        print_json(&list.routines)?;
    } else if list.routines.is_empty() {
        print("no routines; make one with `nightshift routines create`\n")?;
    } else {
        let now = clock::now();
        print(&list.routines.iter().map(|view| line(view, now)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn runs(
    here: &Context,
    client: &Client,
    routine: String,
    limit: u32,
) -> Result<ExitCode, Failure> {
    let mut all: Vec<RunView> = Vec::new();
    let mut before = None;
    loop {
        let have = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let limit = limit.saturating_sub(have).min(PAGE);
        if limit == 0 {
            break;
        }
        let page = calls::RoutineRuns { routine: routine.clone(), before, limit };
        let RunPage { runs, next } = client.ask(page).await?;
        all.extend(runs);
        before = next;
        if before.is_none() {
            break;
        }
    }
    if here.json {
        print_json(&all)?;
    } else if all.is_empty() {
        print("no runs yet\n")?;
    } else {
        let now = clock::now();
        print(&all.iter().map(|run| run_line(run, now)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}
