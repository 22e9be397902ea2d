//! `nightshift --bg`: starts a session and returns at once.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::entry::{Pending, trust_need};
use crate::output::plain::exact_line;
use crate::{args, check, enclose};
use clap::error::ErrorKind;
use nightshift_client::dispatch_environment;
use nightshift_model::{Need, NeedOption, Wish, shell};
use nightshift_protocol::{Dispatch, DispatchWork, SessionView};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Starting a session")]
pub struct Args {
    /// Start a session in the background and print its id.
    #[arg(long)]
    pub bg: bool,
    /// Run a shell command in its own terminal instead of an agent.
    #[arg(
        long,
        value_name = "COMMAND",
        requires = "bg",
        conflicts_with_all = ["agent", "model", "permission_mode", "prompt"]
    )]
    pub exec: Option<String>,
    /// Name of the session; without it one is made from the prompt.
    #[arg(long, requires = "bg")]
    pub name: Option<String>,
    /// Agent to use.
    #[arg(long, requires = "bg")]
    pub agent: Option<String>,
    /// Model to use.
    #[arg(long, requires = "bg")]
    pub model: Option<String>,
    /// Permission mode of the agent.
    #[arg(long, value_name = "MODE", requires = "bg")]
    pub permission_mode: Option<String>,
    /// Directory to run in; without it the current one.
    #[arg(long, value_name = "DIR", requires = "bg")]
    pub cwd: Option<PathBuf>,
    /// Name of the agent's worktree; without it one is made from the session's.
    #[arg(long, value_name = "NAME", requires = "bg", conflicts_with_all = ["no_worktree", "exec"])]
    pub worktree: Option<String>,
    /// Let the agent work in the directory itself.
    #[arg(long, requires = "bg")]
    pub no_worktree: bool,
    /// File that goes with the prompt, an image for example; may be given several times.
    #[arg(long, value_name = "FILE", requires = "bg", conflicts_with = "exec")]
    pub attach: Vec<PathBuf>,
    /// The task; `-` reads it from stdin, as does no prompt when stdin is piped.
    pub prompt: Option<String>,
}

/// What `--bg --json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dispatched<'a> {
    id: &'a str,
    session_id: &'a str,
    name: &'a str,
    /// What is asked before it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending<'a>>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    if !args.bg {
        return Err(match &args.prompt {
            Some(word) => {
                let word = exact_line(word);
                let message = match args::meant(&word) {
                    Some(verb) => {
                        format!("unknown verb `{word}`; did you mean `nightshift {verb}`?")
                    }
                    None => format!("unknown verb `{word}`; to start an agent: --bg \"PROMPT\""),
                };
                Failure::Usage(ErrorKind::InvalidSubcommand, message)
            }
            None => Failure::usage("a verb or --bg is missing"),
        });
    }
    let name = args.name.as_deref().map(check::name).transpose()?;
    let cwd = check::directory(args.cwd.as_deref())?.to_string_lossy().into_owned();
    let worktree = match (&args.worktree, args.no_worktree) {
        (Some(name), _) => Wish::Named { name: name.clone() },
        (None, true) => Wish::Never,
        (None, false) => Wish::Usual,
    };
    let files = enclose::read(&args.attach)?;
    let work = work(args)?;
    let client = here.client().await?;
    let enclosures = enclose::hand_over(&client, files).await?;
    let env = dispatch_environment();
    let dispatch = Dispatch { work, name, cwd, env, worktree, enclosures };
    let view = client.ask(dispatch).await?;
    report(&here, &view)
}

fn work(args: Args) -> Result<DispatchWork, Failure> {
    if let Some(command) = args.exec {
        return Ok(DispatchWork::Shell { command: check::text(&command, "command")? });
    }
    let Some(prompt) = check::text_or_stdin(args.prompt, "prompt")? else {
        return Err(Failure::usage("a prompt is missing; give one, or --exec COMMAND"));
    };
    let prompt = check::text(&prompt, "prompt")?;
    let Args { agent, model, permission_mode, .. } = args;
    Ok(DispatchWork::Agent { prompt, agent, model, permission_mode })
}

/// Nothing of it runs before the user has said what may.
fn waits(view: &SessionView, need: &Need) -> Result<ExitCode, Failure> {
    let SessionView { id, name, cwd, .. } = view;
    // What no number takes is trusted where all of it is printed.
    let directory = exact_line(&shell::word(cwd));
    let number = |(n, option): (usize, &NeedOption)| {
        let (request, label) = (&need.id.0, exact_line(&option.label));
        match need.quick(option) {
            true => {
                format!("  nightshift answer {id} --request {request} {}      {label}\n", n + 1)
            }
            false => format!("  nightshift trust add {directory}    {label}\n"),
        }
    };
    let options: String = need.options.iter().enumerate().map(number).collect();
    print(&format!(
        "waits for trust · {id} · {}\n{}\n{options}  \
           nightshift trust show {directory}    everything that it would run\n  \
           nightshift stop {id}          do not start it\n",
        exact_line(name),
        exact_line(&need.question)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn report(here: &Context, view: &SessionView) -> Result<ExitCode, Failure> {
    let SessionView { id, session_id, name, .. } = view;
    let trust = trust_need(view);
    if here.json {
        let pending = trust.map(Pending::of);
        print_json(&Dispatched { id, session_id, name, pending })?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(need) = trust {
        return waits(view, need);
    }
    print(&format!(
        "backgrounded · {id} · {}\n  \
           nightshift attach {id}    open it live\n  \
           nightshift logs {id}      read its output\n  \
           nightshift stop {id}      end it\n",
        exact_line(name)
    ))?;
    Ok(ExitCode::SUCCESS)
}
