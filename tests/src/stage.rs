//! Where one test plays: a home, a project directory, a desktop, and the programs under test.

use crate::processes::Processes;
use crate::{binaries, screen};
use anyhow::{Context, Result};
use nightshift_platform::process::Identity;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

const PRIVATE: u32 = 0o700;
/// What any shell needs; agents that happen to be installed elsewhere stay out of sight.
const PATH: &str = "/usr/bin:/bin";

/// Dropping it ends every process of the test and removes its files.
pub struct Stage {
    // First, so that processes end before their files go.
    pub processes: Processes,
    pub cli: PathBuf,
    pub app: PathBuf,
    /// Where sessions are dispatched.
    pub project: PathBuf,
    _directory: TempDir,
}

impl Stage {
    pub fn new() -> Result<Stage> {
        let directory = tempfile::Builder::new().prefix("n").tempdir()?;
        let within = |name: &str| -> Result<PathBuf> {
            let path = directory.path().join(name);
            std::fs::create_dir_all(&path)?;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(PRIVATE))?;
            Ok(path)
        };
        let (home, user, runtime, project) =
            (within("h")?, within("u")?, within("r")?, within("u/project")?);
        let mut processes = Processes::new(&home, directory.path().join("log"));
        processes.set("PATH", PATH);
        processes.set("HOME", &user);
        processes.set("TMPDIR", directory.path());
        processes.set("XDG_RUNTIME_DIR", &runtime);
        processes.set("LANG", "C.UTF-8");
        processes.set("SHELL", "/bin/sh");
        processes.set("NO_AT_BRIDGE", "1");
        processes.set("GDK_BACKEND", "x11");
        processes.set("LIBGL_ALWAYS_SOFTWARE", "1");
        screen::start(&mut processes, &runtime)?;
        Ok(Stage {
            processes,
            cli: binaries::find("nightshift")?,
            app: binaries::find("nightshift-desktop")?,
            project,
            _directory: directory,
        })
    }

    /// The supervisor that serves this home.
    pub fn supervisor(&self) -> Result<Identity> {
        let status = self.nightshift_json(&["daemon", "status", "--json"])?;
        let pid = status["pid"].as_u64().context("status has a pid")?;
        Ok(Identity::of(u32::try_from(pid)?)?)
    }

    /// What the programs of this test printed, for failures.
    pub fn log(&self) -> String {
        let path = self._directory.path().join("log");
        std::fs::read_to_string(path).unwrap_or_default()
    }
}
