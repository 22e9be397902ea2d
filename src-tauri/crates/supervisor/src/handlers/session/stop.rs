//! `stop`: ends a session's processes. Done when none is left; one whose host stands still ends when that goes on.

use crate::clients::waiter::Until;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, apply, find};
use crate::ports::host_link::LinkHandle;
use nightshift_model::{Command as SessionCommand, SessionId};
use nightshift_protocol::Fault;

pub fn stop(core: &mut Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    ask_to_end(core, &session)?;
    Ok(Handled::Later { session, until: Until::Ended })
}

/// Its host is connected and says nothing: it will read what it is told once it goes on.
pub fn ask_to_end(core: &mut Core, session: &SessionId) -> Result<(), Fault> {
    let link = core.sessions.get(session).and_then(|entry| entry.link.as_ref());
    let command = match link.is_some_and(LinkHandle::is_silent) {
        true => SessionCommand::StopLater,
        false => SessionCommand::Stop,
    };
    apply(core, session, command)
}
