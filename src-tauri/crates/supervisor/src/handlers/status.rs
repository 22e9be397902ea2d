//! `status`: who serves, since when, what it costs, and how the sessions and the clock are doing.

use super::Handled;
use crate::core::Core;
use nightshift_model::{Liveness, Millis, Session};
use nightshift_platform::{clock, memory};
use nightshift_protocol::{DaemonStatus, PROTOCOL_VERSION, Reply};
use std::time::Duration;

pub fn status(core: &Core) -> Handled {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let count = |which: fn(&Session) -> bool| {
        number(core.sessions.values().filter(|e| which(&e.session)).count())
    };
    let alive = core.sessions.values().filter(|e| e.session.is_alive());
    let connected = alive.filter(|e| e.caught_up).count();
    let in_ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let at = |wait| Millis(clock::now().0.saturating_add(in_ms(wait)));
    Handled::Done(Reply::Status(DaemonStatus {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        socket: core.home.supervisor_socket().to_string_lossy().into_owned(),
        sessions: count(Session::is_alive),
        connected: number(connected),
        unknown: count(|s| matches!(s.liveness, Liveness::Unknown { .. })),
        gone: count(|s| matches!(s.liveness, Liveness::Gone { .. })),
        started_at: core.started_at,
        notices: Some(number(core.notices.len() + core.conditions.len())),
        schedules_paused: core.schedules_paused,
        heartbeat_at: core.heartbeat_at,
        next_due: core.next_deadline().map(at),
        memory_kib: memory::own_kib().unwrap_or_default(),
    }))
}
