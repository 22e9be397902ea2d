//! Shortage of memory, as the kernel tells it: by events, else by its average.

use crate::limits::{PRESSURE_PAUSE, PRESSURE_PERCENT};
use nightshift_platform::pressure;
use nightshift_supervisor::inbox::{Inbox, InboxSender};
use nightshift_supervisor::ports::pressure::MemoryPressure;
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
        Pressure { source, pause, next_look: Duration::ZERO, _watch: watch }
    }
}

impl MemoryPressure for Pressure {
    fn due_in(&self, now: Duration) -> Option<Duration> {
        let looks = matches!(self.source, Source::Average(_));
        looks.then(|| self.next_look.saturating_sub(now))
    }

    fn is_short(&mut self, now: Duration) -> bool {
        let Source::Average(path) = &self.source else { return false };
        if now < self.next_look {
            return false;
        }
        let found = pressure::recent_percent(path);
        self.next_look = now + self.pause;
        match found {
            Ok(percent) => percent >= PRESSURE_PERCENT,
            Err(e) => {
                tracing::debug!("memory pressure not read: {e}");
                false
            }
        }
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
