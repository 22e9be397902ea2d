//! What a monitor has said and the supervisor has not yet taken: in order, numbered, bounded.
//!
//! Promises: a line is handed out again and again under the same number until it was taken, so that
//! none is lost and none told twice; whoever adds waits while there is no room.
//! Must not know: where lines come from or go to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Lines held while no supervisor answers or the agent is too busy to be told; then the command or
/// server has to wait.
pub const HOLD_MAX_LINES: usize = 5_000;
/// The same in bytes: a few of the longest messages.
pub const HOLD_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Lines handed over at once.
pub const BATCH_MAX_LINES: usize = 1_000;
/// Bytes handed over at once, unless one line alone is more: well below a frame.
pub const BATCH_MAX_BYTES: usize = 1024 * 1024;
/// Lines told of a flood: enough to see what it was.
pub const FLOOD_KEEP_LINES: usize = 20;

/// Lines to hand over; `first` numbers the first of them, from 1 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub first: u64,
    pub lines: Vec<String>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    bytes: usize,
    /// Lines that were taken.
    taken: u64,
    /// Lines of `waiting` that are being handed over.
    handed: usize,
    closed: bool,
}

#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    /// Something came, or nothing more will.
    filled: Notify,
    /// Something was taken.
    emptied: Notify,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, once there is room.
    pub async fn push(&self, line: String) {
        loop {
            let emptied = self.emptied.notified();
            {
                let mut state = self.lock();
                let full = state.waiting.len() >= HOLD_MAX_LINES || state.bytes >= HOLD_MAX_BYTES;
                if !full {
                    state.bytes += line.len();
                    state.waiting.push_back(line);
                    break;
                }
            }
            emptied.await;
        }
        self.filled.notify_one();
    }

    /// Nothing more will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Of what waits only the first lines are told, and those that are on their way; how many are
    /// not.
    pub fn cut(&self) -> usize {
        let mut state = self.lock();
        let kept = state.handed.max(FLOOD_KEEP_LINES);
        let left = state.waiting.len().saturating_sub(kept);
        state.waiting.truncate(kept);
        state.bytes = state.waiting.iter().map(String::len).sum();
        left
    }

    /// Waits for something to hand over; false when there is nothing and never will be.
    pub async fn fills(&self) -> bool {
        loop {
            {
                let state = self.lock();
                if !state.waiting.is_empty() {
                    return true;
                }
                if state.closed {
                    return false;
                }
            }
            // One waiter, and a permit is kept: no change between the look and the wait is missed.
            self.filled.notified().await;
        }
    }

    /// Waits until it is closed.
    pub async fn closes(&self) {
        while !self.lock().closed {
            self.filled.notified().await;
        }
    }

    /// The lines to hand over now; the same ones again until they are taken.
    pub fn batch(&self) -> Batch {
        let mut state = self.lock();
        let mut bytes = 0;
        let fits = |line: &&String| {
            let first = bytes == 0;
            bytes += line.len().max(1);
            first || bytes <= BATCH_MAX_BYTES
        };
        let waiting = state.waiting.iter().take(BATCH_MAX_LINES);
        let lines: Vec<String> = waiting.take_while(fits).cloned().collect();
        state.handed = lines.len();
        Batch { first: state.taken + 1, lines }
    }

    /// Lines up to this number are the supervisor's now.
    pub fn taken(&self, up_to: u64) {
        {
            let mut state = self.lock();
            while state.taken < up_to
                && let Some(line) = state.waiting.pop_front()
            {
                state.bytes -= line.len();
                state.taken += 1;
            }
            state.handed = 0;
        }
        self.emptied.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn push(outbox: &Outbox, line: &str) -> bool {
        outbox.push(line.to_owned()).now_or_never().is_some()
    }

    #[test]
    fn lines_keep_their_numbers_until_they_are_taken() {
        let outbox = Outbox::default();
        for line in ["a", "b", "c"] {
            assert!(push(&outbox, line));
        }
        let batch = outbox.batch();
        assert_eq!(batch, Batch { first: 1, lines: vec!["a".into(), "b".into(), "c".into()] });
        assert_eq!(outbox.batch(), batch, "handed out again as it was");
        outbox.taken(2);
        outbox.taken(1);
        assert_eq!(outbox.batch(), Batch { first: 3, lines: vec!["c".into()] });
        outbox.taken(3);
        assert_eq!(outbox.fills().now_or_never(), None, "nothing to hand over");
        outbox.close();
        assert_eq!(outbox.fills().now_or_never(), Some(false));
    }

    #[test]
    fn a_batch_is_bounded_and_one_long_line_still_goes() {
        let outbox = Outbox::default();
        let long = "x".repeat(BATCH_MAX_BYTES + 1);
        for line in [long.as_str(), "b"] {
            assert!(push(&outbox, line));
        }
        assert_eq!(outbox.batch().lines, [long]);
        outbox.taken(1);
        assert_eq!(outbox.batch().lines, ["b"]);
    }

    #[test]
    fn who_adds_waits_for_room() {
        let outbox = Outbox::default();
        for _ in 0..HOLD_MAX_LINES {
            assert!(push(&outbox, "x"));
        }
        let mut waits = Box::pin(outbox.push("y".to_owned()));
        assert_eq!(waits.as_mut().now_or_never(), None);
        outbox.taken(1);
        assert_eq!(waits.as_mut().now_or_never(), Some(()));
        assert_eq!(outbox.cut(), HOLD_MAX_LINES - FLOOD_KEEP_LINES);
        assert_eq!(outbox.batch().lines.len(), FLOOD_KEEP_LINES);
    }

    #[test]
    fn what_is_on_its_way_is_not_cut() {
        let outbox = Outbox::default();
        for _ in 0..FLOOD_KEEP_LINES * 3 {
            assert!(push(&outbox, "x"));
        }
        let batch = outbox.batch();
        for _ in 0..5 {
            assert!(push(&outbox, "y"));
        }
        assert_eq!(outbox.cut(), 5);
        outbox.taken(batch.lines.len() as u64);
        assert_eq!(outbox.batch().lines, Vec::<String>::new());
    }
}
