//! A hermetic Nightshift of the release build: its own state directory, ended at the end.

use crate::terminal::{Terminal, clean_environment};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub struct Nightshift {
    binary: PathBuf,
    env: BTreeMap<OsString, OsString>,
    pub home: TempDir,
}

impl Nightshift {
    pub fn new(binary: &Path) -> Result<Nightshift> {
        let home = tempfile::Builder::new().prefix("nsb").tempdir()?;
        let mut env = clean_environment(home.path());
        env.insert("NIGHTSHIFT_HOME".into(), home.path().join("s").into());
        Ok(Nightshift { binary: binary.to_owned(), env, home })
    }

    /// Runs one verb to its end and gives what it printed.
    pub fn call(&self, args: &[&str]) -> Result<String> {
        let out = Command::new(&self.binary)
            .args(args)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.home.path())
            .output()
            .with_context(|| format!("{}", self.binary.display()))?;
        if !out.status.success() {
            bail!("nightshift {args:?}: {}", String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let text = self.call(args)?;
        serde_json::from_str(&text).with_context(|| format!("nightshift {args:?} printed {text:?}"))
    }

    /// The client that starts a shell job, not yet started itself.
    pub fn dispatch(&self, job: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["--bg", "--exec", job]).env_clear().envs(&self.env);
        command.current_dir(self.home.path());
        command
    }

    /// Starts a shell job and gives its id.
    pub fn job(&self, command: &str) -> Result<String> {
        let started = self.json(&["--bg", "--json", "--exec", command])?;
        Ok(started["id"].as_str().context("no id")?.to_owned())
    }

    pub fn terminal(&self, args: &[&str]) -> Result<Terminal> {
        Terminal::spawn(&self.binary, args, &self.env)
    }

    pub fn supervisor_pid(&self) -> Result<u32> {
        pid_of(&self.json(&["daemon", "status", "--json"])?["pid"])
    }

    /// The hosts' pids, from the session directories.
    pub fn host_pids(&self) -> Result<Vec<u32>> {
        let mut pids = Vec::new();
        for job in std::fs::read_dir(self.home.path().join("s/jobs"))? {
            let ready = std::fs::read(job?.path().join("ready.json"))?;
            pids.push(pid_of(&serde_json::from_slice::<Value>(&ready)?["pid"])?);
        }
        Ok(pids)
    }

    pub fn end(&self) -> Result<()> {
        self.call(&["daemon", "stop", "--any"]).map(|_| ())
    }
}

impl Drop for Nightshift {
    fn drop(&mut self) {
        self.end().ok(); // It may have been ended already.
    }
}

fn pid_of(value: &Value) -> Result<u32> {
    let pid = value.as_u64().and_then(|pid| u32::try_from(pid).ok());
    pid.with_context(|| format!("{value} is no pid"))
}
