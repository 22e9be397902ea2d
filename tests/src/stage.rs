//! Where one test plays: a home, a project directory, a desktop, and the programs under test.

use crate::processes::Processes;
use crate::wait::eventually;
use crate::{binaries, screen};
use anyhow::{Context, Result};
use nightshift_platform::process::Identity;
use nightshift_testkit::TestHome;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

const PRIVATE: u32 = 0o700;
const EXECUTABLE: u32 = 0o755;
/// What any shell needs; agents that happen to be installed elsewhere stay out of sight.
const PATH: &str = "/usr/bin:/bin";

/// Dropping it ends every process of the test and removes its files.
pub struct Stage {
    pub processes: Processes,
    pub cli: PathBuf,
    pub app: PathBuf,
    /// Address of its session bus.
    pub bus: String,
    /// Where sessions are dispatched.
    pub project: PathBuf,
}

impl Stage {
    pub fn new() -> Result<Stage> {
        Stage::with(binaries::find("nightshift")?, binaries::find("nightshift-desktop")?)
    }

    /// With the programs in this directory instead of those beside the test.
    pub fn of(programs: &Path) -> Result<Stage> {
        Stage::with(programs.join("nightshift"), programs.join("nightshift-desktop"))
    }

    fn with(cli: PathBuf, app: PathBuf) -> Result<Stage> {
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
        let bus = screen::start(&mut processes, &runtime)?;
        Ok(Stage { processes, cli, app, bus, project })
    }

    /// The desktop's program for links writes each into the file given back, a line for each.
    pub fn records_links(&mut self) -> Result<PathBuf> {
        let tools = self.project.join("tools");
        let opened = self.project.join("opened");
        std::fs::create_dir(&tools)?;
        let opener = tools.join("xdg-open");
        std::fs::write(
            &opener,
            format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> {}\n", opened.display()),
        )?;
        std::fs::set_permissions(&opener, Permissions::from_mode(EXECUTABLE))?;
        self.processes.set("PATH", format!("{}:{PATH}", tools.display()));
        Ok(opened)
    }

    /// Asks xdotool. Finding nothing is an answer too.
    pub fn desktop(&self, arguments: &[&str]) -> Result<String> {
        let mut xdotool = self.processes.command("xdotool")?;
        let output = xdotool.args(arguments).stdout(Stdio::piped()).output();
        let output = output.context("is the package xdotool installed?")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Waits until a window whose title contains `title` is on the screen, or no longer is.
    pub async fn shows(&self, title: &str, shown: bool) -> Result<()> {
        eventually(&format!("`{title}` on the screen: {shown}"), async || {
            let now = !self.desktop(&["search", "--onlyvisible", "--name", title])?.is_empty();
            Ok(if now == shown { Ok(()) } else { Err(format!("visible: {now}")) })
        })
        .await
    }

    /// The supervisor that serves this home.
    pub fn supervisor(&self) -> Result<Identity> {
        let status = self.nightshift_json(&["daemon", "status", "--json"])?;
        let pid = status["pid"].as_u64().context("status has a pid")?;
        Ok(Identity::of(u32::try_from(pid)?)?)
    }
}
