//! `nightshift daemon stop`: ends the supervisor and waits until its process is gone.

use crate::context::Context;
use crate::failure::Failure;
use crate::verbs::supervisor::daemon_status::{connect, sessions, status};
use nightshift_client::Client;
use nightshift_model::Liveness;
use nightshift_platform::process::{Identity, Liveness3, pidfd};
use nightshift_protocol::{Fault, FaultCode, SessionView, calls};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

/// Ending every session may take each one's grace; a supervisor that needs longer hangs.
const END_TIMEOUT_S: i64 = 60;
/// Between two looks at what keeps it.
const LOOK_PAUSE_S: i64 = 1;
const LIST_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also while sessions live; ends them.
    #[arg(long)]
    any: bool,
    /// Leave live sessions running without a supervisor; the next one takes them over.
    #[arg(long)]
    keep_workers: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    stopped: bool,
    pid: u32,
    /// Sessions that go on.
    kept: u32,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = connect(&here.home).await?;
    let status = status(&client).await?;
    if status.sessions > 0 && !args.any && !args.keep_workers {
        return Err(refuse(status.sessions).into());
    }
    let supervisor = Identity::of(status.pid)
        .map_err(|e| Fault::new(FaultCode::Io, format!("supervisor {}: {e}", status.pid)))?;
    match client.ask(calls::Shutdown { keep_workers: args.keep_workers }).await {
        Ok(()) => {}
        // It may be gone before its reply is read.
        Err(fault) if fault.code == FaultCode::Unreachable => {}
        Err(fault) => return Err(fault.into()),
    }
    let ends_sessions = (!args.keep_workers).then_some(&client);
    wait_for_end(&supervisor, ends_sessions).await?;
    let kept = if args.keep_workers { status.sessions } else { 0 };
    let goes_on = match kept {
        0 => String::new(),
        n => format!(" · {} kept", sessions(n)),
    };
    let line = format!("stopped · pid {}{goes_on}", status.pid);
    here.say(&Stopped { stopped: true, pid: status.pid, kept }, &line)
}

fn refuse(count: u32) -> Fault {
    let verb = if count == 1 { "is" } else { "are" };
    Fault::new(FaultCode::Refused, format!("there {verb} {}", sessions(count)))
        .hint("end them with --any, or keep them running with --keep-workers")
}

/// The sessions that are left do not answer: how long they take, nobody can say.
fn refuse_to_wait(sessions: &[SessionView]) -> Result<(), Fault> {
    let is_left = |s: &&SessionView| !matches!(s.liveness, Liveness::Gone { .. });
    let mut left = Vec::new();
    let mut ways = Vec::new();
    for session in sessions.iter().filter(is_left) {
        let Liveness::Unknown { why, way_out, .. } = &session.liveness else { return Ok(()) };
        left.push(format!("session {} has not ended: {why}", session.id));
        ways.extend(Some(way_out.clone()).filter(|way_out| !way_out.is_empty()));
    }
    if left.is_empty() {
        return Ok(());
    }
    ways.push("the supervisor ends after the last session; or keep them running: `nightshift daemon stop --keep-workers`".into());
    Err(Fault::new(FaultCode::Refused, left.join("; ")).hint(ways.join("; ")))
}

/// `client`: to ask what keeps it; none where nothing does.
async fn wait_for_end(supervisor: &Identity, client: Option<&Client>) -> Result<(), Fault> {
    // No descriptor for a process that is gone already.
    let Ok(fd) = pidfd(supervisor) else { return Ok(()) };
    let pause = Timespec { tv_sec: LOOK_PAUSE_S, tv_nsec: 0 };
    for _ in 0..END_TIMEOUT_S / LOOK_PAUSE_S {
        let ended = poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&pause));
        if matches!(ended, Ok(n) if n > 0) || supervisor.liveness() == Liveness3::Gone {
            return Ok(());
        }
        let Some(client) = client else { continue };
        // Where it is just ending, or stands still itself, there is no reply.
        if let Ok(Ok(views)) = timeout(LIST_TIMEOUT, client.ask(calls::List {})).await {
            refuse_to_wait(&views)?;
        }
    }
    let message = format!("supervisor {} has not ended after {END_TIMEOUT_S} s", supervisor.pid);
    Err(Fault::new(FaultCode::Io, message).hint("look into its log"))
}
