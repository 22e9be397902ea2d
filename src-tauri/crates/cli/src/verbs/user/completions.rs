//! `nightshift completions`: a shell's completions, to be sourced or installed.

use crate::args::Cli;
use crate::context::{print_bytes, print_json};
use crate::failure::Failure;
use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell as Generator;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "bash: nightshift completions bash > \
                  ~/.local/share/bash-completion/completions/nightshift\n\
                  zsh:  nightshift completions zsh > DIR/_nightshift, DIR being in $fpath\n\
                  fish: nightshift completions fish > ~/.config/fish/completions/nightshift.fish")]
pub struct Args {
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Serialize)]
struct Script {
    script: String,
}

pub fn run(args: &Args, json: bool) -> Result<ExitCode, Failure> {
    let generator = match args.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut Cli::command(), "nightshift", &mut script);
    match json {
        true => print_json(&Script { script: String::from_utf8_lossy(&script).into_owned() })?,
        false => print_bytes(&script)?,
    }
    Ok(ExitCode::SUCCESS)
}
