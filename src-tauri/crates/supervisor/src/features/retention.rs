//! Retention: a shell job's row and output go some time after its end was looked at.
//!
//! Promise: a failure that nobody looked at never goes by itself, nor does what is pinned. Time is
//! counted while this supervisor runs and begins anew with each, so that neither a sleeping machine
//! nor a clock that jumps takes a row too early. The removal is the one that `rm` ends in.

use crate::core::{Core, Entry};
use crate::handlers;
use crate::limits::SHELL_KEEP;
use nightshift_model::keeping::{has_ended, may_go, stays};
use nightshift_model::{Command, Event, Millis, SessionId};
use nightshift_platform::clock;
use std::time::Duration;

/// Seconds; for tests and for boards that are to stay empty or full.
const KEEP_VARIABLE: &str = "NIGHTSHIFT_SHELL_KEEP_S";

/// The environment's word counts more than the settings'.
pub fn shell_keep(wanted: Option<Duration>) -> Duration {
    let set = std::env::var(KEEP_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.map(Duration::from_secs).or(wanted).unwrap_or(SHELL_KEEP)
}

/// The end of a shell job was shown: from now on the time is counted.
pub fn shown(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    if !has_ended(&entry.session) {
        return;
    }
    entry.ended_since = Some(clock::monotonic());
    if !entry.session.end_seen
        && let Err(fault) = core.apply(id, Event::Command(Command::Seen), clock::now(), 0)
    {
        // Not known to have been seen: kept for longer.
        tracing::warn!(session = %id, "that its end was seen is not stored: {fault}");
    }
}

/// Time until a row goes; none when none will.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let wall = clock::now();
    core.sessions.values().filter_map(|entry| left(entry, core.shell_keep, now, wall)).min()
}

pub fn on_tick(core: &mut Core, now: Duration) {
    let wall = clock::now();
    let mut due = Vec::new();
    for (id, entry) in &mut core.sessions {
        if !may_go(&entry.session) {
            entry.ended_since = None;
        } else if entry.ended_since.is_none() {
            entry.ended_since = Some(now);
        } else if left(entry, core.shell_keep, now, wall).is_some_and(|left| left.is_zero()) {
            // If the removal fails, it is tried again after as long a time.
            entry.ended_since = Some(now);
            due.push(id.clone());
        }
    }
    for id in due {
        tracing::info!(session = %id, "its end was seen or is long past: it goes");
        handlers::take_off(core, &id);
    }
}

/// How long the row still stays; none when it stays for good.
fn left(entry: &Entry, keep: Duration, now: Duration, wall: Millis) -> Option<Duration> {
    let running = now.saturating_sub(entry.ended_since?);
    stays(&entry.session, keep, running, wall)
}
