//! The benchmarks: builds the release `nightshift`, installs the peer, runs, shows the table.

use crate::tool::Tool;
use crate::{debian, workspace};
use anyhow::Result;

/// The terminal's peer, measured in the same run.
const PEERS: &[&str] = &["tmux"];

pub fn run() -> Result<()> {
    debian::install(PEERS)?;
    let root = workspace::root();
    Tool::cargo(root).args(["build", "--release", "-p", "nightshift"]).run()?;
    Tool::cargo(root)
        .args(["run", "--quiet", "-p", "nightshift-e2e", "--bin", "nightshift-bench", "--"])
        .arg(root.join("target/release/nightshift"))
        .run()
}
