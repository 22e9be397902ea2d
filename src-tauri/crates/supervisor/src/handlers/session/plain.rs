//! Commands that need no more than the state machine or the list of sessions.

use crate::clients::ConnId;
use crate::core::{Core, Entry};
use crate::features::retention;
use crate::handlers::{Handled, Outcome, apply, find, quoted};
use nightshift_model::{Command as SessionCommand, SessionId};
use nightshift_protocol::{Fault, FaultCode, Reply, SessionView};

/// Every session for the user; for a session itself.
pub fn list(core: &Core, conn: ConnId) -> Reply {
    let (all, own) = (core.gate.is_user(conn), core.gate.session(conn));
    let seen = core.sessions.iter().filter(|(id, _)| all || own.as_ref() == Some(id));
    let views = seen.map(|(_, e)| SessionView::of(&e.session)).collect();
    Reply::Sessions { views }
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

/// A name that somebody gives is one by which the session can be found. Names that come from prompts may be the
/// same: whoever uses one of these is told the ids.
pub fn rename(core: &mut Core, session: &str, name: String) -> Outcome {
    let id = find(core, session)?;
    let given = crate::handlers::named(&name)?;
    let same = |(_, entry): &(&SessionId, &Entry)| entry.session.name == given;
    let others = core.sessions.iter().filter(|(other, _)| **other != id);
    if let Some((other, entry)) = others.clone().find(same) {
        let text = format!("session {other} is called `{}` already", quoted(&entry.session.name));
        return Err(Fault::new(FaultCode::Refused, text).hint("choose another name"));
    }
    simple(core, session, SessionCommand::Rename { name })
}

/// Interrupt, rename, pin: done once committed.
pub fn simple(core: &mut Core, session: &str, command: SessionCommand) -> Outcome {
    let session = find(core, session)?;
    apply(core, &session, command)?;
    core.view(&session).map(Handled::Done)
}
