//! One attached terminal: how far behind it is, and when it gets a fresh picture instead.
//!
//! Promise: never more than one window and one snapshot on their way to a viewer, whatever it does.
//! Must not know: sockets, the screen.

use nightshift_protocol::host::VIEWER_WINDOW_BYTES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub read_only: bool,
    /// Bytes of `Data` sent since it attached.
    sent: u64,
    /// Of these, drawn.
    acked: u64,
    /// It fell behind: nothing is sent until it has drawn everything it was sent.
    skipping: bool,
    /// It was shown the alternate screen only; the main screen is owed.
    pub owes_main: bool,
}

impl Viewer {
    pub fn new(read_only: bool) -> Viewer {
        Viewer { read_only, sent: 0, acked: 0, skipping: false, owes_main: false }
    }

    /// Whether `len` bytes of output go out to it now; if not, it will get a snapshot later.
    pub fn takes(&mut self, len: usize) -> bool {
        if self.skipping {
            return false;
        }
        let len = len as u64;
        if self.sent - self.acked + len > VIEWER_WINDOW_BYTES {
            self.skipping = true;
            return false;
        }
        self.sent += len;
        true
    }

    /// What a hostile viewer acknowledges beyond what it was sent does not count.
    pub fn ack(&mut self, drawn: u64) {
        self.acked = drawn.clamp(self.acked, self.sent);
    }

    /// What is on its way to its terminal is all it has not drawn.
    pub fn all_drawn_but(&mut self, waiting: usize) {
        self.ack(self.sent.saturating_sub(waiting as u64));
    }

    pub fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Fell behind and has now drawn everything it was sent.
    pub fn wants_snapshot(&self) -> bool {
        self.skipping && self.acked == self.sent
    }

    /// A snapshot of `len` bytes goes out; `alternate`: it shows the alternate screen only.
    pub fn snapshot_sent(&mut self, len: usize, alternate: bool) {
        self.sent += len as u64;
        self.skipping = false;
        self.owes_main = alternate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_behind_its_window_gets_nothing_until_it_has_drawn_everything() {
        let window = usize::try_from(VIEWER_WINDOW_BYTES).unwrap();
        let mut viewer = Viewer::new(false);
        viewer.snapshot_sent(100, false);
        assert!(viewer.takes(window - 100));
        assert!(!viewer.takes(1));
        viewer.ack(VIEWER_WINDOW_BYTES - 1);
        assert!(!viewer.wants_snapshot() && !viewer.takes(1));
        viewer.ack(u64::MAX);
        assert!(viewer.wants_snapshot());
        viewer.snapshot_sent(50, false);
        assert!(!viewer.wants_snapshot() && viewer.takes(1));
        // Going back is not possible either.
        viewer.ack(0);
        assert!(viewer.takes(window - 51));
        assert!(!viewer.takes(1));
    }
}
