//! Acting on what was decided. Each effect may run twice with the same result.

mod deliver;
mod launch;

use crate::core::Core;
use crate::limits::STOP_GRACE_MS;
use nightshift_model::{Effect, Fact, SessionId};

pub use deliver::{deliver, driver_of, feed};
pub use launch::{adopt, launch, lodged, trust_asked, wanted};

pub fn act(core: &mut Core, id: &SessionId, effect: Effect) {
    match effect {
        Effect::Launch => launch::launch(core, id),
        Effect::Relaunch => crate::features::idle_retirement::relaunch_later(core, id),
        // What is to be interrupted is stored: it goes out with all the rest.
        Effect::Deliver | Effect::Cancel => deliver(core, id),
        Effect::Judge => crate::features::goal_evaluation::begin(core, id),
        Effect::StopHost => stop_host(core, id),
    }
}

/// Asks the host to end everything under it. A launch that is under way is stopped once it is up.
pub fn stop_host(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    if entry.link.is_none() {
        // It waits to be started again: now it will not be.
        entry.relaunch_at = None;
        return core.fact(id, Fact::HostLost { cause: "it was not running".into() });
    }
    if let Some(link) = &entry.link
        && !link.stop(STOP_GRACE_MS)
    {
        tracing::warn!(session = %id, "the stop waits until its host can be reached");
    }
}
