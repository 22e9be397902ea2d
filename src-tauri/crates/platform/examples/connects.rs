//! Connects to the socket that is its argument and stays until its input ends: for this crate's tests.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    let connected = std::env::args_os().nth(1).map(UnixStream::connect);
    let Some(Ok(_stream)) = connected else { return ExitCode::FAILURE };
    match std::io::stdin().read_to_end(&mut Vec::new()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
