//! A desktop nobody sees: X server, session bus and window manager of one test.

use crate::processes::Processes;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// As large as the screenshots people look at.
const SIZE: &str = "1280x900x24";

/// Starts all three and tells later processes of them. Gives the bus's address.
pub fn start(processes: &mut Processes, runtime: &Path) -> Result<String> {
    let mut server = processes.command("Xvfb")?;
    server.args(["-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"]);
    let number = processes.start_and_read_line(server)?;
    if number.is_empty() {
        bail!("Xvfb did not start; is the package xvfb installed?");
    }
    processes.set("DISPLAY", format!(":{number}"));

    let address = format!("unix:path={}", runtime.join("bus").display());
    let mut bus = processes.command("dbus-daemon")?;
    bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
    bus.arg(format!("--address={address}"));
    let answered = processes.start_and_read_line(bus)?;
    if answered.is_empty() {
        bail!("dbus-daemon did not start; is the package dbus-user-session installed?");
    }
    processes.set("DBUS_SESSION_BUS_ADDRESS", &answered);

    let manager = processes.command("openbox")?;
    processes.start(manager).context("is the package openbox installed?")?;
    Ok(answered)
}
