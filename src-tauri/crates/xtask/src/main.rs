//! `cargo xtask`: installs what is missing, runs the app, checks and tests everything.
//!
//! Promise: a newcomer needs this one command; whatever it installs it names first.
//! Must not know: how the product works inside. It runs the tools that do.

mod app;
mod bench;
mod bindings;
mod chaos;
mod debian;
mod desktop;
mod leftovers;
mod node;
mod stage;
mod suite;
mod tidy;
mod tool;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Sets up, runs, checks and tests Nightshift.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing: Debian packages and npm packages.
    Setup,
    /// Build everything and open the window.
    Run {
        /// Arguments for the app.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// The quick half of `test`: format, tidy, clippy, unit and command-line tests, UI checks.
    Check,
    /// Everything, the real window included: what CI runs.
    Test {
        /// Run only the stages whose name contains this.
        #[arg(long)]
        only: Option<String>,
    },
    /// House rules that compilers do not know.
    Tidy,
    /// Measure a release build against its budgets, with tmux as the peer for the terminal.
    Bench,
    /// Kill supervisors, hosts and agents at random under load and check that nothing is lost.
    Chaos {
        /// What is done depends on it; the machine's timing decides what a kill hits.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value_t = 200)]
        steps: u32,
    },
    /// Write the TypeScript bindings anew from the Rust types.
    Bindings,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup => suite::setup(),
        Task::Run { arguments } => app::run(&arguments),
        Task::Check => suite::check(),
        Task::Test { only } => suite::test(only.as_deref()),
        Task::Tidy => tidy::run(),
        Task::Bench => bench::run(),
        Task::Chaos { seed, steps } => chaos::run(seed, steps),
        Task::Bindings => bindings::update(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
