//! Nightshift under attack: random commands of several clients while supervisors, hosts and agents
//! are killed, and after that a check that nothing was lost, doubled, left behind or lied about.
//!
//! Promise: what is drawn depends on the seed alone; the machine's timing decides what a kill hits.
//! Exit code 0 means that everything held; otherwise seed, steps and faults are printed.
//! Must not know: how the product works inside.

mod call;
mod check;
mod follower;
mod ledger;
mod run;
mod steps;
mod world;

use anyhow::{Context, Result};
use run::Run;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match attack() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn attack() -> Result<()> {
    let usage = "usage: nightshift-chaos <path of nightshift> <seed> <steps> [<where to keep a failed run>]";
    let mut arguments = std::env::args_os().skip(1);
    let binary = PathBuf::from(arguments.next().context(usage)?);
    let mut number = || arguments.next()?.to_str()?.parse::<u64>().ok();
    let (seed, steps) = number().zip(number()).context(usage)?;
    let steps = u32::try_from(steps).context(usage)?;
    let keep = arguments.next().map(PathBuf::from);
    let binary = binary.canonicalize().with_context(|| format!("{}", binary.display()))?;
    let mut run = Run::new(&binary, seed)?;
    let came = run.perform(steps);
    if came.is_err() {
        eprintln!("seed {seed}, {steps} steps:\n{}", run.story());
        if let Some(keep) = keep {
            self::keep(&run, &keep.join(format!("seed-{seed}")))?;
        }
    }
    println!("seed {seed}, {steps} steps: {}", run.figures());
    came
}

/// Copies the state of a failed run to where it can be read at leisure.
fn keep(run: &Run, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    let status = Command::new("cp").arg("-r").arg(run.world.home.state()).arg(to).status()?;
    eprintln!("the run's state directory: {} ({status})", to.display());
    Ok(())
}
