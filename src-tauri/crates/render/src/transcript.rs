//! A conversation as text that only grows: what a terminal without a window shows of it.
//!
//! Promise: every item appears once, text as it streams, and a fresh snapshot (after a lost
//! connection) prints only what was not printed yet.

use crate::plain::{clean, one_line};
use crate::table as render;
use nightshift_model::{Enclosure, Millis, Need};
use nightshift_protocol::conversation::PlanEntry;
use nightshift_protocol::{
    ConversationEvent, ConversationItem, ItemBody, NoticeLevel, ToolContent, ToolStatus,
};
use std::collections::{HashMap, HashSet};

#[derive(Default)]
pub struct Transcript {
    items: HashMap<String, Shown>,
    /// The request shown last that nobody has answered.
    open: Option<(String, Need)>,
    /// The item that the end of the output belongs to.
    last: Option<String>,
    mid_line: bool,
    /// Items that began before this are passed over.
    since: Millis,
    passed: HashSet<String>,
}

/// Ids of what is asked before a session starts; no item of a conversation has such.
const HELD: &str = "held ";

/// What of an item is in the output.
#[derive(Default)]
struct Shown {
    /// Bytes of its text.
    text: usize,
    /// A tool's end, a request's answer, a prompt's leaving the queue.
    finished: bool,
    began: bool,
    plan: Vec<PlanEntry>,
    /// Whether appended text is the agent's own words: thoughts are not shown.
    hidden: bool,
}

impl Transcript {
    /// Without the items that began before `since`.
    pub fn since(since: Millis) -> Transcript {
        Transcript { since, ..Transcript::default() }
    }

    /// The request that a typed line answers.
    pub fn open_request(&self) -> Option<&Need> {
        self.open.as_ref().map(|(_, need)| need)
    }

    /// What to print for this event.
    pub fn apply(&mut self, event: ConversationEvent) -> String {
        let mut out = String::new();
        match event {
            ConversationEvent::Snapshot { items, trimmed, .. } => {
                if trimmed && self.items.is_empty() && self.since == Millis(0) {
                    self.lines(&mut out, "", "-- earlier items are no longer kept");
                }
                for item in &items {
                    self.show(&mut out, item);
                }
            }
            // Asked for where it is wanted: `nightshift set`.
            ConversationEvent::Configured { .. } => {}
            ConversationEvent::Upsert { item, .. } => self.show(&mut out, &item),
            ConversationEvent::Append { id, .. } if self.passed.contains(&id) => {}
            ConversationEvent::Append { id, text, .. } => {
                let shown = self.items.entry(id.clone()).or_default();
                shown.text += text.len();
                if !shown.hidden {
                    self.stream(&mut out, &id, &text);
                }
            }
            ConversationEvent::Removed { id, .. } => {
                self.items.remove(&id);
                self.open.take_if(|(open, _)| *open == id);
            }
        }
        out
    }

    /// What to print for a question that is asked before the session starts: none where none is open. A typed
    /// line answers it as any other.
    pub fn held(&mut self, need: Option<&Need>) -> String {
        let mut out = String::new();
        let id = need.map(|need| format!("{HELD}{}", need.id.0));
        self.open.take_if(|(open, _)| open.starts_with(HELD) && Some(&*open) != id.as_ref());
        if let (Some(need), Some(id)) = (need, &id) {
            self.request(&mut out, id, need, None);
        }
        out
    }

    fn show(&mut self, out: &mut String, item: &ConversationItem) {
        let ConversationItem { id, at, body } = item;
        if *at < self.since {
            self.passed.insert(id.clone());
            return;
        }
        match body {
            ItemBody::User { text, origin, enclosures, .. } => {
                if self.begin(id) {
                    let by = format!("[{}] ", origin.word());
                    let by = if origin.is_user() { "" } else { by.as_str() };
                    self.lines(out, "> ", &format!("{by}{text}"));
                    for Enclosure { name, media_type, .. } in enclosures {
                        self.lines(out, "> ", &format!("[{name}, {media_type}]"));
                    }
                }
            }
            ItemBody::Agent { text } => {
                self.begin(id);
                let new = self.unshown(id, text).to_owned();
                self.stream(out, id, &new);
            }
            ItemBody::Thought { text } => {
                self.begin(id);
                let shown = self.items.entry(id.clone()).or_default();
                (shown.hidden, shown.text) = (true, text.len());
            }
            ItemBody::Tool { title, status, input, content, .. } => {
                if self.begin(id) {
                    let input = if input == title { "" } else { input };
                    self.lines(out, "* ", &one_line(&format!("{title}  {input}")));
                }
                let over = matches!(status, ToolStatus::Completed | ToolStatus::Failed);
                if over && self.finish(id) {
                    self.tool_end(out, *status, content);
                }
            }
            ItemBody::Plan { entries } => {
                self.begin(id);
                let shown = self.items.entry(id.clone()).or_default();
                if shown.plan != *entries {
                    shown.plan.clone_from(entries);
                    for entry in entries {
                        self.lines(out, &format!("- [{}] ", one_line(&entry.status)), &entry.text);
                    }
                }
            }
            ItemBody::Request { need, answer } => self.request(out, id, need, answer.as_deref()),
            ItemBody::Note { level, text } => {
                if self.begin(id) {
                    let mark = match level {
                        NoticeLevel::Info => "-- ",
                        NoticeLevel::Warning | NoticeLevel::Error => "!! ",
                    };
                    self.lines(out, mark, text);
                }
            }
            ItemBody::Unknown { .. } => {}
        }
    }

    /// Whether this is the item's first appearance.
    fn begin(&mut self, id: &str) -> bool {
        let shown = self.items.entry(id.to_owned()).or_default();
        !std::mem::replace(&mut shown.began, true)
    }

    /// Whether this is the first time that the item is over.
    fn finish(&mut self, id: &str) -> bool {
        let shown = self.items.entry(id.to_owned()).or_default();
        !std::mem::replace(&mut shown.finished, true)
    }

    fn unshown<'a>(&mut self, id: &str, text: &'a str) -> &'a str {
        let shown = self.items.entry(id.to_owned()).or_default();
        // Text that was replaced by a shorter one has nothing new to show.
        let new = text.get(shown.text..).unwrap_or_default();
        shown.text = text.len();
        new
    }

    fn request(&mut self, out: &mut String, id: &str, need: &Need, answer: Option<&str>) {
        if self.begin(id) {
            self.break_line(out);
            out.push_str(&render::request(need));
        }
        match answer {
            Some(answer) => {
                self.open.take_if(|(open, _)| open == id);
                if self.finish(id) {
                    self.lines(out, "  = ", answer);
                }
            }
            None if need.answered.is_some() => {
                self.open.take_if(|(open, _)| open == id);
            }
            None => self.open = Some((id.to_owned(), need.clone())),
        }
    }

    fn tool_end(&mut self, out: &mut String, status: ToolStatus, content: &[ToolContent]) {
        for part in content {
            match part {
                ToolContent::Text { text } => self.lines(out, "  ", text),
                ToolContent::Diff { path, old_text, new_text } => {
                    self.lines(out, "  ", &format!("{path}:"));
                    self.lines(out, "  - ", old_text.as_deref().unwrap_or_default());
                    self.lines(out, "  + ", new_text);
                }
            }
        }
        if status == ToolStatus::Failed {
            self.lines(out, "  ", "failed");
        }
    }

    fn break_line(&mut self, out: &mut String) {
        if std::mem::take(&mut self.mid_line) {
            out.push('\n');
        }
        self.last = None;
    }

    fn lines(&mut self, out: &mut String, mark: &str, text: &str) {
        self.break_line(out);
        for line in clean(text).lines() {
            out.push_str(mark);
            out.push_str(line);
            out.push('\n');
        }
    }

    fn stream(&mut self, out: &mut String, id: &str, text: &str) {
        let text = clean(text);
        if text.is_empty() {
            return;
        }
        if self.last.as_deref() != Some(id) {
            self.break_line(out);
            self.last = Some(id.to_owned());
        }
        self.mid_line = !text.ends_with('\n');
        out.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{NeedId, NeedKind, NeedOption, OptionKind, Origin};
    use nightshift_protocol::Configuration;

    fn upsert(id: &str, body: ItemBody) -> ConversationEvent {
        let item = Box::new(ConversationItem { id: id.into(), at: Millis(0), body });
        ConversationEvent::Upsert { seq: 0, item }
    }

    fn append(id: &str, text: &str) -> ConversationEvent {
        ConversationEvent::Append { seq: 0, id: id.into(), text: text.into() }
    }

    fn tool(status: ToolStatus) -> ItemBody {
        ItemBody::Tool {
            title: "Run".into(),
            kind: "execute".into(),
            status,
            input: "make".into(),
            content: vec![ToolContent::Text { text: "ok\x1b[0m\n".into() }],
        }
    }

    fn request(answer: Option<&str>) -> ItemBody {
        let option = |label: &str, kind| NeedOption { id: label.into(), label: label.into(), kind };
        let need = Need {
            id: NeedId("7".into()),
            kind: NeedKind::Permission,
            question: "Run: make".into(),
            detail: String::new(),
            options: vec![
                option("Yes", OptionKind::AllowOnce),
                option("No", OptionKind::RejectOnce),
            ],
            free_text: false,
            since: Millis(0),
            unshown_bytes: 0,
            answered: None,
        };
        ItemBody::Request { need, answer: answer.map(str::to_owned) }
    }

    #[test]
    fn security_05_what_is_asked_before_the_start_is_shown_once_and_answered() {
        let ItemBody::Request { need, .. } = request(None) else { unreachable!() };
        let mut transcript = Transcript::default();
        let first = transcript.held(Some(&need));
        assert!(first.contains("? Run: make") && first.contains("1 Yes"), "{first}");
        assert_eq!(transcript.held(Some(&need)), "");
        assert_eq!(transcript.open_request().map(|need| &need.id), Some(&need.id));
        assert_eq!(transcript.held(None), "");
        assert!(transcript.open_request().is_none());
        // It takes no other request away.
        transcript.apply(upsert("r", request(None)));
        transcript.held(None);
        assert!(transcript.open_request().is_some());
        let other = Need { id: NeedId("8".into()), ..need };
        assert!(transcript.held(Some(&other)).contains("? Run: make"), "another one is another");
    }

    #[test]
    fn a_turn_reads_in_order_and_a_second_snapshot_prints_only_what_is_new() {
        let mut transcript = Transcript::default();
        let mut out = String::new();
        let user = || ItemBody::User {
            text: "go".into(),
            queued: false,
            origin: Origin::User,
            enclosures: Vec::new(),
        };
        for event in [
            upsert("u", user()),
            upsert("a", ItemBody::Agent { text: "I wi".into() }),
            append("a", "ll run"),
            upsert("t", tool(ToolStatus::Running)),
            upsert("r", request(None)),
        ] {
            out += &transcript.apply(event);
        }
        assert!(transcript.open_request().is_some());
        for event in [
            upsert("r", request(Some("Yes"))),
            upsert("t", tool(ToolStatus::Completed)),
            upsert("t", tool(ToolStatus::Completed)),
        ] {
            out += &transcript.apply(event);
        }
        assert!(transcript.open_request().is_none());
        let item = |id: &str, body| ConversationItem { id: id.into(), at: Millis(0), body };
        let items = vec![
            item("u", user()),
            item("a", ItemBody::Agent { text: "I will run".into() }),
            item("t", tool(ToolStatus::Completed)),
            item("r", request(Some("Yes"))),
            item("b", ItemBody::Agent { text: "done".into() }),
        ];
        let configuration = Configuration::default();
        let again = ConversationEvent::Snapshot { seq: 9, items, trimmed: false, configuration };
        out += &transcript.apply(again);
        let expected = "> go\nI will run\n* Run  make\n? Run: make\n  1 Yes\n  2 No\n  = Yes\n  ok‹U+001B›[0m\ndone";
        assert_eq!(out, expected);
    }

    #[test]
    fn what_began_before_the_wanted_time_is_passed_over_also_when_it_goes_on() {
        let mut transcript = Transcript::since(Millis(5));
        let item = |id: &str, at, text: &str| ConversationItem {
            id: id.into(),
            at: Millis(at),
            body: ItemBody::Agent { text: text.into() },
        };
        let items = vec![item("old", 4, "long ago"), item("new", 5, "just")];
        let configuration = Configuration::default();
        let snapshot = ConversationEvent::Snapshot { seq: 0, items, trimmed: true, configuration };
        let mut out = transcript.apply(snapshot);
        out += &transcript.apply(append("old", " and on"));
        out += &transcript.apply(append("new", " now"));
        assert_eq!(out, "just now");
    }
}
