//! What a new supervisor does not know yet: how the sessions of the one before are, until each host has said so.
//!
//! Promise: the first list tells what is so, not what was so when the last supervisor ended; nobody waits for a host
//! that says nothing for longer than `FIRST_WORDS_WAIT`.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers;
use crate::inbox::HostLinkEvent;
use crate::limits::FIRST_WORDS_WAIT;
use nightshift_model::SessionId;
use nightshift_platform::clock;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Unheard {
    sessions: BTreeSet<SessionId>,
    /// Until when (monotonic) they are waited for.
    until: Duration,
    /// Lists that wait, by connection and request.
    lists: Vec<(ConnId, u64)>,
}

/// Whether its session's state is known with this.
pub fn is_settled_by(event: &HostLinkEvent) -> bool {
    matches!(
        event,
        HostLinkEvent::CaughtUp
            | HostLinkEvent::Exited { .. }
            | HostLinkEvent::Lost { .. }
            | HostLinkEvent::LaunchFailed { .. }
            | HostLinkEvent::Unknown { .. }
    )
}

impl Core {
    /// These are being looked after from now on.
    pub fn await_first_words(&mut self, sessions: impl IntoIterator<Item = SessionId>) {
        self.unheard.sessions.extend(sessions);
        self.unheard.until = clock::monotonic() + FIRST_WORDS_WAIT;
    }

    /// Whether a list waits; it is answered by itself then.
    pub fn holds_list(&mut self, conn: ConnId, request: u64) -> bool {
        let waits = !self.unheard.sessions.is_empty() && clock::monotonic() < self.unheard.until;
        if waits {
            self.unheard.lists.push((conn, request));
        }
        waits
    }

    pub(super) fn heard_of(&mut self, id: &SessionId) {
        if self.unheard.sessions.remove(id) && self.unheard.sessions.is_empty() {
            self.answer_lists();
        }
    }

    /// Time until lists are answered whatever was heard.
    pub(super) fn lists_due_in(&self, now: Duration) -> Option<Duration> {
        let waits = !self.unheard.lists.is_empty();
        waits.then(|| self.unheard.until.saturating_sub(now))
    }

    pub(super) fn lists_when_due(&mut self, now: Duration) {
        if self.lists_due_in(now).is_some_and(|wait| wait.is_zero()) {
            let sessions = std::mem::take(&mut self.unheard.sessions);
            tracing::info!("not heard of yet: {sessions:?}");
            self.answer_lists();
        }
    }

    fn answer_lists(&mut self) {
        for (conn, request) in std::mem::take(&mut self.unheard.lists) {
            let all = handlers::list(self, conn);
            self.clients.answer(conn, request, Ok(all));
        }
    }
}
