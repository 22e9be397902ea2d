//! `shutdown`: ends the supervisor; its sessions only when asked to.

use super::{Handled, Outcome, stop};
use crate::core::{Core, Ending};
use crate::ports::host_link::LinkHandle;
use nightshift_model::{Liveness, SessionId};
use nightshift_protocol::{Fault, FaultCode, Reply};

pub fn shutdown(core: &mut Core, keep_workers: bool) -> Outcome {
    if keep_workers {
        core.ending = Ending::Now;
        return Ok(Handled::Done(Reply::Ok));
    }
    refuse_unreachable(core)?;
    let live =
        |id: &&SessionId| !matches!(core.sessions[*id].session.liveness, Liveness::Gone { .. });
    let live: Vec<SessionId> = core.sessions.keys().filter(live).cloned().collect();
    for id in live {
        if let Err(fault) = stop::ask_to_end(core, &id) {
            tracing::warn!(session = %id, "not stopped: {fault}");
        }
    }
    core.ending = Ending::WhenSessionsEnded;
    Ok(Handled::Done(Reply::Ok))
}

/// "Stopped" must not be said while some go on that were to be ended.
fn refuse_unreachable(core: &Core) -> Result<(), Fault> {
    for entry in core.sessions.values() {
        let Liveness::Unknown { why, .. } = &entry.session.liveness else { continue };
        // It is told once more, and keeps the end waiting.
        if entry.link.as_ref().is_some_and(LinkHandle::is_silent) && !entry.session.stopping {
            continue;
        }
        let id = &entry.session.id;
        return Err(Fault::new(FaultCode::Refused, format!("session {id} cannot be ended: {why}"))
            .hint(format!(
                "{}, then try again; or keep the sessions running: `nightshift daemon stop --keep-workers`",
                entry.session.way_out()
            )));
    }
    Ok(())
}
