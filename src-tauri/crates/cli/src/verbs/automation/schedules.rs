//! `nightshift schedules`: whether anything starts by schedule; pausing all of it, and going on.

use crate::context::Context;
use crate::failure::Failure;
use nightshift_protocol::calls;
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Nothing starts by schedule until it is resumed.
    Pause,
    /// Schedules are in force again.
    Resume,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let paused = match args.what {
        None => client.ask(calls::Status {}).await?.schedules_paused,
        Some(what) => {
            let paused = matches!(what, What::Pause);
            client.ask(calls::PauseSchedules { paused }).await?;
            paused
        }
    };
    let line = match paused {
        true => "schedules are paused; `nightshift schedules resume` puts them in force again",
        false => "schedules are in force",
    };
    here.say(&json!({ "paused": paused }), line)
}
