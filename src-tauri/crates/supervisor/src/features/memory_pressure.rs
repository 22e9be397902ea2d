//! Shortage of memory: idle agents give their processes back, one after the other.
//!
//! Promise: only what has nothing to do goes, unpinned before pinned, unwatched before watched, the
//! longest idle first; nothing is looked at while there is nothing to give back.

use crate::core::{Core, Entry};
use crate::features::conditions;
use crate::features::conditions::Condition;
use crate::limits::PRESSURE_NOTICE_PAUSE;
use nightshift_model::{Fact, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::NoticeLevel;
use std::time::Duration;

/// Time until the next look at the average; none while there is nothing to give back.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let next = core
        .pressure
        .as_ref()
        .and_then(|pressure| pressure.due_in(now))
        .filter(|_| next_to_go(core).is_some());
    next.into_iter().chain(over_in(core, now)).min()
}

/// Time until a shortage that was told of counts as over: nothing had to go since.
fn over_in(core: &Core, now: Duration) -> Option<Duration> {
    let told = conditions::is_held(core, &Condition::Memory);
    let at = core.pressure_told_at.filter(|_| told)? + PRESSURE_NOTICE_PAUSE;
    Some(at.saturating_sub(now))
}

pub fn on_tick(core: &mut Core, now: Duration) {
    if next_to_go(core).is_some()
        && core.pressure.as_mut().is_some_and(|pressure| pressure.is_short(now))
    {
        shed(core);
    }
    if over_in(core, now).is_some_and(|left| left.is_zero()) {
        conditions::release(core, &Condition::Memory);
    }
}

/// Puts one session to rest. The next one goes when memory is still short after a pause.
pub fn shed(core: &mut Core) {
    let Some(id) = next_to_go(core) else { return };
    let now = clock::monotonic();
    core.pressure_told_at = Some(now);
    core.fact(&id, Fact::Shed);
    let text = "memory is short: idle sessions are put to rest, the longest idle first; a \
                reply starts them again where they left off";
    conditions::hold(core, &Condition::Memory, vec![(NoticeLevel::Warning, text.to_owned())]);
}

/// Nobody while one is still on its way out: its memory is not back yet.
fn next_to_go(core: &Core) -> Option<SessionId> {
    if core.sessions.values().any(|e| e.session.retiring) {
        return None;
    }
    let order = |(id, entry): &(&SessionId, &Entry)| {
        let watched = core.conversations.is_followed(id);
        (entry.session.pinned, watched, entry.session.state_since)
    };
    let idle = core.sessions.iter().filter(|(_, entry)| entry.session.is_idle());
    idle.min_by_key(order).map(|(id, _)| id.clone())
}
