//! `status`: who serves, since when, and how many sessions live.

use super::Handled;
use crate::core::Core;
use nightshift_protocol::{DaemonStatus, PROTOCOL_VERSION, Reply};

pub fn status(core: &Core) -> Handled {
    let live = core.sessions.values().filter(|e| e.session.is_alive());
    let connected = live.clone().filter(|e| e.caught_up).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Handled::Done(Reply::Status(DaemonStatus {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        socket: core.home.supervisor_socket().to_string_lossy().into_owned(),
        sessions: count(live.count()),
        connected: count(connected),
        started_at: core.started_at,
    }))
}
