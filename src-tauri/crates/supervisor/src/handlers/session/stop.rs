//! `stop`: ends a session's processes. Done when none is left; one whose host stands still ends when that goes on.

use crate::clients::waiter::Until;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, apply, find, quoted};
use crate::ports::host_link::LinkHandle;
use nightshift_model::{Command as SessionCommand, Liveness, SessionId};
use nightshift_protocol::{Fault, FaultCode};

pub fn stop(core: &mut Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    refuse_elsewhere(core, &session)?;
    ask_to_end(core, &session)?;
    Ok(Handled::Later { session, until: Until::Ended })
}

/// In a home that was copied while its sessions ran they have no process; those of the original go on, and "stopped"
/// would be said of them.
fn refuse_elsewhere(core: &Core, session: &SessionId) -> Result<(), Fault> {
    let entry = core.sessions.get(session);
    if !entry.is_some_and(|e| matches!(e.session.liveness, Liveness::Gone { .. })) {
        return Ok(());
    }
    let Some(home) = core.world.runs_elsewhere(session) else { return Ok(()) };
    let home = home.display().to_string();
    let message = format!("session {session} runs under another home, {}", quoted(&home));
    Err(Fault::new(FaultCode::Refused, message)
        .hint("this home is a copy of that one: stop the session from there; nothing was done"))
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
