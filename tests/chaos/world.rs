//! The Nightshift under attack: a home of its own, the real command line, the real processes.
//!
//! Promise: every command ends in bounded time or is reported; only processes of this home are ever
//! signalled, by pid and start time.
//! Must not know: what is drawn, what must hold.

use anyhow::{Context, Result, bail};
use nightshift_platform::process::{self, Identity, Liveness3};
use nightshift_platform::signals::SIGKILL;
use nightshift_platform::{clock, lock};
use nightshift_testkit::TestHome;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

/// A command that has not ended by then hangs: `stop` may take a grace, a start a busy machine.
const COMMAND_LIMIT: Duration = Duration::from_secs(90);
/// Between two looks at something that is about to happen.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(10);

pub struct World {
    binary: PathBuf,
    pub home: TestHome,
}

/// What a run of the command gave.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    /// It was ended by a signal.
    pub killed: bool,
    pub out: String,
    pub err: String,
}

impl World {
    pub fn new(binary: &Path) -> World {
        World { binary: binary.to_owned(), home: TestHome::new() }
    }

    /// Runs one verb to its end, or kills it after `killed_after`. An error is a hang, never a
    /// refusal.
    pub fn run(&self, args: &[String], killed_after: Option<Duration>) -> Result<Ran> {
        let mut command = self.home.command(&self.binary);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("{}", self.binary.display()))?;
        let identity = Identity::of(child.id())?;
        let (sender, ended) = mpsc::channel();
        // Gone with its child, at the latest when that is killed below.
        std::thread::spawn(move || sender.send(child.wait_with_output()).ok());
        let mut output = ended.recv_timeout(killed_after.unwrap_or(COMMAND_LIMIT));
        let hangs = output.is_err() && killed_after.is_none();
        if output.is_err() {
            process::signal(&identity, SIGKILL).ok(); // Just ended is as good.
            output = ended.recv_timeout(COMMAND_LIMIT);
        }
        if hangs {
            bail!("nightshift {args:?} did not end within {COMMAND_LIMIT:?}");
        }
        let output = output.with_context(|| format!("{args:?} does not die"))??;
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        Ok(Ran {
            ok: output.status.success(),
            killed: output.status.code().is_none(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        })
    }

    /// A command that nothing excuses from succeeding.
    pub fn must(&self, args: &[&str]) -> Result<String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let ran = self.run(&args, None)?;
        if !ran.ok {
            bail!("nightshift {args:?} failed: {}", ran.err);
        }
        Ok(ran.out)
    }

    /// Every session on the board, as `agents --all --json` prints it.
    pub fn list(&self) -> Result<Vec<Value>> {
        let out = self.must(&["agents", "--all", "--json"])?;
        let all: Value = serde_json::from_str(&out).with_context(|| out.clone())?;
        all.as_array().cloned().context("`agents --json` prints an array")
    }

    /// The supervisor that holds the role now.
    pub fn supervisor(&self) -> Option<Identity> {
        let pid = lock::holder(&self.home.home().lock_file())?.pid;
        self.ours(pid)
    }

    /// The host of a session whose process lives.
    pub fn host(&self, id: &str) -> Option<Identity> {
        let ready = std::fs::read(self.home.home().job(id).join("ready.json")).ok()?;
        let ready: Value = serde_json::from_slice(&ready).ok()?;
        self.ours(u32::try_from(ready["pid"].as_u64()?).ok()?)
    }

    /// The process with this pid, when it is one of this home: a pid may have been given away.
    pub fn ours(&self, pid: u32) -> Option<Identity> {
        let identity = Identity::of(pid).ok()?;
        self.home.processes().contains(&identity).then_some(identity)
    }

    /// Kills without a word. False when it was gone before.
    pub fn kill(&self, identity: &Identity) -> Result<bool> {
        if process::signal(identity, SIGKILL).is_err() {
            return Ok(false);
        }
        let until = clock::monotonic() + COMMAND_LIMIT;
        while identity.liveness() != Liveness3::Gone {
            if clock::monotonic() > until {
                bail!("process {} does not die", identity.pid);
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        Ok(true)
    }

    /// The last words of supervisors and hosts.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = std::fs::read_to_string(self.home.home().log_file()).unwrap_or_default();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// The arguments of a process of ours as one line.
pub fn command_line(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()
}
