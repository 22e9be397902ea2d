//! `nightshift rm`: stops a session and removes its record and its directory.

use crate::context::Context;
use crate::failure::{Failure, unexpected};
use nightshift_protocol::{Command, Reply};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
}

#[derive(Serialize)]
struct Removed<'a> {
    id: &'a str,
    removed: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    match client.call(Command::Remove { session: args.session }).await? {
        Reply::Removed { id } => {
            here.say(&Removed { id: &id, removed: true }, &format!("removed · {id}"))
        }
        other => Err(unexpected(&other)),
    }
}
