//! `nightshift set`: an agent's mode, model and other options while its session goes on.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::configuration;
use nightshift_protocol::calls;
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
        let view = client.ask(calls::Choose { session, option, value }).await?;
        if here.json {
            print_json(&view)?;
        } else {
            print(&configuration::chosen(&view))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let all = client.ask(calls::Configuration { session }).await?;
    if here.json {
        print_json(&all)?
    } else {
        print(&configuration::list(&all))?
    }
    Ok(ExitCode::SUCCESS)
}
