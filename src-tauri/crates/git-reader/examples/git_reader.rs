//! A bare reader process: what `nightshift git-reader` is, for this crate's own tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightshift_git_reader::serve()
}
