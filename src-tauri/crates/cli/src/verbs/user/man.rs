//! `nightshift man`: the manual as roff, one page for the command and one for each verb.

use crate::args::Cli;
use crate::context::{print_bytes, print_json};
use crate::failure::Failure;
use clap::CommandFactory;
use clap_mangen::Man;
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "To read a page: nightshift man logs | man -l -")]
pub struct Args {
    /// The verb whose page is wanted, as `logs` or `daemon stop`.
    #[arg(value_name = "VERB")]
    verb: Vec<String>,
}

#[derive(Serialize)]
struct Page {
    roff: String,
}

pub fn run(args: &Args, json: bool) -> Result<ExitCode, Failure> {
    let mut whole = Cli::command();
    // Gives the verbs their full names.
    whole.build();
    let mut wanted = &whole;
    for verb in &args.verb {
        wanted = wanted.find_subcommand(verb).ok_or_else(|| {
            Fault::new(FaultCode::NotFound, format!("there is no verb `{}`", args.verb.join(" ")))
                .hint("see `nightshift --help`")
        })?;
    }
    let mut roff = Vec::new();
    Man::new(wanted.clone()).render(&mut roff)?;
    match json {
        true => print_json(&Page { roff: String::from_utf8_lossy(&roff).into_owned() })?,
        false => print_bytes(&roff)?,
    }
    Ok(ExitCode::SUCCESS)
}
