//! Rest and restart: finished agents give their memory back after a while, agents that died are
//! started again after a pause.
//!
//! Promise: time is counted on the monotonic clock, which stands still while the machine sleeps, so
//! a gap is never read as idleness.

use crate::core::{Core, Entry, effects};
use crate::limits::{RESTART_PAUSES, RETIRE_AFTER};
use nightshift_model::{Fact, SessionId, State};
use nightshift_platform::clock;
use std::time::Duration;

/// Seconds; for tests and for machines with little or much memory.
const RETIRE_VARIABLE: &str = "NIGHTSHIFT_RETIRE_AFTER_S";

/// The environment's word counts more than the settings'.
pub fn retire_after(wanted: Option<Duration>) -> Duration {
    let set = std::env::var(RETIRE_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.map(Duration::from_secs).or(wanted).unwrap_or(RETIRE_AFTER)
}

/// Notes when the session is to be started again.
pub fn relaunch_later(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    let restart = usize::try_from(entry.session.restarts.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = RESTART_PAUSES.len() - 1;
    entry.relaunch_at = Some(clock::monotonic() + RESTART_PAUSES[restart.min(last)]);
}

/// Time until something here is due.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let due = |entry: &Entry| {
        let rested = entry.resting_since.map(|since| since + core.retire_after);
        [rested, entry.relaunch_at].into_iter().flatten().min()
    };
    core.sessions.values().filter_map(due).min().map(|at| at.saturating_sub(now))
}

pub fn on_tick(core: &mut Core, now: Duration) {
    let mut rested = Vec::new();
    let mut due = Vec::new();
    let conversations = &core.conversations;
    for (id, entry) in &mut core.sessions {
        if !entry.session.is_idle() || entry.session.pinned || conversations.is_followed(id) {
            entry.resting_since = None;
        } else if now >= *entry.resting_since.get_or_insert(now) + core.retire_after {
            entry.resting_since = None;
            rested.push(id.clone());
        }
        if entry.relaunch_at.is_some_and(|at| now >= at) {
            entry.relaunch_at = None;
            due.push(id.clone());
        }
    }
    for id in rested {
        core.fact(&id, Fact::Rested);
    }
    for id in due {
        let starting = core.sessions.get(&id).map(|e| &e.session.state) == Some(&State::Starting);
        if starting {
            effects::launch(core, &id);
        }
    }
}

/// Drivers of ended sessions are kept only while somebody reads them.
pub fn drop_idle_drivers(core: &mut Core) {
    let conversations = &core.conversations;
    for (id, entry) in &mut core.sessions {
        let needed = entry.session.is_judging() || conversations.is_followed(id);
        if entry.link.is_none() && !needed {
            entry.driver = None;
        }
    }
}
