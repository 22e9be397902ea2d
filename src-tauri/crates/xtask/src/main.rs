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
mod docs;
mod icons;
mod leftovers;
mod node;
mod package;
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
    Bench {
        /// Measure the window instead, beside a bare one of the same Tauri and WebKit.
        #[arg(long)]
        window: bool,
    },
    /// Put the supervisor through faults at random, simulated or with real processes, and check that
    /// nothing is lost.
    Chaos {
        /// The first seed. In the simulated world it decides everything that happens.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many seeds.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
        /// Steps of each; by default 10,000 simulated ones or 200 real ones.
        #[arg(long)]
        steps: Option<u32>,
        /// Kill real supervisors, hosts, agents and clients under load; the machine's timing
        /// decides what a kill hits.
        #[arg(long)]
        real: bool,
    },
    /// Write the TypeScript bindings anew from the Rust types.
    Bindings,
    /// Write the command line's reference and the list of keys anew: docs/cli.md, docs/keys.md.
    Docs,
    /// Draw the icons anew from their SVG sources.
    Icons,
    /// Build the Debian package and try it in an empty root.
    Package {
        /// With the development build: checks the packaging in a minute.
        #[arg(long)]
        quick: bool,
    },
}

fn packaged(quick: bool) -> anyhow::Result<()> {
    let build = if quick { package::Build::Quick } else { package::Build::Whole };
    debian::install(debian::TO_RUN)?;
    node::install_ui()?;
    node::build_ui_if_stale()?;
    println!("{}", package::package(build)?.display());
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup => suite::setup(),
        Task::Run { arguments } => app::run(&arguments),
        Task::Check => suite::check(),
        Task::Test { only } => suite::test(only.as_deref()),
        Task::Tidy => tidy::run(),
        Task::Bench { window: true } => bench::window(),
        Task::Bench { window: false } => bench::run(),
        Task::Chaos { seed, seeds, steps, real: true } => chaos::real(seed, seeds, steps),
        Task::Chaos { seed, seeds, steps, real: false } => {
            chaos::simulated(seed, seeds, steps.map(u64::from))
        }
        Task::Bindings => bindings::update(),
        Task::Docs => docs::update(),
        Task::Icons => icons::draw(),
        Task::Package { quick } => packaged(quick),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
