//! `nightshift mcp --session <id>`: our tools for a session's agent. Started by the agent, not by
//! people.

use std::ffi::OsStr;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose tools these are.
    #[arg(long)]
    session: String,
}

/// Becomes the bridge when the command line says so, without setting up anything else first.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let (verb, flag, session) = (args.next()?, args.next()?, args.next()?);
    let asked = verb == OsStr::new("mcp") && flag == OsStr::new("--session");
    let session = session.into_string().ok()?;
    (asked && args.next().is_none()).then(|| nightshift_mcp::serve(&session))
}

pub fn run(args: &Args) -> ExitCode {
    nightshift_mcp::serve(&args.session)
}
