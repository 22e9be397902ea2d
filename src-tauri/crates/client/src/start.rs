//! `find_or_start`: the running supervisor, or one that is started now, detached for good.
//!
//! Several clients may start one at the same time: the role's lock decides, the others' processes
//! end, and their clients connect to the winner.

use crate::absent::{self, why_absent};
use crate::call::Client;
use crate::environment::outlives_sessions;
use nightshift_platform::dirs::{HOME_VARIABLE, Home};
use nightshift_platform::{clock, lock, spawn};
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::time::timeout;

/// A supervisor that has many sessions to adopt on a busy machine still needs far less.
const READY_TIMEOUT: Duration = absent::START_TIME;
/// How often we look whether another starter's supervisor listens; it has no line to us.
const WINNER_INTERVAL: Duration = Duration::from_millis(10);
/// A supervisor that runs makes its socket anew within this time when that is deleted or replaced. Where it
/// does not, it cannot.
const MENDING_TIMEOUT: Duration = Duration::from_secs(3);
/// A holder that was just ending makes us start over; twice in a row is no accident.
const START_ATTEMPTS: u32 = 3;
/// Longest readiness line read.
const READY_LINE_MAX_BYTES: u64 = 16 * 1024;
/// First word of the line of a supervisor that listens.
const READY_WORD: &str = "ready";
/// First word of the line of one that could not start; a `Fault` as JSON follows.
const ERROR_WORD: &str = "error";

/// How to start a supervisor.
#[derive(Clone, Debug)]
pub struct Starter {
    /// The `nightshift` binary.
    pub binary: PathBuf,
}

/// Supervisors that this process started. They outlive us; those that ended are reaped here.
static STARTED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Connects to the supervisor of `home` (as `Home::resolve` gives it: the supervisor that is started
/// resolves it again); starts one when nobody answers.
pub async fn find_or_start(home: &Home, starter: &Starter) -> Result<Client, Fault> {
    let mut refused = match Client::connect(home).await {
        Err(fault) if fault.code == FaultCode::Unreachable => fault,
        found => return found,
    };
    if let Some(fault) = absent::standstill(home) {
        return Err(fault);
    }
    home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    for _ in 0..START_ATTEMPTS {
        match start(home, &starter.binary).await? {
            Started::Ready => return Client::connect(home).await,
            Started::Refused(fault) => refused = fault,
        }
        match wait_for_winner(home).await {
            Winner::Found(client) => return Ok(client),
            Winner::Absent(fault) => return Err(fault),
            Winner::Gone if refused.code == FaultCode::Refused => {}
            Winner::Gone => break,
        }
    }
    Err(refused)
}

enum Started {
    Ready,
    /// It ended at once: another holds the role, or it says what is wrong.
    Refused(Fault),
}

async fn start(home: &Home, binary: &Path) -> Result<Started, Fault> {
    let trouble = |what: &str, e: &dyn std::fmt::Display| {
        Fault::new(FaultCode::Io, format!("cannot start {}: {what}{e}", binary.display()))
            .hint("check that nightshift is installed whole")
    };
    let mut environment: BTreeMap<OsString, OsString> = std::env::vars_os()
        .filter(|(name, _)| outlives_sessions(&name.to_string_lossy()))
        .collect();
    // It runs in another directory: a relative value would name another home there.
    environment.entry(HOME_VARIABLE.into()).and_modify(|dir| *dir = home.state.clone().into());
    environment.insert(ROLE_VARIABLE.into(), "supervisor".into());
    let args = ["daemon".into(), "run".into()];
    // The state directory and not ours: a supervisor must not keep a file system busy.
    let detached = spawn::spawn_detached(
        binary.as_os_str(),
        &args,
        &environment,
        &home.state,
        &home.log_file(),
    )
    .map_err(|e| trouble("", &e))?;
    keep(detached.child);
    match timeout(READY_TIMEOUT, first_line(detached.stdout)).await {
        Ok(Ok(line)) => Ok(understand(&line, home)),
        Ok(Err(e)) => Err(trouble("its answer: ", &e)),
        Err(_) => {
            let message = format!("the supervisor was not ready after {READY_TIMEOUT:?}");
            Err(Fault::new(FaultCode::Unreachable, message).hint(log_hint(home)))
        }
    }
}

/// Remembers a started supervisor and reaps those that have ended.
fn keep(child: Child) {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.push(child);
    started.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

async fn first_line(stdout: ChildStdout) -> std::io::Result<String> {
    let pipe = pipe::Receiver::from_owned_fd(stdout.into())?;
    let mut line = String::new();
    BufReader::new(pipe.take(READY_LINE_MAX_BYTES)).read_line(&mut line).await?;
    Ok(line)
}

fn understand(line: &str, home: &Home) -> Started {
    let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
    if word == READY_WORD {
        return Started::Ready;
    }
    let fault = (word == ERROR_WORD).then(|| serde_json::from_str(rest).ok()).flatten();
    Started::Refused(fault.unwrap_or_else(|| {
        Fault::new(FaultCode::Internal, "the supervisor ended while it started")
            .hint(log_hint(home))
    }))
}

fn log_hint(home: &Home) -> String {
    format!("read {}", home.log_file().display())
}

enum Winner {
    Found(Client),
    /// It holds the role, and cannot be reached.
    Absent(Fault),
    /// Nobody holds the role.
    Gone,
}

async fn wait_for_winner(home: &Home) -> Winner {
    let patience = if absent::is_settled(home) { MENDING_TIMEOUT } else { READY_TIMEOUT };
    let until = clock::monotonic() + patience;
    loop {
        let fault = match Client::connect(home).await {
            Ok(client) => return Winner::Found(client),
            Err(fault) => fault,
        };
        if lock::holder(&home.lock_file()).is_none() {
            return Winner::Gone;
        }
        let stands = absent::standstill(home);
        if stands.is_some() || clock::monotonic() > until {
            let nobody = fault.code == FaultCode::Unreachable;
            let why = stands.or_else(|| why_absent(home).filter(|_| nobody));
            return Winner::Absent(why.unwrap_or(fault));
        }
        tokio::time::sleep(WINNER_INTERVAL).await;
    }
}
