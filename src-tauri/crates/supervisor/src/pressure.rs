//! Shortage of memory: idle agents give their processes back, one after the other.
//!
//! Promise: only what has nothing to do goes, unpinned before pinned, unwatched before watched, the
//! longest idle first; nothing is looked at while there is nothing to give back.

use crate::core::{Core, Entry};
use crate::inbox::{Inbox, InboxSender};
use crate::limits::{PRESSURE_NOTICE_PAUSE, PRESSURE_PAUSE, PRESSURE_PERCENT};
use nightshift_model::{Fact, SessionId};
use nightshift_platform::{clock, pressure};
use nightshift_protocol::NoticeLevel;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

/// A file like the kernel's, for systems (and tests) where that is not the one to go by.
const FILE_VARIABLE: &str = "NIGHTSHIFT_PRESSURE_FILE";
/// Seconds.
const PAUSE_VARIABLE: &str = "NIGHTSHIFT_PRESSURE_PAUSE_S";

#[derive(Default)]
pub struct Pressure {
    source: Source,
    pause: Duration,
    /// When (monotonic) the average is worth another look.
    next_look: Duration,
    /// When (monotonic) the user was last told.
    told_at: Option<Duration>,
    /// Waits for the kernel's events; ends with this.
    _watch: JoinSet<()>,
}

#[derive(Default)]
enum Source {
    /// The kernel wakes us.
    Events,
    /// Its average is looked at while there is something to give back.
    Average(PathBuf),
    #[default]
    Nothing,
}

impl Pressure {
    /// Waits for shortages of this machine.
    pub fn start(inbox: InboxSender) -> Pressure {
        let set = std::env::var(PAUSE_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
        let pause = set.map_or(PRESSURE_PAUSE, Duration::from_secs);
        let mut watch = JoinSet::new();
        let source = match std::env::var_os(FILE_VARIABLE) {
            Some(path) => Source::Average(path.into()),
            None => match pressure::trigger() {
                Ok(events) => {
                    watch.spawn(wait_for_events(events, pause, inbox));
                    Source::Events
                }
                Err(e) => {
                    tracing::info!("no events of memory pressure: {e}");
                    let average = pressure::recent_percent(Path::new(pressure::MEMORY));
                    average.map_or(Source::Nothing, |_| Source::Average(pressure::MEMORY.into()))
                }
            },
        };
        Pressure { source, pause, next_look: Duration::ZERO, told_at: None, _watch: watch }
    }
}

async fn wait_for_events(events: File, pause: Duration, inbox: InboxSender) {
    // SAFETY: the file owns an open descriptor, and nobody replaces or closes it while it is in here.
    let registered = unsafe { AsyncFd::register_with_interest(events, Interest::PRIORITY) };
    let events = match registered {
        Ok(events) => events,
        Err(e) => return tracing::warn!("events of memory pressure cannot be waited for: {e}"),
    };
    loop {
        match events.ready(Interest::PRIORITY).await {
            Ok(mut ready) => ready.clear_ready(),
            Err(e) => return tracing::warn!("no more events of memory pressure: {e}"),
        }
        if inbox.send(Inbox::Pressure).await.is_err() {
            return; // The loop has ended.
        }
        tokio::time::sleep(pause).await;
    }
}

/// Time until the next look at the average; none while there is nothing to give back.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let looks = matches!(core.pressure.source, Source::Average(_));
    let left = core.pressure.next_look.saturating_sub(now);
    (looks && next_to_go(core).is_some()).then_some(left)
}

pub fn on_time(core: &mut Core, now: Duration) {
    let Source::Average(path) = &core.pressure.source else { return };
    if now < core.pressure.next_look || next_to_go(core).is_none() {
        return;
    }
    let found = pressure::recent_percent(path);
    core.pressure.next_look = now + core.pressure.pause;
    match found {
        Ok(percent) if percent >= PRESSURE_PERCENT => shed(core),
        Ok(_) => {}
        Err(e) => tracing::debug!("memory pressure not read: {e}"),
    }
}

/// Puts one session to rest. The next one goes when memory is still short after a pause.
pub fn shed(core: &mut Core) {
    let Some(id) = next_to_go(core) else { return };
    let now = clock::monotonic();
    let told = core.pressure.told_at.is_some_and(|at| now < at + PRESSURE_NOTICE_PAUSE);
    core.pressure.told_at = Some(now);
    core.fact(&id, Fact::Shed);
    if !told {
        let text = "memory is short: idle sessions are put to rest, the longest idle first; a \
                    reply starts them again where they left off";
        core.notice(NoticeLevel::Warning, text.to_owned());
    }
}

/// Nobody while one is still on its way out: its memory is not back yet.
fn next_to_go(core: &Core) -> Option<SessionId> {
    if core.sessions.values().any(|e| e.session.retiring) {
        return None;
    }
    let order = |(id, entry): &(&SessionId, &Entry)| {
        let watched = core.conversations.is_followed(id);
        (entry.session.pinned, watched, entry.session.state_since)
    };
    let idle = core.sessions.iter().filter(|(_, entry)| entry.session.is_idle());
    idle.min_by_key(order).map(|(id, _)| id.clone())
}
