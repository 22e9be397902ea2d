//! Real processes killed at random: builds `nightshift` and the attacker, runs it on a seed.

use crate::tool::Tool;
use crate::workspace::{Workspace, root};
use anyhow::Result;

pub fn run(seed: u64, steps: u32) -> Result<()> {
    Tool::cargo(root())
        .args(["build", "-p", "nightshift", "-p", "nightshift-e2e", "--bin", "nightshift"])
        .args(["--bin", "nightshift-chaos"])
        .run()?;
    let workspace = Workspace::load()?;
    let attacker = workspace.binary("nightshift-chaos");
    Tool::new(&attacker.to_string_lossy(), root())
        .arg(workspace.binary("nightshift"))
        .args([seed.to_string(), steps.to_string()])
        .arg(workspace.target_directory.join("chaos"))
        .run()
}
