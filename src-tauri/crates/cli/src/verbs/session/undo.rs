//! `nightshift undo rm`: brings a removed worktree back.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::exact_line;
use nightshift_protocol::calls;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Bring back the worktree that was removed with a session.
    Rm {
        /// The session's id, the beginning of one, or a name; `nightshift worktrees` lists them.
        id: String,
    },
}

#[derive(Serialize)]
struct Restored<'a> {
    id: &'a str,
    path: &'a str,
    branch: &'a str,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let What::Rm { id } = args.what;
    let client = here.client().await?;
    let calls::Restored { id, path, branch } = client.ask(calls::UndoRemove { id }).await?;
    let text = format!("restored · {} · {}", exact_line(&path), exact_line(&branch));
    here.say(&Restored { id: &id, path: &path, branch: &branch }, &text)
}
