//! `nightshift reply`: gives a session another prompt. It is kept until the agent can take it.
//!
//! A session without a process is started for it. Only this client has the environment for that, so
//! it stays until the process lives, and gives it to the next supervisor too if this one dies first.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::{clean, one_line};
use crate::{check, enclose};
use nightshift_client::{Client, dispatch_environment};
use nightshift_model::{Liveness, State};
use nightshift_protocol::{Environment, Fault, FaultCode, SessionView, calls};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Supervisors that may die before the start: more than one is no accident.
const LOST_MAX: u32 = 3;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// What to say; `-` reads it from stdin, as does no text when stdin is piped.
    #[arg(allow_hyphen_values = true)]
    text: Option<String>,
    /// File that goes with it, an image for example; may be given several times.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let Some(text) = check::text_or_stdin(args.text, "reply")? else {
        return Err(Failure::usage("the text of the reply is missing"));
    };
    let text = check::text(&text, "reply")?;
    let files = enclose::read(&args.attach)?;
    let client = here.client().await?;
    let enclosures = enclose::hand_over(&client, files).await?;
    let env = dispatch_environment();
    let call = calls::Reply { session: args.session, text, env: env.clone(), enclosures };
    let calls::Replied { mut view, said } = client.ask(call).await?;
    // A command in the text, which the supervisor answers itself.
    if let Some(text) = said {
        let said = Said { id: &view.id, said: &text };
        return here.say(&said, clean(&text).trim_end());
    }
    if is_being_started(&view) {
        view = see_started(&here, client, &view.id, &env).await?;
    }
    let word = if view.queued > 0 { "queued" } else { "sent" };
    let line = format!("{word} · {} · {}", view.id, one_line(&view.name));
    here.say(&Entry::of(&view), &line)
}

#[derive(Serialize)]
struct Said<'a> {
    id: &'a str,
    said: &'a str,
}

fn is_being_started(view: &SessionView) -> bool {
    matches!((&view.state, &view.liveness), (State::Starting, Liveness::Gone { .. }))
}

/// Returns when the session's process lives.
async fn see_started(
    here: &Context,
    mut client: Client,
    id: &str,
    env: &Environment,
) -> Result<SessionView, Failure> {
    let session = || id.to_owned();
    for lost in 0.. {
        // For a session that is being started this waits for the start and does nothing else.
        let started = client.ask(calls::Respawn { session: session(), env: env.clone() }).await;
        match started {
            Err(fault) => match fault.code {
                FaultCode::Refused => break, // It runs already.
                FaultCode::Unreachable if lost < LOST_MAX => client = here.client().await?,
                // A supervisor that came too late for the start calls it failed at first.
                FaultCode::Io if (1..=LOST_MAX).contains(&lost) => {}
                _ => return Err(kept(id, fault).into()),
            },
            Ok(view) => return Ok(view),
        }
    }
    Ok(client.ask(calls::Show { session: session() }).await?)
}

fn kept(id: &str, fault: Fault) -> Fault {
    fault.hint(format!("the reply is kept; mend this, then run `nightshift respawn {id}`"))
}
