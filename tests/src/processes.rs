//! Processes of a test: all in its environment and nothing else's, all findable by its home.

use anyhow::{Context, Result};
use nightshift_platform::Liveness3;
use nightshift_platform::process::{self, Identity};
use nightshift_platform::signals::SIGKILL;
use nightshift_testkit::TestHome;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Starts processes in the test's environment. The home ends them all when it is dropped.
pub struct Processes {
    pub home: TestHome,
    environment: Vec<(OsString, OsString)>,
}

impl Processes {
    pub fn new(home: TestHome) -> Processes {
        let given = home.environment().into_iter();
        let environment = given.map(|(name, value)| (name.into(), value.into())).collect();
        Processes { home, environment }
    }

    /// Sets a variable for what is started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// A command that logs what it prints.
    pub fn command(&self, program: impl Into<OsString>) -> Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new(program.into());
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(self.home.work());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        Ok(command)
    }

    /// Starts it; it runs until the home is dropped.
    pub fn start(&self, mut command: Command) -> Result<()> {
        command.spawn().map(drop).with_context(|| format!("cannot start {command:?}"))
    }

    /// Starts it and gives the first line of its standard output.
    pub fn start_and_read_line(&self, mut command: Command) -> Result<String> {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let pipe = child.stdout.take().context("the child's output is no pipe")?;
        let mut line = String::new();
        BufReader::new(pipe).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Living processes of this test that run the binary of this name.
    pub fn running(&self, binary: &str) -> Vec<Identity> {
        let runs = |identity: &Identity| {
            let exe = std::fs::read_link(format!("/proc/{}/exe", identity.pid)).unwrap_or_default();
            exe.file_name().is_some_and(|name| name == binary)
        };
        self.home.processes().into_iter().filter(runs).collect()
    }

    /// Kills without a word, as a crash would.
    pub fn kill(&self, identity: &Identity) -> Result<()> {
        process::signal(identity, SIGKILL).with_context(|| format!("killing {}", identity.pid))
    }

    pub fn is_alive(&self, identity: &Identity) -> bool {
        matches!(identity.liveness(), Liveness3::Alive)
    }

    /// What the programs of this test printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.home.user_home().join("log")
    }
}
