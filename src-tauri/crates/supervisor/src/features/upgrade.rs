//! A new version: pinned agents whose host is of an older one get a new process, one by one.
//!
//! Promise: only while they have nothing to do, with their own session id and the environment they
//! had; shell jobs are never touched, and unpinned agents change version when they rest anyway.

use crate::core::{Core, Entry};
use nightshift_model::Fact;
use nightshift_protocol::hello::is_older;
use std::time::Duration;

/// Not by the clock: a session may be renewed from the moment on in which it has nothing to do.
pub fn due_in(_: &Core, _: Duration) -> Option<Duration> {
    None
}

pub fn on_tick(core: &mut Core, _: Duration) {
    // One by one: each start costs an agent's memory and processor time.
    if core.sessions.values().any(|e| e.session.renewing.is_some()) {
        return;
    }
    let outdated = core.sessions.iter().find(|(_, entry)| is_outdated(entry));
    if let Some((id, entry)) = outdated {
        let from = entry.build.as_deref().filter(|b| !b.is_empty()).unwrap_or("before 0.1.0");
        let (id, from) = (id.clone(), from.to_owned());
        core.fact(&id, Fact::Outdated { from });
    }
}

fn is_outdated(entry: &Entry) -> bool {
    let resumable = || entry.session.agent().is_some_and(|a| a.agent_session_id.is_some());
    // Last, for versions are read anew each time.
    let older = || entry.build.as_deref().is_some_and(|build| is_older(build, OWN_VERSION));
    let can_start = entry.caught_up && !entry.env.is_empty();
    entry.session.pinned && can_start && entry.session.is_idle() && resumable() && older()
}

const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");
