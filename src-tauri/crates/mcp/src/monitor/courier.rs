//! Takes what a monitor said to the supervisor: in batches, again until it was taken, then the end.
//!
//! Must not know: sockets, where lines come from.

use super::Ending;
use super::outbox::{Batch, Outbox};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Lines that come within this time of the first are told together.
pub const BATCH_TIME: Duration = Duration::from_millis(200);

type Carried<'a> = Pin<Box<dyn Future<Output = Taken> + Send + 'a>>;

/// What became of something that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// Nobody wants it any more: the session or the monitor is not known.
    Never,
}

/// Whoever takes what monitors say. Returns only when it was taken, however long that takes.
pub trait Uplink: Send + Sync {
    fn lines<'a>(&'a self, id: &'a str, batch: Batch) -> Carried<'a>;
    fn ended<'a>(&'a self, id: &'a str, ending: &'a Ending) -> Carried<'a>;
}

pub async fn carry(
    id: String,
    outbox: Arc<Outbox>,
    ending: Arc<Mutex<Option<Ending>>>,
    uplink: Arc<dyn Uplink>,
) {
    while outbox.fills().await {
        // More may come with it; the end of all waits for nothing.
        tokio::time::timeout(BATCH_TIME, outbox.closes()).await.ok();
        let batch = outbox.batch();
        let Some(last) = last_number(&batch) else { continue };
        match uplink.lines(&id, batch).await {
            Taken::Yes => outbox.taken(last),
            Taken::Never => return,
        }
    }
    let ending = ending.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(ending) = ending {
        uplink.ended(&id, &ending).await;
    }
}

/// Number of the last line; none when a flood took all lines away meanwhile.
fn last_number(batch: &Batch) -> Option<u64> {
    let count = u64::try_from(batch.lines.len()).unwrap_or(u64::MAX);
    count.checked_sub(1).map(|more| batch.first + more)
}
