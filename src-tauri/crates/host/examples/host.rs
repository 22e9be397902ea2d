//! A bare host process: what `nightshift host <dir>` is, for this crate's own tests.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args_os().nth(2) {
        Some(dir) => nightshift_host::run(Path::new(&dir)),
        None => ExitCode::FAILURE,
    }
}
