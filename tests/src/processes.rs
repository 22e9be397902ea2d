//! Processes that a test started: its children, and whatever carries the test's home.

use anyhow::{Context, Result, bail};
use nightshift_platform::process::{self, Identity};
use nightshift_platform::{Liveness3, dirs::HOME_VARIABLE};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const KILL: i32 = 9;
/// Ending processes may start others: look again until none is left, at most this often.
const SWEEPS: u32 = 200;

/// Starts processes in the test's environment and ends all of them.
pub struct Processes {
    home: PathBuf,
    environment: Vec<(OsString, OsString)>,
    log: PathBuf,
    children: Mutex<Vec<Child>>,
}

impl Processes {
    pub fn new(home: &Path, log: PathBuf) -> Processes {
        Processes {
            home: home.to_owned(),
            environment: vec![(HOME_VARIABLE.into(), home.into())],
            log,
            children: Mutex::default(),
        }
    }

    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// A command in the test's environment and nothing else's.
    pub fn command(&self, program: impl Into<OsString>) -> Result<Command> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(program.into());
        command.env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        Ok(command)
    }

    /// Starts it and keeps it until the end.
    pub fn start(&self, mut command: Command) -> Result<u32> {
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let pid = child.id();
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        Ok(pid)
    }

    /// Starts it and gives the first line of its standard output.
    pub fn start_and_read_line(&self, mut command: Command) -> Result<String> {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let pipe = child.stdout.take().context("the child's output is no pipe")?;
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        let mut line = String::new();
        BufReader::new(pipe).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Living processes that carry the test's home and run the binary of this name.
    pub fn running(&self, binary: &str) -> Result<Vec<Identity>> {
        let found = self.all()?.into_iter().filter(|identity| {
            let exe = std::fs::read_link(format!("/proc/{}/exe", identity.pid)).unwrap_or_default();
            exe.file_name().is_some_and(|name| name == binary)
        });
        Ok(found.collect())
    }

    /// Kills without a word, as a crash would.
    pub fn kill(&self, identity: &Identity) -> Result<()> {
        process::signal(identity, KILL).with_context(|| format!("killing {}", identity.pid))
    }

    pub fn is_alive(&self, identity: &Identity) -> bool {
        matches!(identity.liveness(), Liveness3::Alive)
    }

    fn all(&self) -> Result<Vec<Identity>> {
        let home = self.home.to_str().context("the home's path is not UTF-8")?;
        Ok(process::find_by_env(HOME_VARIABLE, home)?)
    }

    /// Ends everything that carries the test's home, and our own children.
    fn end_all(&self) -> Result<()> {
        for _ in 0..SWEEPS {
            for child in self.children.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                child.kill().ok(); // it may have ended by itself
                child.wait().ok(); // reaped, or it never was ours
            }
            let left = self.all()?;
            if left.is_empty() {
                return Ok(());
            }
            for identity in left {
                process::signal(&identity, KILL).ok(); // gone meanwhile is as good
            }
            std::thread::yield_now();
        }
        bail!("processes of {} cannot be ended", self.home.display())
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Err(error) = self.end_all() {
            eprintln!("cleanup: {error:#}");
        }
    }
}
