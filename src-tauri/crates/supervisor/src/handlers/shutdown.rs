//! `shutdown`: ends the supervisor; its sessions only when asked to.

use super::{Handled, apply};
use crate::core::{Core, Ending};
use nightshift_model::{Command as SessionCommand, Liveness, SessionId};
use nightshift_protocol::Reply;

pub fn shutdown(core: &mut Core, keep_workers: bool) -> Handled {
    if keep_workers {
        core.ending = Ending::Now;
        return Handled::Done(Reply::Ok);
    }
    let live =
        |id: &&SessionId| !matches!(core.sessions[*id].session.liveness, Liveness::Gone { .. });
    let live: Vec<SessionId> = core.sessions.keys().filter(live).cloned().collect();
    for id in live {
        // One that cannot be reached stays as it is: the next supervisor finds it.
        if let Err(fault) = apply(core, &id, SessionCommand::Stop) {
            tracing::warn!(session = %id, "not stopped: {fault}");
        }
    }
    core.ending = Ending::WhenSessionsEnded;
    Handled::Done(Reply::Ok)
}
