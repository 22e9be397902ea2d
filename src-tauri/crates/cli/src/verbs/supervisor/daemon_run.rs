//! `nightshift daemon run`: becomes the supervisor. Also what every client starts when there is none.

use crate::failure::Failure;
use nightshift_platform::dirs::Home;
use nightshift_platform::private;
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::{Fault, FaultCode};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What is logged unless RUST_LOG says otherwise.
const LOG_LEVEL: &str = "info";

pub fn run() -> Result<ExitCode, Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_LEVEL));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let result = private::begin()
        .map_err(|e| Fault::new(FaultCode::Io, format!("cannot be private to its user: {e}")))
        .and_then(|()| Home::resolve().map_err(|e| Fault::new(FaultCode::Io, e.to_string())))
        .and_then(nightshift_runtime::run);
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(fault) => {
            tell_starter(&fault);
            Err(fault.into())
        }
    }
}

/// A starter reads one line: `ready`, or this. Nobody reads it any more after `ready`. Whoever runs it by hand
/// reads the error itself.
fn tell_starter(fault: &Fault) {
    let mut out = std::io::stdout();
    let started = std::env::var_os(ROLE_VARIABLE).is_some_and(|role| role == "supervisor");
    if !started || out.is_terminal() {
        return;
    }
    if let Ok(text) = serde_json::to_string(fault) {
        writeln!(out, "error {text}").and_then(|()| out.flush()).ok();
    }
}
