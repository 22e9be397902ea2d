//! The benchmarks behind the budgets: whole processes of the release build, medians, with tmux
//! and pueue as peers in the same run.
//!
//! Promise: measures what a user waits for and pays for; prints a table, and budgets that are missed.
//! Must not know: how the product works inside.

mod crowd;
mod fleet;
mod machine;
mod measure;
mod nightshift;
mod peer;
mod pueue;
mod table;
mod terminal;
mod window;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;
use table::Table;

/// Measures the window instead, of the programs in the directory that follows.
const WINDOW: &str = "window";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True when every budget was kept.
fn run() -> Result<bool> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    if std::env::args_os().nth(1).is_some_and(|first| first == WINDOW) {
        let programs = arguments.nth(1).context("window: which directory of programs?")?;
        println!("{}", machine::describe());
        let mut table = Table::default();
        window::measure(&programs.canonicalize()?, &mut table)?;
        print!("{}", table.render());
        return Ok(table.kept());
    }
    let (Some(binary), Some(peers)) = (arguments.next(), arguments.next()) else {
        bail!("usage: nightshift-bench <path of a release nightshift> <directory of pueue>");
    };
    let binary = binary.canonicalize().with_context(|| format!("{}", binary.display()))?;
    let peers = peers.canonicalize().with_context(|| format!("{}", peers.display()))?;
    println!("{}", machine::describe());
    let mut table = Table::default();
    measure::dispatch(&binary, &mut table)?;
    measure::cost(&binary, &mut table)?;
    measure::attach(&binary, &mut table)?;
    fleet::starts(&binary, &peers, &mut table)?;
    fleet::fleet(&binary, &mut table)?;
    print!("{}", table.render());
    Ok(table.kept())
}
