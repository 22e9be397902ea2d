//! `nightshift intake`: takes events from outside, started by the supervisor; `nightshift intake status`: what listens.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::outside::status_lines;
use nightshift_client::Client;
use nightshift_platform::private;
use nightshift_protocol::intake::{IntakeStatus, OutsideAct, OutsideResult};
use nightshift_protocol::{Fault, FaultCode, calls};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show where events from outside come in, and for which routines; exits with 1 when nothing listens.
    Status,
}

impl Args {
    /// Whether it is the process itself.
    pub fn is_process(&self) -> bool {
        self.verb.is_none()
    }
}

/// The process itself.
pub fn process() -> Result<ExitCode, Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    private::begin().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    nightshift_intake::run()?;
    Ok(ExitCode::SUCCESS)
}

pub async fn run(here: Context, _: Args) -> Result<ExitCode, Failure> {
    let status = match Client::connect(&here.home).await {
        Ok(client) => status(&client).await?,
        // Nothing listens without a supervisor; none is started to say so.
        Err(fault) if fault.code == FaultCode::Unreachable => IntakeStatus::default(),
        Err(fault) => return Err(fault.into()),
    };
    match here.json {
        true => print_json(&status)?,
        false => print(&status_lines(&status))?,
    }
    Ok(if status.listening.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn status(client: &Client) -> Result<IntakeStatus, Failure> {
    match client.ask(calls::OutsideRoutines { act: OutsideAct::Status }).await? {
        OutsideResult::Status(status) => Ok(status),
        other => Err(crate::verbs::automation::routine_outside::unexpected(&other)),
    }
}
