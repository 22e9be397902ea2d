//! The agent's words as they stream: which message a chunk belongs to, and its latest line.
//!
//! Promise: a chunk after anything else (a tool, a request, another message id) begins a new item.
//! Must not know: turns, requests.

use crate::acp::words::{clip, last_line};
use nightshift_model::Millis;
use nightshift_model::naming::plain_words;
use nightshift_protocol::measure::ITEM_MAX_BYTES;

/// A row's line follows the stream at most this often; the state machine slows it further.
const PROGRESS_INTERVAL_MS: u64 = 1_000;

/// Which stream a chunk is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Message,
    Thought,
}

#[derive(Debug)]
struct Open {
    voice: Voice,
    item: String,
    /// The agent's own message id, where it gives one.
    message: Option<String>,
}

#[derive(Debug, Default)]
pub struct Speech {
    open: Option<Open>,
    /// Text of the newest message of this turn.
    last_text: String,
    /// The item that shows it.
    last_item: String,
    line: String,
    line_at: Option<Millis>,
}

/// Where a chunk goes.
pub enum Place {
    New(String),
    Continues(String),
}

impl Speech {
    /// Something other than words came: the next chunk begins a new message.
    pub fn interrupt(&mut self) {
        self.open = None;
    }

    /// A new turn begins.
    pub fn begin_turn(&mut self) {
        *self = Speech::default();
    }

    /// The agent's last message of the turn.
    pub fn last_text(&self) -> &str {
        &self.last_text
    }

    /// The item that shows the agent's last message of the turn.
    pub fn last_item(&self) -> &str {
        &self.last_item
    }

    pub fn place(&mut self, voice: Voice, seq: u64, message: Option<&str>, text: &str) -> Place {
        let same = |open: &Open| {
            let other_id = matches!((&open.message, message), (Some(a), Some(b)) if a != b);
            open.voice == voice && !other_id
        };
        let continues = self.open.as_ref().filter(|open| same(open)).map(|open| open.item.clone());
        if voice == Voice::Message {
            if continues.is_none() {
                self.last_text.clear();
            }
            let room = ITEM_MAX_BYTES.saturating_sub(self.last_text.len());
            self.last_text.push_str(clip(text, room));
        }
        if let Some(item) = continues {
            return Place::Continues(item);
        }
        let item = match voice {
            Voice::Message => format!("message-{seq}"),
            Voice::Thought => format!("thought-{seq}"),
        };
        if voice == Voice::Message {
            self.last_item.clone_from(&item);
        }
        let message = message.map(str::to_owned);
        self.open = Some(Open { voice, item: item.clone(), message });
        Place::New(item)
    }

    /// The line a row should show now, if it is time for another.
    pub fn progress(&mut self, at: Millis) -> Option<String> {
        let early = |last: Millis| at.since(last) < PROGRESS_INTERVAL_MS;
        if self.line_at.is_some_and(early) {
            return None;
        }
        self.report(at, plain_words(&last_line(&self.last_text)))
    }

    /// A line that is shown at once: a tool's title.
    pub fn report(&mut self, at: Millis, line: String) -> Option<String> {
        if line.is_empty() || line == self.line {
            return None;
        }
        self.line_at = Some(at);
        self.line.clone_from(&line);
        Some(line)
    }
}
