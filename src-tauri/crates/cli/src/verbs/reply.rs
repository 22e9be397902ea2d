//! `nightshift reply`: gives a session another prompt. It is kept until the agent can take it.

use crate::check;
use crate::context::Context;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::plain::one_line;
use nightshift_client::dispatch_environment;
use nightshift_protocol::Command;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// What to say; `-` reads it from stdin, as does no text when stdin is piped.
    #[arg(allow_hyphen_values = true)]
    text: Option<String>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let Some(text) = check::text_or_stdin(args.text, "reply")? else {
        return Err(Failure::usage("the text of the reply is missing"));
    };
    let text = check::text(&text, "reply")?;
    let client = here.client().await?;
    let env = dispatch_environment();
    let view = here.session(&client, Command::Reply { session: args.session, text, env }).await?;
    let word = if view.queued > 0 { "queued" } else { "sent" };
    let line = format!("{word} · {} · {}", view.id, one_line(&view.name));
    here.say(&Entry::of(&view), &line)
}
