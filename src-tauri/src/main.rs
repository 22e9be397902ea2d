//! The window's process. Everything is in the library, so that tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightshift_desktop::run()
}
