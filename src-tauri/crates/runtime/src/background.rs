//! Processes in the background of a session: what runs under its host beside its main process.
//!
//! Promise: nothing is listed or ended that is not below that very host now; a process is named by
//! pid and start time, so a reused pid is never taken for it. Must not know: who asks.

use crate::limits::TASKS_MAX;
use nightshift_host::finding::{Finding, inspect};
use nightshift_host::household::Household;
use nightshift_model::SessionId;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::one_line;
use nightshift_platform::usage::Usage;
use nightshift_platform::{Identity, family, process};
use nightshift_protocol::{Fault, FaultCode, Ready, Task, TaskKind, TaskUsage};
use nightshift_supervisor::limits::STOP_GRACE_MS;
use nightshift_supervisor::ports::world::Background;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All below one host.
pub struct Descendants {
    pub session: SessionId,
    pub dir: PathBuf,
}

impl Background for Descendants {
    fn list(&self) -> Vec<Task> {
        let Some(host) = self.host() else { return Vec::new() };
        // Hosts and supervisors that were started from inside belong to other sessions.
        let ours = Household::of_supervisor(&self.dir);
        match family::below(host.pid, &|process| ours.is_member(process), TASKS_MAX) {
            Ok(found) => {
                let mut tasks: Vec<Task> = found
                    .into_iter()
                    .filter(|(process, _)| process.pid != host.child_pid)
                    .filter(|(_, usage)| !is_bridge(&usage.command) && !is_probe(&usage.command))
                    .map(|(process, usage)| self.task(&process, &usage))
                    .collect();
                tasks.sort_by_key(|task| (task.since, task.usage.map(|u| u.pid)));
                tasks
            }
            Err(e) => {
                tracing::warn!(session = %self.session, "processes not listed: {e}");
                Vec::new()
            }
        }
    }

    fn end(&self, task: &Identity) -> Result<(), Fault> {
        let id = &self.session;
        let gone = || {
            let message =
                format!("session {id} has no such process: it has ended, or never was its");
            Fault::new(FaultCode::NotFound, message)
                .hint(format!("list them with `nightshift tasks {id}`"))
        };
        let host = self.host().ok_or_else(gone)?;
        if task.pid == host.child_pid {
            let message = format!("process {} is session {id} itself", task.pid);
            return Err(Fault::new(FaultCode::Refused, message)
                .hint(format!("end it with `nightshift stop {id}`")));
        }
        let io = |e: io::Error| Fault::new(FaultCode::Io, format!("process {}: {e}", task.pid));
        let ours = Household::of_supervisor(&self.dir);
        let spared = |process: &Identity| ours.is_member(process);
        let below = process::descendants_without(host.pid, &spared).map_err(io)?;
        if !below.contains(task) {
            return Err(gone());
        }
        let grace = Duration::from_millis(STOP_GRACE_MS);
        if family::end(task, &spared, grace).map_err(io)? {
            return Ok(());
        }
        let message = format!("process {} could not be ended", task.pid);
        Err(Fault::new(FaultCode::Io, message)
            .hint(format!("end the whole session with `nightshift stop {id}`")))
    }
}

impl Descendants {
    /// The session's host, when it is certain that it lives.
    fn host(&self) -> Option<Ready> {
        let Finding::Alive(ready) = inspect(&self.dir) else { return None };
        Some(*ready)
    }

    fn task(&self, process: &Identity, usage: &Usage) -> Task {
        let Identity { pid, start_ticks } = process;
        Task {
            id: format!("{}.{pid}.{start_ticks}", self.session),
            session: self.session.to_string(),
            kind: TaskKind::Process,
            title: one_line(&usage.command, LINE_MAX_CHARS),
            since: usage.started_at,
            stoppable: true,
            usage: Some(TaskUsage {
                pid: *pid,
                cpu_ms: usage.cpu_ms,
                memory_kib: usage.resident_kib,
            }),
            last_lines: Vec::new(),
        }
    }
}

/// Our own tools' process beside the agent is nothing that anybody left running.
fn is_bridge(command: &str) -> bool {
    let own = std::env::current_exe().unwrap_or_default();
    let mut words = command.split(' ');
    let program = words.next().map(Path::new).and_then(Path::file_name);
    program == own.file_name() && words.next() == Some("mcp") && words.next() == Some("--session")
}

/// An agent's own look at who is signed in: claude-agent-acp runs it at the start of each turn
/// (`auth-status.js`), for a few seconds.
fn is_probe(command: &str) -> bool {
    command.contains("claude") && command.ends_with(" auth status --json")
}
