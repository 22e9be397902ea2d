//! `attach`: where a session can be watched live.

use crate::core::Core;
use crate::handlers::{Handled, Outcome, find};
use nightshift_model::{Liveness, Work};
use nightshift_protocol::{AttachTarget, Fault, FaultCode, Reply};

pub fn attach(core: &Core, session: &str) -> Outcome {
    let id = find(core, session)?;
    let session = &core.sessions[&id].session;
    let target = match (&session.work, &session.liveness) {
        (Work::Agent(_), _) if !session.is_terminal_agent() => AttachTarget::Conversation,
        (Work::Shell { .. } | Work::Agent(_), Liveness::Alive { .. }) => {
            // Of a host that was started with another directory for sockets, it is there.
            let socket = core.sessions[&id].socket.clone();
            let socket = socket.unwrap_or_else(|| core.home.host_socket(id.as_str()));
            // It may have been deleted or replaced: the host looks, and the client waits a moment for it.
            if let Some(link) = &core.sessions[&id].link {
                link.restore();
            }
            AttachTarget::Terminal { socket: socket.to_string_lossy().into_owned() }
        }
        (Work::Shell { .. } | Work::Agent(_), Liveness::Gone { .. }) => AttachTarget::Ended,
        (Work::Shell { .. } | Work::Agent(_), Liveness::Unknown { why, .. }) => {
            return Err(Fault::new(
                FaultCode::Unreachable,
                format!("session {id} cannot be attached: {why}"),
            )
            .hint(format!("read what it printed with `nightshift logs {id}`")));
        }
    };
    Ok(Handled::Done(Reply::Attach { target }))
}
