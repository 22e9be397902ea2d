//! `nightshift set`: an agent's mode, model and other options while its session goes on.

use crate::context::{Context, print, print_json};
use crate::failure::{Failure, unexpected};
use crate::output::configuration;
use nightshift_protocol::{Command, Reply};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// `mode`, `model`, or another option of the agent's.
    #[arg(requires = "value")]
    option: Option<String>,
    /// One of the values that the agent offers.
    value: Option<String>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let Args { session, option, value } = args;
    let client = here.client().await?;
    if let (Some(option), Some(value)) = (option, value) {
        let view = match client.call(Command::Choose { session, option, value }).await? {
            Reply::Session { view } => view,
            other => return Err(unexpected(&other)),
        };
        if here.json {
            print_json(&view)?;
        } else {
            print(&configuration::chosen(&view))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    match client.call(Command::Configuration { session }).await? {
        Reply::Configuration { configuration: all } if here.json => print_json(&all)?,
        Reply::Configuration { configuration: all } => print(&configuration::list(&all))?,
        other => return Err(unexpected(&other)),
    }
    Ok(ExitCode::SUCCESS)
}
