//! Acting on what was decided. Each effect may run twice with the same result.

mod deliver;
mod launch;

use crate::core::Core;
use crate::limits::STOP_GRACE_MS;
use crate::link::LinkCommand;
use nightshift_model::{Effect, SessionId};

pub use deliver::{deliver, driver_of, feed};
pub use launch::{adopt, session_of};

pub fn act(core: &mut Core, id: &SessionId, effect: Effect) {
    match effect {
        Effect::Launch => launch::launch(core, id),
        Effect::Deliver => deliver(core, id),
        Effect::Cancel => deliver::cancel(core, id),
        Effect::StopHost => stop_host(core, id),
    }
}

/// Asks the host to end everything under it. A launch that is under way is stopped once it is up.
pub fn stop_host(core: &mut Core, id: &SessionId) {
    let link = core.sessions.get(id).and_then(|e| e.link.as_ref());
    if let Some(link) = link
        && !link.send(LinkCommand::Stop { grace_ms: STOP_GRACE_MS })
    {
        tracing::warn!(session = %id, "the stop waits until its host can be reached");
    }
}
