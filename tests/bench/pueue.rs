//! The peer for jobs: pueue with a daemon of its own, told to run everything at once.

use crate::terminal::clean_environment;
use anyhow::{Context, Result, bail};
use nightshift_platform::{clock, process};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The daemon writes keys and certificates when it first starts.
const START: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub struct Pueue {
    bin: PathBuf,
    env: BTreeMap<OsString, OsString>,
    daemon: Child,
    pub home: TempDir,
}

impl Pueue {
    /// `bin` holds `pueue` and `pueued`.
    pub fn new(bin: &Path) -> Result<Pueue> {
        let home = tempfile::Builder::new().prefix("nspu").tempdir()?;
        let mut env = clean_environment(home.path());
        env.insert("XDG_RUNTIME_DIR".into(), home.path().into());
        let daemon = Command::new(bin.join("pueued"))
            .env_clear()
            .envs(&env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("pueued is a peer of these benchmarks; `cargo xtask bench` installs it")?;
        let peer = Pueue { bin: bin.to_owned(), env, daemon, home };
        let start = clock::monotonic();
        while let Err(error) = peer.call(&["parallel", "0"]) {
            if clock::monotonic() - start > START {
                return Err(error);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(peer)
    }

    pub fn call(&self, args: &[&str]) -> Result<()> {
        let out = self.command(args).output().context("pueue")?;
        if !out.status.success() {
            bail!("pueue {args:?}: {}", String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(())
    }

    /// A client that starts `command` the usual way; with `at_once` it goes past the queue.
    pub fn add(&self, command: &str, at_once: bool) -> Command {
        let past: &[&str] = if at_once { &["--immediate"] } else { &[] };
        self.command(&[&["add"], past, &["--", command]].concat())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.bin.join("pueue"));
        command.args(args).env_clear().envs(&self.env).current_dir(self.home.path());
        command
    }

    pub fn daemon_pid(&self) -> u32 {
        self.daemon.id()
    }
}

impl Drop for Pueue {
    fn drop(&mut self) {
        const SIGKILL: i32 = 9;
        self.call(&["kill", "--all"]).ok(); // There may be nothing left to end.
        self.call(&["shutdown"]).ok(); // It is ended the hard way below if it does not listen.
        let start = clock::monotonic();
        while matches!(self.daemon.try_wait(), Ok(None)) {
            if clock::monotonic() - start > START
                && let Ok(identity) = process::Identity::of(self.daemon.id())
            {
                process::signal(&identity, SIGKILL).ok(); // It has just ended.
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
