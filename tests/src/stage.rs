//! Where one test plays: a home, a project directory, a desktop, and the programs under test.

use crate::processes::Processes;
use crate::{binaries, screen};
use anyhow::{Context, Result};
use nightshift_platform::process::Identity;
use nightshift_testkit::TestHome;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

const PRIVATE: u32 = 0o700;
/// What any shell needs; agents that happen to be installed elsewhere stay out of sight.
const PATH: &str = "/usr/bin:/bin";

/// Dropping it ends every process of the test and removes its files.
pub struct Stage {
    pub processes: Processes,
    pub cli: PathBuf,
    pub app: PathBuf,
    /// Where sessions are dispatched.
    pub project: PathBuf,
}

impl Stage {
    pub fn new() -> Result<Stage> {
        let home = TestHome::new();
        let project = home.work();
        let runtime = home.user_home().join("r");
        DirBuilder::new().mode(PRIVATE).create(&runtime)?;
        let mut processes = Processes::new(home);
        processes.set("PATH", PATH);
        processes.set("XDG_RUNTIME_DIR", &runtime);
        processes.set("SHELL", "/bin/sh");
        processes.set("NO_AT_BRIDGE", "1");
        processes.set("GDK_BACKEND", "x11");
        processes.set("LIBGL_ALWAYS_SOFTWARE", "1");
        screen::start(&mut processes, &runtime)?;
        let (cli, app) = (binaries::find("nightshift")?, binaries::find("nightshift-desktop")?);
        Ok(Stage { processes, cli, app, project })
    }

    /// The supervisor that serves this home.
    pub fn supervisor(&self) -> Result<Identity> {
        let status = self.nightshift_json(&["daemon", "status", "--json"])?;
        let pid = status["pid"].as_u64().context("status has a pid")?;
        Ok(Identity::of(u32::try_from(pid)?)?)
    }
}
