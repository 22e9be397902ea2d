//! `nightshift rename`: gives a session a name that nothing but the user changes again.

use crate::check;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::entry::Entry;
use crate::output::plain::one_line;
use nightshift_protocol::calls;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    name: String,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let name = check::name(&args.name)?;
    let client = here.client().await?;
    let view = client.ask(calls::Rename { session: args.session, name }).await?;
    here.say(&Entry::of(&view), &format!("renamed · {} · {}", view.id, one_line(&view.name)))
}
