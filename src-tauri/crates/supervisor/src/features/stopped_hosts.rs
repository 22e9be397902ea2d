//! Hosts of sessions that are said to work: each is looked at now and then, for one that stands still cannot say so.
//!
//! Promise: a look reads the state of the process and wakes no host; while no session works, nothing is due, and
//! while nobody looks at the board, looks are rare.
//! Must not know: how a host is looked at.

use crate::core::{Core, Entry};
use crate::limits::{HOST_LOOK_PAUSE, HOST_LOOK_PAUSE_UNSEEN};
use nightshift_model::State;
use nightshift_platform::clock;
use std::time::Duration;

pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let pause = match core.board.is_followed() {
        true => HOST_LOOK_PAUSE,
        false => HOST_LOOK_PAUSE_UNSEEN,
    };
    let left = (core.hosts_looked_at + pause).saturating_sub(now);
    core.sessions.values().any(works).then_some(left)
}

pub fn on_tick(core: &mut Core, now: Duration) {
    if due_in(core, now).is_some_and(|left| left.is_zero()) {
        look(core);
    }
}

/// At once: somebody asks how sessions are.
pub fn look(core: &mut Core) {
    core.hosts_looked_at = clock::monotonic();
    for entry in core.sessions.values().filter(|entry| works(entry)) {
        if let Some(link) = &entry.link {
            link.look();
        }
    }
}

fn works(entry: &Entry) -> bool {
    let works = matches!(entry.session.state, State::Working);
    works && entry.session.is_alive() && entry.link.is_some()
}
