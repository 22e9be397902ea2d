//! The peer for terminals: tmux on a server of its own, with its defaults.

use crate::terminal::{Terminal, clean_environment};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Name of the server's socket within its own directory.
const SERVER: &str = "peer";

pub struct Tmux {
    home: TempDir,
}

impl Tmux {
    pub fn new() -> Result<Tmux> {
        let tmux = Tmux { home: tempfile::Builder::new().prefix("nsp").tempdir()? };
        tmux.call(&["new-session", "-d", "-s", "idle", "cat"])
            .context("tmux is the peer of these benchmarks; `cargo xtask bench` installs it")?;
        Ok(tmux)
    }

    pub fn call(&self, args: &[&str]) -> Result<String> {
        let out = Command::new("tmux")
            .args(["-f", "/dev/null", "-L", SERVER])
            .args(args)
            .env_clear()
            .envs(clean_environment(self.home.path()))
            .output()
            .context("tmux")?;
        if !out.status.success() {
            bail!("tmux {args:?}: {}", String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    pub fn session(&self, name: &str, command: &str) -> Result<()> {
        self.call(&["new-session", "-d", "-s", name, command]).map(|_| ())
    }

    pub fn server_pid(&self) -> Result<u32> {
        let text = self.call(&["display-message", "-p", "#{pid}"])?;
        text.trim().parse().with_context(|| format!("{text:?} is no pid"))
    }

    pub fn attach(&self, name: &str) -> Result<Terminal> {
        let env = clean_environment(self.home.path());
        let args = ["-f", "/dev/null", "-L", SERVER, "attach-session", "-t", name];
        Terminal::spawn(&program()?, &args, &env)
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.call(&["kill-server"]).ok(); // It may have ended with its last session.
    }
}

fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("tmux")).find(|p| p.is_file());
    found
        .or_else(|| Path::new("/usr/bin/tmux").is_file().then(|| "/usr/bin/tmux".into()))
        .context("tmux")
}
