//! `nightshift respawn`: starts ended sessions again; returns when their processes live.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::{Entry, trust_need};
use crate::output::plain::{exact_line, one_line};
use nightshift_client::{Client, dispatch_environment};
use nightshift_model::Liveness;
use nightshift_protocol::{Fault, SessionView, calls};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id, unique id prefix or name.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    session: Option<String>,
    /// Every session whose process is gone.
    #[arg(long)]
    all: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let sessions = match args.session {
        Some(session) => vec![session],
        None => ended(&client).await?,
    };
    let mut started = Vec::new();
    for session in sessions {
        let call = calls::Respawn { session, env: dispatch_environment() };
        started.push(client.ask(call).await?);
    }
    let entries: Vec<Entry> = started.iter().map(Entry::of).collect();
    let told: Vec<String> = started.iter().map(line).collect();
    match (args.all, entries.first()) {
        (false, Some(entry)) => here.say(entry, &told.join("\n")),
        (true, Some(_)) => here.say(&entries, &told.join("\n")),
        (_, None) => here.say(&entries, "no session has ended"),
    }
}

fn line(view: &SessionView) -> String {
    let (id, name) = (&view.id, one_line(&view.name));
    match trust_need(view) {
        None => format!("started · {id} · {name}"),
        Some(need) => format!(
            "waits for trust · {id} · {name}\n  {}\n  nightshift attach {id}    read it and answer",
            exact_line(&need.question)
        ),
    }
}

async fn ended(client: &Client) -> Result<Vec<String>, Fault> {
    let views = client.ask(calls::List {}).await?;
    let gone = |view: &&SessionView| matches!(view.liveness, Liveness::Gone { .. });
    Ok(views.iter().filter(gone).map(|view| view.id.clone()).collect())
}
