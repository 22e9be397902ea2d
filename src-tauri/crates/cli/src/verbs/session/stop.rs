//! `nightshift stop`: ends a session; returns when every process of it is gone.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::one_line;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let view = client.ask(calls::Stop { session: args.session }).await?;
    here.say(&Entry::of(&view), &format!("stopped · {} · {}", view.id, one_line(&view.name)))
}
