//! Debian packages: which are needed for what, and installing those that are missing.
//!
//! Promise: nothing is installed without being named first; other systems are told what they need.

use crate::tool::Tool;
use crate::workspace::root;
use anyhow::{Context, Result};
use std::path::Path;

/// To build and open the window.
pub const TO_RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libayatana-appindicator3-dev",
    "fonts-dejavu-core",
];

/// To drive the real window and a plain browser without a screen, and to compare terminals.
pub const TO_TEST: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "openbox",
    "dbus-user-session",
    "dbus-x11",
    "xdotool",
    "imagemagick",
    "chromium",
    "librsvg2-bin",
    "tmux",
    "vttest",
    "dunst",
    "xfce4-panel",
];

/// Installs what is missing of `packages`.
pub fn install(packages: &[&str]) -> Result<()> {
    if !Tool::new("dpkg-query", root()).arg("--version").succeeds() {
        eprintln!("setup: no Debian package tools here; make sure that these are installed:");
        eprintln!("setup:   {}", packages.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|p| !installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("setup: installing Debian packages: {}", missing.join(" "));
    if !package_lists_present() {
        apt_get(&["update"])?;
    }
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    if apt_get(&install).is_err() {
        eprintln!("setup: trying again with fresh package lists");
        apt_get(&["update"])?;
        apt_get(&install)
            .with_context(|| format!("install these by hand: {}", missing.join(" ")))?;
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    let query = ["-W", "-f=${db:Status-Status}", package];
    let status = std::process::Command::new("dpkg-query").args(query).output();
    status.is_ok_and(|out| out.status.success() && out.stdout == b"installed")
}

fn package_lists_present() -> bool {
    let Ok(entries) = std::fs::read_dir("/var/lib/apt/lists") else { return false };
    entries.flatten().any(|e| e.file_name().to_string_lossy().contains("_Packages"))
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let tool = if is_root() {
        Tool::new("apt-get", root())
    } else {
        // Through `env` because sudo clears the environment.
        Tool::new("sudo", root()).args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
    };
    tool.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).run()
}

fn is_root() -> bool {
    let own = Path::new("/proc/self");
    std::fs::metadata(own).is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}
