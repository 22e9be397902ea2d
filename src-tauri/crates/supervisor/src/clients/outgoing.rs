//! One client's outgoing frames: how many and how many bytes wait for it, and its being let go.
//!
//! Promise: what a client that does not read can make us keep is bounded in frames and in bytes; one frame
//! always finds room where nothing waits. Must not know: what the frames say, sockets.

use crate::clients::Sent;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::{Notify, mpsc};

/// Bytes that wait for one client: a board and some pages of a log. A follower beyond it gets a fresh
/// snapshot later.
const WAITING_MAX_BYTES: usize = 8 * 1024 * 1024;
/// The same when something was asked for: whoever asks reads, and a snapshot may be on its way before it.
const ANSWERS_MAX_BYTES: usize = 32 * 1024 * 1024;

/// Where frames for one client are put.
#[derive(Clone, Debug)]
pub struct Outgoing {
    queue: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

/// The same, which does not keep the client.
#[derive(Clone, Debug)]
pub struct WeakOutgoing {
    queue: mpsc::WeakSender<Vec<u8>>,
    shared: Arc<Shared>,
}

/// Where they are taken from.
#[derive(Debug)]
pub struct Frames {
    queue: mpsc::Receiver<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes that were put and not written yet.
    waiting: AtomicUsize,
    let_go: Notify,
}

impl Outgoing {
    /// `room`: so many frames wait at most.
    pub fn new(room: usize) -> (Outgoing, Frames) {
        let (out, queue) = mpsc::channel(room);
        let shared = Arc::new(Shared::default());
        (Outgoing { queue: out, shared: shared.clone() }, Frames { queue, shared })
    }

    pub fn put(&self, frame: Vec<u8>) -> Sent {
        self.put_within(frame, WAITING_MAX_BYTES)
    }

    /// The same for an answer.
    pub fn answer(&self, frame: Vec<u8>) -> Sent {
        self.put_within(frame, ANSWERS_MAX_BYTES)
    }

    fn put_within(&self, frame: Vec<u8>, max: usize) -> Sent {
        let (len, waiting) = (frame.len(), self.waiting());
        if self.queue.is_closed() {
            return Sent::Gone;
        }
        if waiting > 0 && waiting + len > max {
            return Sent::Full;
        }
        // Before it can be taken: what is taken is counted down.
        self.shared.waiting.fetch_add(len, Ordering::Relaxed);
        let sent = match self.queue.try_send(frame) {
            Ok(()) => return Sent::Queued,
            Err(TrySendError::Full(_)) => Sent::Full,
            Err(TrySendError::Closed(_)) => Sent::Gone,
        };
        self.shared.waiting.fetch_sub(len, Ordering::Relaxed);
        sent
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Nothing more is written to this client, what waits for it neither.
    pub fn let_go(&self) {
        self.shared.let_go.notify_one();
    }

    pub fn downgrade(&self) -> WeakOutgoing {
        WeakOutgoing { queue: self.queue.downgrade(), shared: self.shared.clone() }
    }
}

impl WeakOutgoing {
    /// None once nobody keeps the client.
    pub fn upgrade(&self) -> Option<Outgoing> {
        Some(Outgoing { queue: self.queue.upgrade()?, shared: self.shared.clone() })
    }
}

impl Frames {
    /// The next frame; none once nobody will put any more.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.queue.recv().await
    }

    /// The same without waiting.
    pub fn try_next(&mut self) -> Result<Vec<u8>, TryRecvError> {
        let frame = self.queue.try_recv()?;
        self.written(frame.len());
        Ok(frame)
    }

    /// A frame of this length is on its way and waits no longer.
    pub fn written(&self, len: usize) {
        self.shared.waiting.fetch_sub(len, Ordering::Relaxed);
    }

    /// Done when the client is let go.
    pub fn let_go(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = self.shared.clone();
        async move { shared.let_go.notified().await }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_15_a_client_that_reads_nothing_keeps_a_bounded_number_of_bytes() {
        let (out, mut frames) = Outgoing::new(1024);
        assert_eq!(out.put(vec![0; 2 * WAITING_MAX_BYTES]), Sent::Queued, "nothing waits");
        assert_eq!(out.put(vec![0; 1]), Sent::Full);
        assert_eq!(frames.try_next().unwrap().len(), 2 * WAITING_MAX_BYTES);
        let queued = (0..1024).filter(|_| out.put(vec![0; 1024 * 1024]) == Sent::Queued).count();
        assert_eq!(queued * 1024 * 1024, WAITING_MAX_BYTES);
        assert_eq!(out.waiting(), WAITING_MAX_BYTES);
        assert_eq!(out.answer(vec![0; 1]), Sent::Queued);
        assert_eq!(out.answer(vec![0; ANSWERS_MAX_BYTES]), Sent::Full);
        drop(frames);
        assert_eq!(out.put(Vec::new()), Sent::Gone);
    }
}
