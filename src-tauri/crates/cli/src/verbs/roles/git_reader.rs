//! `nightshift git-reader`: looks at repositories that others may have written. Started by our own
//! processes, not by people.

use std::ffi::OsStr;
use std::process::ExitCode;

/// Becomes the reader when the command line says so, without setting up anything else first.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let asked = args.next()? == OsStr::new("git-reader") && args.next().is_none();
    asked.then(nightshift_git_reader::serve)
}
