//! How much memory an item of a conversation takes, and the bounds of what is kept of one.
//!
//! Promise: whatever an agent says, its item is within these, and what is invisible in it is shown by its number. Must not know: who keeps items.

use crate::conversation::{ItemBody, ToolContent};
use nightshift_model::naming::clip;
use nightshift_model::visible::{visible, visible_lines, visible_output, visible_speech};
use std::borrow::Cow;

/// Longest text of one message or tool output: what is longer, nobody reads in a conversation.
pub const ITEM_MAX_BYTES: usize = 512 * 1024;
/// Longest title, kind or path.
pub const WORD_MAX_BYTES: usize = 4 * 1024;
/// Entries of a plan, and the longest: nobody reads further.
const PLAN_MAX_ENTRIES: usize = 500;
const PLAN_ENTRY_MAX_BYTES: usize = 4 * 1024;
/// Parts of one tool's output.
pub const PARTS_MAX: usize = 1_000;
/// Accounted for each part or entry beside its text.
const PART_BASE_BYTES: usize = 64;

fn content_bytes(part: &ToolContent) -> usize {
    PART_BASE_BYTES
        + match part {
            ToolContent::Text { text } => text.len(),
            ToolContent::Diff { path, old_text, new_text } => {
                path.len() + old_text.as_ref().map_or(0, String::len) + new_text.len()
            }
        }
}

impl ItemBody {
    /// Bytes of its texts, and what each part costs beside them.
    pub fn bytes(&self) -> usize {
        match self {
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
            ItemBody::Plan { entries } => {
                entries.iter().map(|e| PART_BASE_BYTES + e.text.len() + e.status.len()).sum()
            }
            ItemBody::Request { need, answer } => {
                let options =
                    need.options.iter().map(|o| o.id.len() + o.label.len() + PART_BASE_BYTES);
                need.question.len()
                    + need.detail.len()
                    + options.sum::<usize>()
                    + answer.as_ref().map_or(0, String::len)
            }
            ItemBody::Unknown { kind, raw } => kind.len() + raw.len(),
        }
    }

    /// The same with every text and list cut to its bound.
    #[must_use]
    pub fn bounded(self) -> ItemBody {
        bounded(self)
    }
}

/// Cuts `text` to `max` bytes, after what is invisible in it was made visible.
fn show(text: &mut String, max: usize, shown: fn(&str) -> Cow<'_, str>) {
    // Twice: what is written by its number takes more room.
    cut(text, max);
    let seen = match shown(text) {
        Cow::Borrowed(_) => return,
        Cow::Owned(seen) => seen,
    };
    *text = seen;
    cut(text, max);
}

fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(clip(text, max - '…'.len_utf8()).len());
        text.push('…');
        text.shrink_to_fit();
    }
}

fn bounded(mut body: ItemBody) -> ItemBody {
    let word = |text: &mut String| show(text, WORD_MAX_BYTES, visible);
    match &mut body {
        ItemBody::User { text, .. }
        | ItemBody::Agent { text }
        | ItemBody::Thought { text }
        | ItemBody::Note { text, .. }
        | ItemBody::Unknown { raw: text, .. } => show(text, ITEM_MAX_BYTES, visible_speech),
        ItemBody::Tool { title, kind, input, content, .. } => {
            word(title);
            word(kind);
            show(input, ITEM_MAX_BYTES, visible);
            content.truncate(PARTS_MAX);
            let mut room = ITEM_MAX_BYTES;
            content.retain_mut(|part| {
                match part {
                    ToolContent::Text { text } => show(text, ITEM_MAX_BYTES, visible_output),
                    ToolContent::Diff { path, old_text, new_text } => {
                        word(path);
                        for text in old_text.iter_mut().chain([new_text]) {
                            show(text, ITEM_MAX_BYTES, visible_lines);
                        }
                    }
                }
                let fits = room > 0;
                room = room.saturating_sub(content_bytes(part));
                fits
            });
        }
        ItemBody::Plan { entries } => {
            entries.truncate(PLAN_MAX_ENTRIES);
            entries
                .iter_mut()
                .for_each(|e| show(&mut e.text, PLAN_ENTRY_MAX_BYTES, visible_speech));
        }
        // Made to be read where the request was.
        ItemBody::Request { .. } => {}
    }
    body
}
