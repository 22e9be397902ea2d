//! The benchmarks: builds the release `nightshift`, installs the peers, runs, shows the table.

use crate::tool::Tool;
use crate::{debian, node, workspace};
use anyhow::Result;

/// The terminal's peer, measured in the same run.
const PEERS: &[&str] = &["tmux"];
/// The peer for jobs; Debian does not package it.
const PUEUE: &str = "4.0.4";

/// Optimised, but built in minutes: see the root manifest.
const WINDOW_PROFILE: &str = "window";

/// The window beside a bare one of the same versions.
pub fn window() -> Result<()> {
    debian::install(debian::TO_RUN)?;
    debian::install(debian::TO_TEST)?;
    node::install_ui()?;
    node::build_ui_if_stale()?;
    let root = workspace::root();
    Tool::cargo(root)
        .args([
            "build",
            "--profile",
            WINDOW_PROFILE,
            "-p",
            "nightshift",
            "-p",
            "nightshift-desktop",
        ])
        .args(["--bins", "--example", "bare"])
        .run()?;
    Tool::cargo(root)
        .args(["run", "--quiet", "-p", "nightshift-e2e", "--bin", "nightshift-bench", "--"])
        .arg("window")
        .arg(root.join("target").join(WINDOW_PROFILE))
        .run()
}

/// The list of forty worktrees beside a plain `git status` in each.
fn list_of_worktrees() -> Result<()> {
    let root = workspace::root();
    Tool::cargo(root)
        .args(["build", "--release", "--examples"])
        .args(["-p", "nightshift-git-reader", "-p", "nightshift-worktree"])
        .run()?;
    let program = root.join("target/release/examples/list_speed");
    Tool::new(&program.to_string_lossy(), root).run()
}

pub fn run() -> Result<()> {
    debian::install(PEERS)?;
    let root = workspace::root();
    let peers = root.join("target/peers");
    eprintln!("pueue {PUEUE} is installed into {} unless it is there", peers.display());
    Tool::cargo(root)
        .args(["install", "--quiet", "--locked", "pueue", "--version", PUEUE, "--root"])
        .arg(&peers)
        .arg("--target-dir")
        .arg(peers.join("build"))
        .run()?;
    Tool::cargo(root).args(["build", "--release", "-p", "nightshift"]).run()?;
    list_of_worktrees()?;
    Tool::cargo(root)
        .args(["run", "--quiet", "-p", "nightshift-e2e", "--bin", "nightshift-bench", "--"])
        .arg(root.join("target/release/nightshift"))
        .arg(peers.join("bin"))
        .run()
}
