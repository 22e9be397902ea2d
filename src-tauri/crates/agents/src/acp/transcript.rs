//! The conversation as items, bounded, in the order in which they first appeared.
//!
//! Promises: the same calls give the same items and the same changes; memory stays under
//! `TRANSCRIPT_MAX_BYTES`; prompts that wait stand last.
//! Must not know: the protocol, who calls.

use crate::acp::ItemChange;
use crate::acp::words::clip;
use nightshift_model::visible::visible_speech;
use nightshift_model::{Millis, Prompt, PromptState};
use nightshift_protocol::measure::ITEM_MAX_BYTES;
use nightshift_protocol::{ConversationItem, ItemBody, NoticeLevel};
use std::collections::{BTreeMap, VecDeque};

/// Items kept per session: days of work; a view shows the newest first.
pub const TRANSCRIPT_MAX_ITEMS: usize = 5_000;
/// Bytes kept per session, so that twenty busy sessions stay far below 200 MB.
pub const TRANSCRIPT_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Accounted for each item beside its texts: an item, its key and its place.
const ITEM_BASE_BYTES: usize = 256;

#[derive(Default)]
pub struct Transcript {
    items: VecDeque<ConversationItem>,
    /// Position of each item, counted from the first item ever.
    places: BTreeMap<String, usize>,
    /// How many items were dropped at the front.
    dropped: usize,
    bytes: usize,
    trimmed: bool,
    queued: Vec<ConversationItem>,
}

impl Transcript {
    pub fn get(&self, id: &str) -> Option<&ConversationItem> {
        self.items.get(self.places.get(id)?.checked_sub(self.dropped)?)
    }

    /// Older records are missing from the journal itself.
    pub fn mark_trimmed(&mut self) {
        self.trimmed = true;
    }

    pub fn items(&self) -> (Vec<ConversationItem>, bool) {
        (self.items.iter().chain(&self.queued).cloned().collect(), self.trimmed)
    }

    /// The tool calls that are kept, ended or not.
    pub fn tools(&self) -> impl Iterator<Item = &ConversationItem> {
        self.items.iter().filter(|item| matches!(item.body, ItemBody::Tool { .. }))
    }

    /// Adds the item, or replaces the body of the one with its id (which keeps place and time).
    pub fn upsert(&mut self, id: String, at: Millis, body: ItemBody, out: &mut Vec<ItemChange>) {
        let body = body.bounded();
        let place = self.places.get(&id).and_then(|p| p.checked_sub(self.dropped));
        if let Some(item) = place.and_then(|p| self.items.get_mut(p)) {
            if item.body != body {
                self.bytes = self.bytes + body.bytes() - item.body.bytes();
                item.body = body;
                out.push(ItemChange::Upsert(item.clone()));
            }
        } else {
            self.bytes += item_bytes(&id, &body);
            self.places.insert(id.clone(), self.dropped + self.items.len());
            let item = ConversationItem { id, at, body };
            out.push(ItemChange::Upsert(item.clone()));
            self.items.push_back(item);
        }
        self.trim(out);
    }

    /// Adds to a message. Beyond `ITEM_MAX_BYTES` nothing more is kept.
    pub fn append(&mut self, id: &str, more: &str, out: &mut Vec<ItemChange>) {
        let place = self.places.get(id).and_then(|p| p.checked_sub(self.dropped));
        let Some(item) = place.and_then(|p| self.items.get_mut(p)) else { return };
        let (ItemBody::Agent { text } | ItemBody::Thought { text }) = &mut item.body else {
            return;
        };
        let more = visible_speech(more);
        let more = clip(&more, ITEM_MAX_BYTES.saturating_sub(text.len()));
        if more.is_empty() {
            return;
        }
        text.push_str(more);
        self.bytes += more.len();
        out.push(ItemChange::Append { id: id.to_owned(), text: more.to_owned() });
        self.trim(out);
    }

    pub fn note(
        &mut self,
        id: String,
        at: Millis,
        level: NoticeLevel,
        text: impl Into<String>,
        out: &mut Vec<ItemChange>,
    ) {
        self.upsert(id, at, ItemBody::Note { level, text: text.into() }, out);
    }

    fn trim(&mut self, out: &mut Vec<ItemChange>) {
        while self.items.len() > TRANSCRIPT_MAX_ITEMS
            || (self.bytes > TRANSCRIPT_MAX_BYTES && self.items.len() > 1)
        {
            let Some(item) = self.items.pop_front() else { return };
            self.bytes -= item_bytes(&item.id, &item.body);
            self.places.remove(&item.id);
            self.dropped += 1;
            self.trimmed = true;
            out.push(ItemChange::Removed { id: item.id });
        }
    }

    /// Shows the prompts that the agent does not have; `sent` says which it has.
    pub fn set_queued(
        &mut self,
        prompts: &[Prompt],
        sent: impl Fn(u32) -> bool,
    ) -> Vec<ItemChange> {
        let waiting = prompts.iter().filter(|p| p.state == PromptState::Queued && !sent(p.n));
        let now: Vec<ConversationItem> = waiting.map(queued_item).collect();
        let mut changes = Vec::new();
        for old in &self.queued {
            if !now.iter().any(|i| i.id == old.id) {
                changes.push(ItemChange::Removed { id: old.id.clone() });
            }
        }
        for item in &now {
            if !self.queued.contains(item) {
                changes.push(ItemChange::Upsert(item.clone()));
            }
        }
        self.queued = now;
        changes
    }

    /// Prompt `n` waits no longer.
    pub fn unqueue(&mut self, n: u32, out: &mut Vec<ItemChange>) {
        let id = queued_id(n);
        let before = self.queued.len();
        self.queued.retain(|i| i.id != id);
        if self.queued.len() != before {
            out.push(ItemChange::Removed { id });
        }
    }
}

fn queued_id(n: u32) -> String {
    format!("queued-{n}")
}

fn queued_item(prompt: &Prompt) -> ConversationItem {
    let body = ItemBody::User {
        text: prompt.text.clone(),
        queued: true,
        origin: prompt.origin,
        enclosures: prompt.enclosures.clone(),
    };
    ConversationItem { id: queued_id(prompt.n), at: prompt.at, body }
}

/// What an item costs: its id is kept twice.
fn item_bytes(id: &str, body: &ItemBody) -> usize {
    ITEM_BASE_BYTES + 2 * id.len() + body.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_protocol::ToolContent;
    use nightshift_protocol::measure::{PARTS_MAX, WORD_MAX_BYTES};

    fn note(text: &str) -> ItemBody {
        ItemBody::Note { level: NoticeLevel::Info, text: text.to_owned() }
    }

    #[test]
    fn the_oldest_items_go_first_and_it_is_told() {
        let mut transcript = Transcript::default();
        let mut changes = Vec::new();
        for n in 0..TRANSCRIPT_MAX_ITEMS + 3 {
            transcript.upsert(format!("i{n}"), Millis(1), note("x"), &mut changes);
        }
        let (items, trimmed) = transcript.items();
        assert!(trimmed);
        assert_eq!(items.len(), TRANSCRIPT_MAX_ITEMS);
        assert_eq!(items[0].id, "i3");
        assert!(changes.contains(&ItemChange::Removed { id: "i2".into() }));
        transcript.upsert("i3".into(), Millis(2), note("y"), &mut changes);
        assert_eq!(transcript.get("i3").unwrap().body, note("y"));
        assert_eq!(transcript.get("i3").unwrap().at, Millis(1));
    }

    #[test]
    fn security_16_what_is_said_and_done_hides_nothing() {
        let mut transcript = Transcript::default();
        let mut changes = Vec::new();
        let (hidden, shown) = ("a\u{202e}b\u{e0041}", "a‹U+202E›b‹U+E0041›");
        let diff = ToolContent::Diff {
            path: hidden.into(),
            old_text: Some(format!("{hidden}\r\n")),
            new_text: hidden.into(),
        };
        let tool = ItemBody::Tool {
            title: hidden.into(),
            kind: "edit".into(),
            status: nightshift_protocol::ToolStatus::Running,
            input: hidden.into(),
            content: vec![diff, ToolContent::Text { text: hidden.into() }],
        };
        let speech = ItemBody::Agent { text: "می\u{200c}خواهم \u{2764}\u{fe0f}".into() };
        transcript.upsert("t".into(), Millis(1), tool, &mut changes);
        transcript.upsert("a".into(), Millis(1), speech.clone(), &mut changes);
        transcript.append("a", hidden, &mut changes);
        let ItemBody::Tool { title, input, content, .. } = &transcript.get("t").unwrap().body
        else {
            panic!("{changes:?}")
        };
        assert_eq!((title.as_str(), input.as_str()), (shown, shown));
        let expected = ToolContent::Diff {
            path: shown.into(),
            old_text: Some(format!("{shown}\r\n")),
            new_text: shown.into(),
        };
        assert_eq!(*content, [expected, ToolContent::Text { text: shown.into() }]);
        let (ItemBody::Agent { text }, ItemBody::Agent { text: said }) =
            (&transcript.get("a").unwrap().body, &speech)
        else {
            panic!("{changes:?}")
        };
        assert_eq!(*text, format!("{said}{shown}"));
        assert!(changes.contains(&ItemChange::Append { id: "a".into(), text: shown.into() }));
    }

    #[test]
    fn bytes_are_bounded_whatever_is_said() {
        let mut transcript = Transcript::default();
        let mut changes = Vec::new();
        let big = "é".repeat(ITEM_MAX_BYTES);
        for n in 0..40 {
            let id = format!("a{n}");
            let body = ItemBody::Agent { text: String::new() };
            transcript.upsert(id.clone(), Millis(1), body, &mut changes);
            transcript.append(&id, &big, &mut changes);
            transcript.append(&id, "more", &mut changes);
        }
        let (items, trimmed) = transcript.items();
        let total: usize = items.iter().map(|i| i.body.bytes()).sum();
        assert!(trimmed && total <= TRANSCRIPT_MAX_BYTES, "{total}");
    }

    #[test]
    fn security_15_ids_and_parts_are_counted_too() {
        let mut transcript = Transcript::default();
        let mut changes = Vec::new();
        for n in 0..TRANSCRIPT_MAX_ITEMS {
            let id = format!("{n}{}", "x".repeat(8 * 1024));
            transcript.upsert(id, Millis(1), note("x"), &mut changes);
            changes.clear();
        }
        let (items, trimmed) = transcript.items();
        let ids: usize = items.iter().map(|i| 2 * i.id.len()).sum();
        assert!(trimmed && ids <= TRANSCRIPT_MAX_BYTES, "{ids}");
        let part = ToolContent::Text { text: String::new() };
        let content = vec![part; 100_000];
        let body = ItemBody::Tool {
            title: "t".repeat(1_000_000),
            kind: String::new(),
            status: nightshift_protocol::ToolStatus::Running,
            input: String::new(),
            content,
        };
        let ItemBody::Tool { title, content, .. } = body.bounded() else { panic!() };
        assert!(title.len() <= WORD_MAX_BYTES && content.len() <= PARTS_MAX);
    }
}
