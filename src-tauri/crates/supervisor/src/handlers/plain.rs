//! Commands that need no more than the state machine or the list of sessions.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use crate::retention;
use nightshift_model::Command as SessionCommand;
use nightshift_protocol::{Reply, SessionView};
use nightshift_publish::ConnId;

/// Every session for the user; for a session itself.
pub fn list(core: &Core, conn: ConnId) -> Handled {
    let (all, own) = (core.gate.is_user(conn), core.gate.session(conn));
    let seen = core.sessions.iter().filter(|(id, _)| all || own.as_ref() == Some(id));
    let views = seen.map(|(_, e)| SessionView::of(&e.session)).collect();
    Handled::Done(Reply::Sessions { views })
}

pub fn show(core: &Core, session: &str) -> Outcome {
    core.view(&find(core, session)?).map(Handled::Done)
}

pub fn pin(core: &mut Core, session: &str, pinned: bool) -> Outcome {
    simple(core, session, SessionCommand::Pin { pinned })
}

/// The user has looked at its end.
pub fn seen(core: &mut Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    retention::shown(core, &session);
    core.view(&session).map(Handled::Done)
}

/// Interrupt, rename, pin: done once committed.
pub fn simple(core: &mut Core, session: &str, command: SessionCommand) -> Outcome {
    let session = find(core, session)?;
    apply(core, &session, command)?;
    core.view(&session).map(Handled::Done)
}
