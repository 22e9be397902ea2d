//! The window's process. Everything is in the library, so that tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    // What it is now, before anybody can lower it.
    nightshift_platform::Mark::remembered();
    nightshift_desktop::run()
}
