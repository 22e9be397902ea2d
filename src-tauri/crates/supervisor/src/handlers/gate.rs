//! Before any handler sees a command: may whoever sent it ask for that?
//!
//! Promise: what a session tried stands in its evidence, under its name. Must not know: who may what.

use super::find;
use crate::clients::{ConnId, gate};
use crate::core::Core;
use nightshift_host::kin::Caller;
use nightshift_model::{Fact, SessionId, Source};
use nightshift_protocol::{Command, Fault, FaultCode};

/// The command as it may be carried out, or why it may not.
pub fn pass(core: &mut Core, conn: ConnId, command: Command) -> Result<Command, Fault> {
    let is_intakes = matches!(command, Command::Intake { .. });
    let Some(caller) = core.gate.caller(conn).cloned() else {
        return match is_intakes {
            true => Err(only_intake()),
            false => Ok(command),
        };
    };
    if caller == Caller::Intake {
        return if is_intakes { Ok(command) } else { Err(refuse(core, &caller, &command)) };
    }
    let own = core.gate.session(conn).filter(|id| core.sessions.contains_key(id));
    let is_own = |named: &str| own.is_some() && find(core, named).ok() == own;
    match gate::allowed(own.as_ref(), is_own, command) {
        Ok(command) => Ok(command),
        Err(command) => Err(refuse(core, &caller, &command)),
    }
}

/// An event is checked by the process that takes it; nobody else says that it was.
fn only_intake() -> Fault {
    let message = "only the intake process brings events from outside";
    Fault::new(FaultCode::Refused, message).hint("run it with `nightshift routines run`")
}

fn refuse(core: &mut Core, caller: &Caller, command: &Command) -> Fault {
    let (who, what) = (gate::who(caller), gate::purpose(command));
    if core.gate.tells(&who, what) {
        tracing::warn!("{who} tried to {what}: refused");
        if let Caller::Session { id, .. } = caller
            && let Some(id) = SessionId::parse(id).filter(|id| core.sessions.contains_key(id))
        {
            let whose = whose(core, &id, command);
            let text = format!("{who} tried to {what}{whose}: refused, only the user may");
            core.fact(&id, Fact::Noted { source: Source::Process, text });
        }
    }
    gate::refusal(caller, what)
}

/// Whose session it was about, for the evidence.
fn whose(core: &Core, id: &SessionId, command: &Command) -> String {
    match gate::named(command).and_then(|named| find(core, named).ok()) {
        Some(found) if found == *id => " (its own)".to_owned(),
        Some(found) => format!(" (session {found})"),
        None => String::new(),
    }
}
