//! Faults at random, from a seed: the supervisor in a simulated world, or real processes that are
//! killed.

use crate::tool::Tool;
use crate::workspace::{Workspace, root};
use anyhow::Result;

/// The test that is the simulation; it reads seed, seeds and steps from its environment.
const SIMULATION: &str = "seeds::nothing_is_lost_doubled_or_lied_about_whatever_happens";
/// Steps of a run where none are given: a minute or two of either kind.
const SIMULATED_STEPS: u64 = 10_000;
const REAL_STEPS: u32 = 200;

/// Runs `seeds` seeds from `seed` on in the simulated world.
pub fn simulated(seed: u64, seeds: u64, steps: Option<u64>) -> Result<()> {
    Tool::cargo(root())
        .args(["test", "-p", "nightshift-runtime", "--test", "simulation", SIMULATION, "--"])
        .args(["--exact", "--nocapture"])
        .env("NIGHTSHIFT_SIM_SEED", seed.to_string())
        .env("NIGHTSHIFT_SIM_SEEDS", seeds.to_string())
        .env("NIGHTSHIFT_SIM_STEPS", steps.unwrap_or(SIMULATED_STEPS).to_string())
        .run()
}

/// Builds `nightshift` and the attacker, runs it on `seeds` seeds from `seed` on.
pub fn real(seed: u64, seeds: u64, steps: Option<u32>) -> Result<()> {
    Tool::cargo(root())
        .args(["build", "-p", "nightshift", "-p", "nightshift-e2e", "--bin", "nightshift"])
        .args(["--bin", "nightshift-chaos"])
        .run()?;
    let workspace = Workspace::load()?;
    let attacker = workspace.binary("nightshift-chaos");
    for seed in seed..seed.saturating_add(seeds) {
        Tool::new(&attacker.to_string_lossy(), root())
            .arg(workspace.binary("nightshift"))
            .args([seed.to_string(), steps.unwrap_or(REAL_STEPS).to_string()])
            .arg(workspace.target_directory.join("chaos"))
            .run()?;
    }
    Ok(())
}
