//! Requests that are not open any more: what a late answer to one of them is told.
//!
//! Promise: pure and bounded; the latest stay, and each says what became of it.
//! Must not know: who gave an answer.

use crate::id::NeedId;
use crate::naming::one_line;
use crate::session::Session;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Kept of each session: more are not answered at once, and each row carries them.
const KEPT: usize = 8;
/// Enough to tell which of a request's options it was.
const ANSWER_MAX_CHARS: usize = 60;
/// For so long an answer that names no request is taken for one to the last that was open.
pub const RECENT_MS: u64 = 10 * 60 * 1000;

/// A request that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct PastNeed {
    pub id: NeedId,
    /// When it ceased to be open.
    pub at: Millis,
    /// The words of its answer; none where it was withdrawn.
    #[serde(default)]
    pub answer: Option<String>,
}

impl Session {
    /// What became of this request; of the last one, where none is named and it was open until just now.
    pub fn past(&self, named: Option<&NeedId>, now: Millis) -> Option<&PastNeed> {
        let mut latest = self.past_needs.iter().rev();
        match named {
            Some(id) => latest.find(|past| past.id == *id),
            None => latest.next().filter(|past| now.since(past.at) <= RECENT_MS),
        }
    }

    /// Keeps those of the needs of `before` that are not open any more; `answered` says what one of them was
    /// answered with.
    pub(crate) fn keep_past(
        &mut self,
        before: &Session,
        answered: Option<(NeedId, String)>,
        at: Millis,
    ) {
        let open = |id: &NeedId| self.needs().iter().any(|need| need.id == *id);
        let gone: Vec<NeedId> =
            before.needs().iter().map(|need| &need.id).filter(|id| !open(id)).cloned().collect();
        for id in gone {
            let answer = answered.as_ref().filter(|(given, _)| *given == id);
            let answer = answer.map(|(_, words)| one_line(words, ANSWER_MAX_CHARS));
            self.past_needs.retain(|past| past.id != id);
            self.past_needs.push(PastNeed { id, at, answer });
        }
        let over = self.past_needs.len().saturating_sub(KEPT);
        self.past_needs.drain(..over);
    }
}
