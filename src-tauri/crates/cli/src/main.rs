//! The `nightshift` command: the user's verbs; also the supervisor, the hosts and the rehearsal agent.
//!
//! Promise: translates words into commands and replies into words, and decides nothing. Errors are
//! one line on stderr with the way out, exit code 1; bad usage is exit code 2.
//! Must not know: how sessions work, SQLite, agents' protocols.

mod args;
mod check;
mod context;
mod enclose;
mod failure;
mod output;
mod reference;
mod service;
mod suggest;
mod terminal;
mod verbs;

use clap::Parser;
use failure::Failure;
use nightshift_platform::Mark;
use output::plain;
use std::process::ExitCode;

fn main() -> ExitCode {
    // What it is now, before anybody can lower it.
    Mark::remembered();
    // Before anything else is set up: each session has a host and a tool bridge, and they must cost
    // nothing.
    let special = verbs::roles::host::run_if_asked()
        .or_else(verbs::roles::mcp::run_if_asked)
        .or_else(verbs::roles::git_reader::run_if_asked);
    if let Some(code) = special {
        return code;
    }
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(word) = args::unknown_help(&words) {
        args::no_help(&word);
    }
    let cli = args::Cli::parse_from(args::arranged(words));
    match cli.run() {
        Ok(code) => code,
        Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Fault(fault)) => {
            eprintln!("error: {}", plain::one_line(&fault.to_string()));
            ExitCode::FAILURE
        }
        // Prints the usage and ends with exit code 2.
        Err(Failure::Usage(kind, message)) => args::usage_error(kind, message),
    }
}
