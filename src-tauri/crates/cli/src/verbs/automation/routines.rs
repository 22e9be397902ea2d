//! `nightshift routines`: work that starts when nobody is there.

use crate::check;
use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact;
use crate::output::routine::{line, run_line, shown};
use crate::verbs::automation::routine_outside;
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::routine::{RoutineView, RunPage, RunView};
use nightshift_protocol::{Fault, FaultCode, calls};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

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

#[derive(Debug, clap::Args)]
struct Create {
    /// Small letters, digits, `-` and `_`.
    name: String,
    /// What the agent is to do; `-` reads it from stdin.
    prompt: Option<String>,
    /// A whole definition, as docs/routines.md has it; `-` reads it from stdin.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "prompt", "description", "agent", "model", "mode", "repository", "no_worktree", "schedule", "every", "at",
            "timezone", "goal", "check", "otherwise", "api",
        ]
    )]
    file: Option<PathBuf>,
    /// One line for lists.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Agent to use; without it the default of the settings.
    #[arg(long)]
    agent: Option<String>,
    /// Model to use.
    #[arg(long)]
    model: Option<String>,
    /// Permission mode of the agent.
    #[arg(long)]
    mode: Option<String>,
    /// Repository to work in, each run in a worktree of its own; without it an empty directory.
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,
    /// Let runs work in the repository itself.
    #[arg(long, requires = "repository")]
    no_worktree: bool,
    /// Cron expression: minute, hour, day of the month, month, day of the week; may be given several times.
    #[arg(long, value_name = "CRON")]
    schedule: Vec<String>,
    /// Length of time such as `2h`; may be given several times.
    #[arg(long, value_name = "TIME")]
    every: Vec<String>,
    /// Once at this local time, such as `2026-12-01T09:00`; may be given several times.
    #[arg(long, value_name = "TIME")]
    at: Vec<String>,
    /// Let calls with a token fire it.
    #[arg(long)]
    api: bool,
    /// Time zone of its times, such as `Europe/Berlin`; without it the machine's.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What must be true for a run to count as done.
    #[arg(long, value_name = "TEXT")]
    goal: Option<String>,
    /// Shell command that must succeed for a run to count as done.
    #[arg(long, value_name = "COMMAND")]
    check: Option<String>,
    /// What happens with requests that no rule allows: `deny` or `ask`.
    #[arg(long, value_name = "WHAT", value_parser = ["deny", "ask"])]
    otherwise: Option<String>,
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
                None => format!("waits for its turn · {}", started.occurrence),
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

fn changed(here: &Context, view: &RoutineView, what: &str) -> Result<ExitCode, Failure> {
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

/// The text of the definition's file.
fn definition(create: Create) -> Result<String, Failure> {
    match &create.file {
        Some(file) if file.as_os_str() == "-" => {
            let text = check::text_or_stdin(None, "definition")?;
            text.ok_or_else(|| Failure::usage("a definition is missing on stdin"))
        }
        Some(file) => std::fs::read_to_string(file).map_err(|e| {
            let message = format!("cannot read {}: {e}", file.display());
            Fault::new(FaultCode::Io, message).into()
        }),
        None => written(create),
    }
}

fn written(create: Create) -> Result<String, Failure> {
    let Some(prompt) = check::text_or_stdin(create.prompt, "prompt")? else {
        return Err(Failure::usage("a prompt is missing; give one, or --file FILE"));
    };
    let prompt = check::text(&prompt, "prompt")?;
    let repository = create.repository.as_deref().map(|dir| check::directory(Some(dir)));
    let repository = repository.transpose()?.map(|dir| dir.to_string_lossy().into_owned());
    let mut text = "+++\n".to_owned();
    let worktree = create.no_worktree.then(|| "none".to_owned());
    for (key, value) in [
        ("description", create.description),
        ("agent", create.agent),
        ("model", create.model),
        ("mode", create.mode),
        ("repository", repository),
        ("worktree", worktree),
        ("timezone", create.timezone),
    ] {
        put(&mut text, key, value)?;
    }
    let lists = [("schedule", create.schedule), ("every", create.every), ("at", create.at)];
    for (key, values) in lists {
        for value in values {
            text.push_str("\n[[trigger]]\n");
            put(&mut text, key, Some(value))?;
        }
    }
    if create.api {
        text.push_str("\n[[trigger]]\napi = true\n");
    }
    if create.otherwise.is_some() {
        text.push_str("\n[permissions]\n");
        put(&mut text, "otherwise", create.otherwise)?;
    }
    if create.goal.is_some() || create.check.is_some() {
        text.push_str("\n[outcome]\n");
        put(&mut text, "goal", create.goal)?;
        put(&mut text, "check", create.check)?;
    }
    Ok(format!("{text}+++\n{prompt}\n"))
}

/// A text of JSON is one of TOML too, but for one character.
fn put(text: &mut String, key: &str, value: Option<String>) -> Result<(), Failure> {
    let Some(value) = value else { return Ok(()) };
    let quoted = serde_json::to_string(&value)
        .map_err(|e| Fault::new(FaultCode::Internal, format!("{key}: {e}")))?;
    text.push_str(&format!("{key} = {}\n", quoted.replace('\u{7f}', "\\u007f")));
    Ok(())
}
