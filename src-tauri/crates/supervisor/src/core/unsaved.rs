//! Facts that have happened and could not be stored yet (a full disk, a read-only file system).
//!
//! Promise: they are stored as soon as that works; after a crash the journals tell them again.

use crate::limits::{STORE_RETRY, UNSAVED_EVIDENCE_MAX};
use crate::ports::storage::Storage;
use nightshift_model::{Evidence, Session, SessionId};
use nightshift_platform::clock;
use nightshift_store::Write;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Default)]
pub struct Unsaved {
    sessions: BTreeSet<SessionId>,
    evidence: Vec<(SessionId, Evidence)>,
    retry_at: Duration,
}

impl Unsaved {
    /// Keeps what a failed write held. True when nothing was held before.
    pub fn hold(&mut self, write: Write) -> bool {
        let first = self.sessions.is_empty();
        self.sessions.extend(write.upserts.into_iter().map(|s| s.id));
        self.evidence.extend(write.evidence);
        let over = self.evidence.len().saturating_sub(UNSAVED_EVIDENCE_MAX);
        self.evidence.drain(..over);
        if first {
            self.retry_at = clock::monotonic() + STORE_RETRY;
        }
        first
    }

    /// Time until the next try; none when nothing is held.
    pub fn due_in(&self, now: Duration) -> Option<Duration> {
        (!self.sessions.is_empty()).then(|| self.retry_at.saturating_sub(now))
    }

    /// Stores the sessions as they are now.
    pub fn retry(
        &mut self,
        store: &mut dyn Storage,
        current: impl Fn(&SessionId) -> Option<Session>,
        now: Duration,
    ) {
        let known = |id: &SessionId| self.sessions.contains(id) && current(id).is_some();
        let write = Write {
            upserts: self.sessions.iter().filter_map(&current).collect(),
            evidence: self.evidence.iter().filter(|(id, _)| known(id)).cloned().collect(),
            ..Write::default()
        };
        match store.commit(&write) {
            Ok(()) => {
                tracing::info!("{} sessions stored late", self.sessions.len());
                *self = Unsaved::default();
            }
            Err(e) => {
                tracing::warn!("still not stored: {e}");
                self.retry_at = now + STORE_RETRY;
            }
        }
    }
}
