//! Going on after a usage limit, where the user chose so.
//!
//! Promise: by the wall clock, because limits end by it; a clock that jumps, or a machine that
//! slept, is noticed as it is for everything that waits for a time (`TimerQueue`).

use crate::core::Core;
use nightshift_model::{Fact, Millis, SessionId};
use nightshift_platform::clock;
use std::time::Duration;

/// When each session goes on that does.
pub fn chosen(core: &Core) -> impl Iterator<Item = (&SessionId, Millis)> {
    core.sessions.iter().filter_map(|(id, entry)| {
        let continues = entry.session.agent()?.continues.as_ref()?;
        Some((id, continues.at))
    })
}

pub fn due_in(core: &Core, _: Duration) -> Option<Duration> {
    let now = clock::now();
    let first = chosen(core).map(|(_, at)| at).min()?;
    Some(core.timers.bounded(Duration::from_millis(first.0.saturating_sub(now.0))))
}

pub fn on_tick(core: &mut Core, _: Duration) {
    let now = clock::now();
    let due: Vec<SessionId> =
        chosen(core).filter(|(_, at)| now >= *at).map(|(id, _)| id.clone()).collect();
    for id in due {
        core.fact(&id, Fact::ContinueDue);
    }
}
