//! `nightshift notifier`: tells the user what the supervisor wants told. Started by it, not by people.

use crate::failure::Failure;
use nightshift_platform::dirs::Home;
use nightshift_platform::private;
use nightshift_protocol::{Fault, FaultCode};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

pub fn run() -> Result<ExitCode, Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    private::begin().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let home = Home::resolve().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    nightshift_notifier::run(home)?;
    Ok(ExitCode::SUCCESS)
}
