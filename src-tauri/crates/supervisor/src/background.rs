//! Processes in the background of a session: what runs under its host beside its main process.
//!
//! Promise: nothing is listed or ended that is not below that very host now; a process is named by
//! pid and start time, so a reused pid is never taken for it. Must not know: who asks.

use crate::limits::{STOP_GRACE_MS, TASKS_MAX};
use crate::outside::Background;
use crate::reconcile::hosts::{Finding, inspect};
use nightshift_model::SessionId;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_platform::process::{self, Liveness3};
use nightshift_platform::signals::{SIGKILL, SIGTERM};
use nightshift_platform::{Identity, usage};
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::{Fault, FaultCode, Ready, Task, TaskKind, TaskUsage};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at a process that was asked to end.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Looks before it is killed, and again before that is called impossible.
const LOOKS: u64 = STOP_GRACE_MS / 20;

/// All below one host.
pub struct Descendants {
    pub session: SessionId,
    pub dir: PathBuf,
}

impl Background for Descendants {
    fn list(&self) -> Vec<Task> {
        processes(&self.session, &self.dir)
    }

    fn end(&self, process: &Identity) -> Result<(), Fault> {
        end(&self.session, &self.dir, process)
    }
}

/// Processes under the session's host beside its main one; those of other hosts and supervisors
/// that were started from inside are not its own.
fn processes(id: &SessionId, dir: &Path) -> Vec<Task> {
    let Some(host) = living_host(dir) else { return Vec::new() };
    let below = match process::descendants_without(host.pid, ROLE_VARIABLE) {
        Ok(below) => below,
        Err(e) => {
            tracing::warn!(session = %id, "processes not listed: {e}");
            return Vec::new();
        }
    };
    let beside = below.into_iter().filter(|process| process.pid != host.child_pid);
    // One that ended meanwhile is no task any more.
    let mut tasks: Vec<Task> = beside
        .take(TASKS_MAX)
        .filter_map(|process| {
            let usage = usage::usage(&process).ok()?;
            Some(Task {
                id: format!("{id}.{}.{}", process.pid, process.start_ticks),
                session: id.to_string(),
                kind: TaskKind::Process,
                title: one_line(&usage.command, LINE_MAX_CHARS),
                since: usage.started_at,
                stoppable: true,
                usage: Some(TaskUsage {
                    pid: process.pid,
                    cpu_ms: usage.cpu_ms,
                    memory_kib: usage.resident_kib,
                }),
                last_lines: Vec::new(),
            })
        })
        .collect();
    tasks.sort_by_key(|task| (task.since, task.usage.map(|u| u.pid)));
    tasks
}

/// The session's host, when it is certain that it lives.
fn living_host(dir: &Path) -> Option<Ready> {
    match inspect(dir) {
        Finding::Alive(ready) => Some(*ready),
        Finding::Ended(_)
        | Finding::Gone(_)
        | Finding::Unknown(_)
        | Finding::Starting
        | Finding::NotLaunched => None,
    }
}

fn end(id: &SessionId, dir: &Path, task: &Identity) -> Result<(), Fault> {
    let gone = || {
        let message = format!("session {id} has no such process: it has ended, or never was its");
        Fault::new(FaultCode::NotFound, message)
            .hint(format!("list them with `nightshift tasks {id}`"))
    };
    let host = living_host(dir).ok_or_else(gone)?;
    if task.pid == host.child_pid {
        return Err(Fault::new(
            FaultCode::Refused,
            format!("process {} is session {id} itself", task.pid),
        )
        .hint(format!("end it with `nightshift stop {id}`")));
    }
    let io = |e: io::Error| Fault::new(FaultCode::Io, format!("process {}: {e}", task.pid));
    let below = process::descendants_without(host.pid, ROLE_VARIABLE).map_err(io)?;
    if !below.contains(task) {
        return Err(gone());
    }
    let mut family = process::descendants_without(task.pid, ROLE_VARIABLE).map_err(io)?;
    family.insert(0, *task);
    for signal in [SIGTERM, SIGKILL] {
        for member in &family {
            match process::signal(member, signal) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io(e)),
                Ok(()) | Err(_) => {}
            }
        }
        if all_gone(&family) {
            return Ok(());
        }
    }
    Err(Fault::new(FaultCode::Io, format!("process {} could not be ended", task.pid))
        .hint(format!("end the whole session with `nightshift stop {id}`")))
}

fn all_gone(family: &[Identity]) -> bool {
    for _ in 0..LOOKS {
        if family.iter().all(|member| member.liveness() == Liveness3::Gone) {
            return true;
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    false
}
