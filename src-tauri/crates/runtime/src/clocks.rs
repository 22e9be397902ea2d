//! Tells the loop when the machine's clock is set, when it has slept, and when its time zone is another.
//!
//! Promise: nothing is done while nothing happens; where the system tells of none of this, the loop is not told that
//! somebody watches, and goes on looking by itself.
//! Must not know: what is planned.

use nightshift_platform::clock_watch::ClockWatch;
use nightshift_platform::watch::Watch;
use nightshift_supervisor::inbox::{Inbox, InboxSender};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The system's time zone.
const ZONE_FILE: &str = "/etc/localtime";
/// Whoever sets a zone takes the old file away and puts the new one there: one change.
const SETTLE: Duration = Duration::from_millis(150);

/// Until the loop has ended, or the system tells nothing any more.
pub async fn watch(inbox: InboxSender) {
    // SAFETY: a watch owns its one descriptor from its making to its end.
    let clock = ClockWatch::new().and_then(|watch| {
        Ok(unsafe { AsyncFd::register_with_interest(watch, Interest::READABLE) }?)
    });
    let clock = match clock {
        Ok(clock) => clock,
        Err(e) => return tracing::info!("the clock is looked at now and then: {e}"),
    };
    loop {
        // Before the word: what comes after the look that it leads to is heard of.
        let zone = zone_watch();
        if inbox.send(Inbox::Clocks { watched: true }).await.is_err() {
            return;
        }
        let went = tokio::select! {
            ready = clock.readable() => ready.and_then(|mut ready| {
                ready.clear_ready();
                clock.get_ref().take().map(|_| ())
            }),
            () = changes(zone) => {
                tokio::time::sleep(SETTLE).await;
                Ok(())
            }
        };
        if let Err(e) = went {
            // Nothing is heard of any more: whoever relies on it would be late for ever.
            tracing::error!("the clock cannot be watched: {e}");
            inbox.send(Inbox::Clocks { watched: false }).await.ok(); // The loop has ended already.
            return;
        }
    }
}

fn zone_watch() -> io::Result<AsyncFd<Watch>> {
    let watch = Watch::of_file(Path::new(ZONE_FILE))?;
    // SAFETY: as above.
    Ok(unsafe { AsyncFd::register_with_interest(watch, Interest::READABLE) }?)
}

/// Returns when the zone's file is another; never where there is none, and it is UTC until there is one.
async fn changes(zone: io::Result<AsyncFd<Watch>>) {
    if let Ok(watch) = zone
        && watch.readable().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
