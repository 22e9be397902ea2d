//! `nightshift open`: goes on with a session's conversation in the agent's own terminal, or back.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::one_line;
use nightshift_client::dispatch_environment;
use nightshift_model::Surface;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// In the agent's own terminal.
    #[arg(long, required_unless_present = "conversation", conflicts_with = "conversation")]
    tui: bool,
    /// As a conversation.
    #[arg(long)]
    conversation: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let surface = if args.tui { Surface::Terminal } else { Surface::Conversation };
    let call = calls::Open { session: args.session, surface, env: dispatch_environment() };
    let view = client.ask(call).await?;
    let id = &view.id;
    let line = format!("opened · {id} · {}\n  nightshift attach {id}", one_line(&view.name));
    here.say(&Entry::of(&view), &line)
}
