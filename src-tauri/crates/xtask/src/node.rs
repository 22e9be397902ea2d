//! npm packages from lock files, and the UI's own scripts.
//!
//! Promise: `npm ci` runs only when the lock file is not the one that was installed.

use crate::tool::Tool;
use crate::workspace::root;
use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Vite and Playwright need this one.
const OLDEST_NODE_MAJOR: u32 = 20;
/// Copy of the lock file that the present node_modules were installed from.
const STAMP: &str = "node_modules/.installed-from-lock";
/// Beside the vendors' lock file: why its packages could not be installed.
const UNAVAILABLE: &str = ".unavailable";
/// A registry that stumbles once is common; twice is a fault.
const INSTALL_ATTEMPTS: u32 = 2;

pub fn ui() -> PathBuf {
    root().join("ui")
}

/// Checks Node and installs the UI's packages.
pub fn install_ui() -> Result<()> {
    require_node()?;
    install(&ui())
}

/// Installs the vendors' agents that tests drive. Without a registry their tests are skipped, which
/// every run says, with the reason.
pub fn install_vendors() -> Result<()> {
    let directory = root().join("tests/vendor");
    let unavailable = directory.join(UNAVAILABLE);
    match install(&directory) {
        Ok(()) => match std::fs::remove_file(&unavailable) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        },
        Err(error) => {
            eprintln!("setup: WARNING: vendors' agents are not installed: {error:#}");
            std::fs::write(&unavailable, format!("{error:#}"))
                .context("cannot record why the vendors' agents are not installed")
        }
    }
}

/// The line that a test run prints when it skips the vendors' agents.
pub fn vendors_skipped() -> Option<String> {
    let why = std::fs::read_to_string(root().join("tests/vendor").join(UNAVAILABLE)).ok()?;
    Some(format!("SKIPPED: no test drove a vendor's agent, they are not installed: {why}"))
}

fn require_node() -> Result<()> {
    let version = Tool::new("node", root()).arg("--version").output().with_context(|| {
        format!("Node is missing; install Node {OLDEST_NODE_MAJOR} or newer with npm")
    })?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|m| m.parse().ok()).unwrap_or(0);
    if major < OLDEST_NODE_MAJOR {
        bail!("Node {} is too old; install Node {OLDEST_NODE_MAJOR} or newer", version.trim());
    }
    Ok(())
}

fn install(directory: &Path) -> Result<()> {
    let lock = std::fs::read(directory.join("package-lock.json"))
        .with_context(|| format!("no package-lock.json in {}", directory.display()))?;
    let stamp = directory.join(STAMP);
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let shown = directory.strip_prefix(root()).unwrap_or(directory).display().to_string();
    eprintln!("setup: installing npm packages of {shown}/");
    let mut attempt = 1;
    loop {
        let npm = Tool::new("npm", directory).args(["ci", "--no-audit", "--no-fund"]);
        match npm.run() {
            Ok(()) => break,
            Err(error) if attempt >= INSTALL_ATTEMPTS => return Err(error),
            Err(error) => eprintln!("setup: {error:#}; trying again"),
        }
        attempt += 1;
    }
    std::fs::write(&stamp, lock).context("cannot record which lock file was installed")
}

/// Runs one of the UI's scripts and gives its result lines.
pub fn script(name: &str) -> Result<Vec<String>> {
    Tool::new("npm", &ui()).args(["run", "--silent", name]).run_collecting()
}

/// Builds the UI when a source is newer than what was built.
pub fn build_ui_if_stale() -> Result<()> {
    let built = modified(&ui().join("dist/index.html"));
    let sources = [
        "src",
        "public",
        "index.html",
        "quick.html",
        "pane.html",
        "package-lock.json",
        "vite.config.ts",
    ];
    let newest = sources.iter().filter_map(|s| newest_in(&ui().join(s))).max();
    if built.is_some() && newest <= built {
        return Ok(());
    }
    script("build").map(drop)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

fn newest_in(path: &Path) -> Option<SystemTime> {
    let own = modified(path);
    let Ok(entries) = std::fs::read_dir(path) else { return own };
    entries.flatten().filter_map(|e| newest_in(&e.path())).chain(own).max()
}
