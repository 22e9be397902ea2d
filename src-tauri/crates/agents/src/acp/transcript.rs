//! The conversation as items, bounded, in the order in which they first appeared.
//!
//! Promises: the same calls give the same items and the same changes; memory stays under
//! `TRANSCRIPT_MAX_BYTES`; prompts that wait stand last.
//! Must not know: the protocol, who calls.

use crate::acp::ItemChange;
use crate::acp::words::clip;
use nightshift_model::visible::{visible, visible_lines, visible_output, visible_speech};
use nightshift_model::{Millis, Prompt, PromptState};
use nightshift_protocol::{ConversationItem, ItemBody, NoticeLevel, ToolContent};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// Items kept per session: days of work; a view shows the newest first.
pub const TRANSCRIPT_MAX_ITEMS: usize = 5_000;
/// Bytes kept per session, so that twenty busy sessions stay far below 200 MB.
pub const TRANSCRIPT_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Longest text of one message or tool output: what is longer, nobody reads in a conversation.
pub const ITEM_MAX_BYTES: usize = 512 * 1024;
/// Accounted for each item beside its text.
const ITEM_BASE_BYTES: usize = 128;

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
        let body = bounded(body);
        let place = self.places.get(&id).and_then(|p| p.checked_sub(self.dropped));
        if let Some(item) = place.and_then(|p| self.items.get_mut(p)) {
            if item.body != body {
                self.bytes = self.bytes + body_bytes(&body) - body_bytes(&item.body);
                item.body = body;
                out.push(ItemChange::Upsert(item.clone()));
            }
        } else {
            self.bytes += ITEM_BASE_BYTES + body_bytes(&body);
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
            self.bytes -= ITEM_BASE_BYTES + body_bytes(&item.body);
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

fn content_bytes(part: &ToolContent) -> usize {
    match part {
        ToolContent::Text { text } => text.len(),
        ToolContent::Diff { path, old_text, new_text } => {
            path.len() + old_text.as_ref().map_or(0, String::len) + new_text.len()
        }
    }
}

fn body_bytes(body: &ItemBody) -> usize {
    match body {
        ItemBody::User { text, .. }
        | ItemBody::Agent { text }
        | ItemBody::Thought { text }
        | ItemBody::Note { text, .. } => text.len(),
        ItemBody::Tool { title, kind, input, content, .. } => {
            title.len()
                + kind.len()
                + input.len()
                + content.iter().map(content_bytes).sum::<usize>()
        }
        ItemBody::Plan { entries } => entries.iter().map(|e| e.text.len() + e.status.len()).sum(),
        ItemBody::Request { need, answer } => {
            need.question.len() + need.detail.len() + answer.as_ref().map_or(0, String::len)
        }
        ItemBody::Unknown { kind, raw } => kind.len() + raw.len(),
    }
}

/// Cuts every text of `body` to `ITEM_MAX_BYTES`, after what is invisible in it was made visible.
fn bounded(mut body: ItemBody) -> ItemBody {
    fn cut(text: &mut String) {
        if text.len() > ITEM_MAX_BYTES {
            text.truncate(clip(text, ITEM_MAX_BYTES - '…'.len_utf8()).len());
            text.push('…');
        }
    }
    fn show(text: &mut String, shown: fn(&str) -> Cow<'_, str>) {
        // Twice: what is written by its number takes more room.
        cut(text);
        let seen = match shown(text) {
            Cow::Borrowed(_) => return,
            Cow::Owned(seen) => seen,
        };
        *text = seen;
        cut(text);
    }
    match &mut body {
        ItemBody::User { text, .. }
        | ItemBody::Agent { text }
        | ItemBody::Thought { text }
        | ItemBody::Note { text, .. }
        | ItemBody::Unknown { raw: text, .. } => show(text, visible_speech),
        ItemBody::Tool { title, input, content, .. } => {
            show(title, visible);
            show(input, visible);
            let mut room = ITEM_MAX_BYTES;
            content.retain_mut(|part| {
                match part {
                    ToolContent::Text { text } => show(text, visible_output),
                    ToolContent::Diff { path, old_text, new_text } => {
                        show(path, visible);
                        show(new_text, visible_lines);
                        old_text.iter_mut().for_each(|text| show(text, visible_lines));
                    }
                }
                let fits = room > 0;
                room = room.saturating_sub(content_bytes(part));
                fits
            });
        }
        ItemBody::Plan { entries } => {
            entries.iter_mut().for_each(|entry| show(&mut entry.text, visible_speech));
        }
        // Made to be read where the request was.
        ItemBody::Request { .. } => {}
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let total: usize = items.iter().map(|i| body_bytes(&i.body)).sum();
        assert!(trimmed && total <= TRANSCRIPT_MAX_BYTES, "{total}");
    }
}
