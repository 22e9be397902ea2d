//! `nightshift host <dir>`: holds one session's process. Started by the supervisor, not by people.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session's directory.
    dir: PathBuf,
}

/// Becomes a host when the command line says so, without setting up anything else first.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let (verb, dir, rest) = (args.next()?, args.next()?, args.next());
    let asked =
        verb == OsStr::new("host") && rest.is_none() && !dir.as_encoded_bytes().starts_with(b"-");
    asked.then(|| nightshift_host::run(Path::new(&dir)))
}

pub fn run(args: &Args) -> ExitCode {
    nightshift_host::run(&args.dir)
}
