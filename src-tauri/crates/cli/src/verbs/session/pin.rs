//! `nightshift pin`: keeps a session at the top of the list, or no longer.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::one_line;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Take the pin away.
    #[arg(long)]
    off: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let pinned = !args.off;
    let view = client.ask(calls::Pin { session: args.session, pinned }).await?;
    let word = if view.pinned { "pinned" } else { "unpinned" };
    here.say(&Entry::of(&view), &format!("{word} · {} · {}", view.id, one_line(&view.name)))
}
