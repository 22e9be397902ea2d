//! The board against the ledger, the processes and what its follower saw.

use super::text;
use crate::ledger::{Asked, Ledger, Session};
use crate::run::Run;
use crate::world::command_line;
use nightshift_platform::process::{Identity, Liveness3};
use nightshift_protocol::launch::SESSION_VARIABLE;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A session whose dispatch got no answer and that is there counts from now on.
pub fn adopt(ledger: &mut Ledger, list: &[Value]) {
    for entry in list {
        let name = text(entry, "name");
        let unanswered = |s: &&mut Session| s.id.is_none() && s.name == name;
        if let Some(session) = ledger.sessions.iter_mut().find(unanswered) {
            session.id = Some(text(entry, "id").to_owned());
        }
    }
}

/// Everything that is not, or not yet, as it must be.
pub fn faults(run: &Run, list: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    for entry in list {
        let id = text(entry, "id");
        match run.ledger.sessions.iter().find(|s| s.id.as_deref() == Some(id)) {
            None => faults.push(format!("{id} ({}) was never started", text(entry, "name"))),
            Some(session) => {
                let told = entry_faults(session, entry);
                faults.extend(told.into_iter().map(|what| format!("{id}: {what}; {entry}")));
            }
        }
    }
    for session in &run.ledger.sessions {
        let Some(id) = &session.id else { continue };
        let listed = list.iter().any(|entry| text(entry, "id") == id);
        if !listed && session.removed == Asked::No {
            faults.push(format!("{id} ({}) is lost", session.name));
        }
    }
    faults.extend(process_faults(run, list));
    faults.extend(follower_faults(run, list));
    faults
}

fn entry_faults(session: &Session, entry: &Value) -> Vec<&'static str> {
    let state = text(entry, "state");
    let pid = entry["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    let lives = pid
        .and_then(|pid| Identity::of(pid).ok())
        .is_some_and(|identity| identity.liveness() == Liveness3::Alive);
    let mut faults = Vec::new();
    let mut check = |wrong: bool, what: &'static str| {
        if wrong {
            faults.push(what);
        }
    };
    check(session.removed == Asked::Done, "was removed and is listed");
    check(state == "working", "still works");
    check(entry["unknown"].is_string(), "is unknown");
    check(pid.is_some() && !lives, "has a pid and no process");
    check(pid.is_none() && state == "blocked", "waits without a process");
    check(session.stopped == Asked::Done && pid.is_some(), "was stopped and lives");
    check(!session.harmed && matches!(state, "failed" | "stopped"), "ended unharmed");
    check(state == "failed" && text(entry, "error").is_empty(), "failed without a cause");
    check(
        pid.is_some() && state == "done" && entry["queued"].as_u64() != Some(0),
        "rests with replies waiting",
    );
    faults
}

/// Sessions that have ended have no process, and there is one supervisor.
fn process_faults(run: &Run, list: &[Value]) -> Vec<String> {
    let alive: BTreeSet<&str> =
        list.iter().filter(|e| e["pid"].is_u64()).map(|e| text(e, "id")).collect();
    let mut supervisors = 0;
    let mut faults = Vec::new();
    for process in run.world.home.processes() {
        let line = command_line(process.pid);
        supervisors += u32::from(line.ends_with("daemon run"));
        let Some(session) = session_of(process.pid, &line) else { continue };
        if !alive.contains(session.as_str()) && process.liveness() == Liveness3::Alive {
            faults.push(format!("{session} has ended and left {} ({line})", process.pid));
        }
    }
    if supervisors > 1 {
        faults.push(format!("{supervisors} supervisors run"));
    }
    faults
}

/// The session that a process belongs to: by its environment, or as its host.
fn session_of(pid: u32, line: &str) -> Option<String> {
    if let Some((_, id)) = line.split_once(" host ").and_then(|(_, dir)| dir.rsplit_once('/')) {
        return Some(id.to_owned());
    }
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let prefix = format!("{SESSION_VARIABLE}=");
    let value = environment.split(|&b| b == 0).find_map(|e| e.strip_prefix(prefix.as_bytes()))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// The board that was followed and the board that was asked for are one.
fn follower_faults(run: &Run, list: &[Value]) -> Option<String> {
    let asked: BTreeMap<&str, (Option<u64>, &str)> =
        list.iter().map(|e| (text(e, "id"), (e["pid"].as_u64(), text(e, "name")))).collect();
    let seen = run.follower.seen();
    let followed: BTreeMap<&str, (Option<u64>, &str)> = seen
        .board
        .values()
        .map(|view| {
            let pid = match view.liveness {
                nightshift_model::Liveness::Alive { pid, .. } => Some(u64::from(pid)),
                nightshift_model::Liveness::Gone { .. }
                | nightshift_model::Liveness::Unknown { .. } => None,
            };
            (view.id.as_str(), (pid, view.name.as_str()))
        })
        .collect();
    (asked != followed).then(|| format!("followed {followed:?}, asked {asked:?}"))
}
