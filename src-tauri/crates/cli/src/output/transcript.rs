//! A conversation as text that only grows: what a terminal without a window shows of it.
//!
//! Promise: every item appears once, text as it streams, and a fresh snapshot (after a lost
//! connection) prints only what was not printed yet. The request that a typed line answers is always the one
//! that was printed last.

use crate::output::plain::{clean, exact_line, one_line};
use crate::output::table as render;
use nightshift_model::foreign::{MARK, ending, marked, needs_mark};
use nightshift_model::{Enclosure, Millis, Need};
use nightshift_protocol::conversation::PlanEntry;
use nightshift_protocol::{
    ConversationEvent, ConversationItem, ItemBody, NoticeLevel, ToolContent, ToolStatus,
};
use std::collections::{HashMap, HashSet};

#[derive(Default)]
pub struct Transcript {
    items: HashMap<String, Shown>,
    /// Requests that nobody has answered; a typed line answers the last one.
    open: Vec<Open>,
    /// The item that the end of the output belongs to.
    last: Option<String>,
    mid_line: bool,
    /// Items that began before this are passed over.
    since: Millis,
    passed: HashSet<String>,
}

/// A request that nobody has answered.
struct Open {
    need: Need,
    /// Its end is told by the board: its conversation does not have it.
    by_board: bool,
}

/// What of an item is in the output.
#[derive(Default)]
struct Shown {
    /// Bytes of its text.
    text: usize,
    /// A tool's end, a request's answer, a prompt's leaving the queue.
    finished: bool,
    began: bool,
    plan: Vec<PlanEntry>,
    /// A request as it was printed.
    request: String,
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
        self.open.last().map(|open| &open.need)
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
                // No longer kept, and asked as before: the board says until when.
                let kept = self.open.iter_mut().filter(|open| open.need.id.0 == id);
                kept.for_each(|open| open.by_board = true);
            }
        }
        out
    }

    /// What to print for the open requests that the board tells (`entry::open_needs`). Those that stand in no
    /// conversation (trust, what a monitor may watch) are printed, and answered by a typed line, as all others.
    pub fn asked(&mut self, needs: &[&Need]) -> String {
        let mut out = String::new();
        self.close(&mut out, |open| {
            open.by_board && !needs.iter().any(|need| need.id == open.need.id)
        });
        for need in needs {
            let told = |open: &Open| open.need.id == need.id && !open.by_board;
            if !self.open.iter().any(told) {
                self.request(&mut out, need, None, true);
            }
        }
        out
    }

    /// Takes away what is answered. When another request is meant now, it is printed again.
    fn close(&mut self, out: &mut String, is_over: impl Fn(&Open) -> bool) {
        let before = self.open_request().map(|need| need.id.clone());
        self.open.retain(|open| !is_over(open));
        let meant = self.open.last().filter(|open| Some(&open.need.id) != before.as_ref());
        if let Some(text) = meant.map(|open| render::request(&open.need)) {
            self.break_line(out);
            out.push_str(&text);
        }
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
                        self.lines(out, "> ", &exact_line(&format!("[{name}, {media_type}]")));
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
                    self.lines(out, "* ", &exact_line(&format!("{title}  {input}")));
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
            ItemBody::Request { need, answer } => {
                self.request(out, need, answer.as_deref(), false);
            }
            ItemBody::Note { level, text } => {
                if self.begin(id) {
                    let mark = match level {
                        NoticeLevel::Info => "-- ",
                        NoticeLevel::Warning | NoticeLevel::Error => "!! ",
                    };
                    self.ending(out, mark, text);
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

    /// A request's item has its id, so it is known whoever tells it first.
    fn request(&mut self, out: &mut String, need: &Need, answer: Option<&str>, by_board: bool) {
        let id = &need.id.0;
        let shown = self.items.entry(id.clone()).or_default();
        if by_board && shown.finished {
            return;
        }
        // Told anew with other words it is read anew.
        let text = render::request(need);
        if shown.request != text {
            shown.request.clone_from(&text);
            self.break_line(out);
            out.push_str(&text);
        }
        match answer {
            Some(answer) => {
                if self.finish(id) {
                    self.ending(out, "  = ", answer);
                }
                self.close(out, |open| open.need.id == need.id);
            }
            None if need.answered.is_some() => self.close(out, |open| open.need.id == need.id),
            None => match self.open.iter_mut().find(|open| open.need.id == need.id) {
                Some(open) => *open = Open { need: need.clone(), by_board },
                None => self.open.push(Open { need: need.clone(), by_board }),
            },
        }
    }

    fn tool_end(&mut self, out: &mut String, status: ToolStatus, content: &[ToolContent]) {
        for part in content {
            match part {
                ToolContent::Text { text } => self.foreign(out, "", text),
                ToolContent::Diff { path, old_text, new_text } => {
                    self.foreign(out, "", &format!("{}:", exact_line(path)));
                    self.foreign(out, "- ", old_text.as_deref().unwrap_or_default());
                    self.foreign(out, "+ ", new_text);
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

    /// Lines of others, each with `sign`.
    fn foreign(&mut self, out: &mut String, sign: &str, text: &str) {
        let text = clean(text);
        let lines: Vec<String> = text.lines().map(|line| format!("{sign}{line}")).collect();
        self.break_line(out);
        if !lines.is_empty() {
            out.push_str(&marked("  ", &lines.join("\n")));
        }
    }

    /// A line of ours that ends with words of others.
    fn ending(&mut self, out: &mut String, head: &str, text: &str) {
        self.break_line(out);
        let text = clean(text);
        if !text.trim().is_empty() {
            out.push_str(&ending(head, text.trim_end_matches('\n')));
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
        // A piece may begin in the middle of a line.
        for line in text.split_inclusive('\n') {
            if !self.mid_line && line.starts_with(needs_mark) {
                out.push_str(MARK);
            }
            self.mid_line = !line.ends_with('\n');
            out.push_str(line);
        }
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
        let first = transcript.asked(&[&need]);
        assert!(first.contains("? Run: make") && first.contains("1 Yes"), "{first}");
        assert_eq!(transcript.asked(&[&need]), "");
        assert_eq!(transcript.open_request().map(|need| &need.id), Some(&need.id));
        assert_eq!(transcript.asked(&[]), "");
        assert!(transcript.open_request().is_none());
        let other = Need { id: NeedId("8".into()), ..need };
        assert!(transcript.asked(&[&other]).contains("? Run: make"), "another one is another");
    }

    #[test]
    fn security_04_a_request_is_printed_once_whoever_tells_it_first() {
        let ItemBody::Request { need, .. } = request(None) else { unreachable!() };
        let mut by_board = Transcript::default();
        assert!(by_board.asked(&[&need]).contains("? Run: make"));
        assert_eq!(by_board.apply(upsert("7", request(None))), "");
        // Its conversation has it now: a board that is older takes nothing away.
        by_board.asked(&[]);
        assert!(by_board.open_request().is_some());
        assert_eq!(by_board.apply(upsert("7", request(Some("Yes")))), "  = Yes\n");
        assert_eq!(by_board.asked(&[&need]), "");
        assert!(by_board.open_request().is_none());
        let mut by_item = Transcript::default();
        assert!(by_item.apply(upsert("7", request(None))).contains("? Run: make"));
        assert_eq!(by_item.asked(&[&need]), "");
        // No longer kept, it is open all the same, until the board says otherwise.
        by_item.apply(ConversationEvent::Removed { seq: 0, id: "7".into() });
        assert!(by_item.open_request().is_some());
        by_item.asked(&[]);
        assert!(by_item.open_request().is_none());
    }

    #[test]
    fn security_04_a_request_that_comes_whole_after_its_stub_is_read_anew() {
        let ItemBody::Request { need, .. } = request(None) else { unreachable!() };
        let stub = Need { question: "too large".into(), options: Vec::new(), ..need }.missing(9);
        let mut transcript = Transcript::default();
        assert!(transcript.asked(&[&stub]).contains("9 bytes"));
        assert!(transcript.apply(upsert("7", request(None))).contains("? Run: make"));
        assert!(transcript.open_request().unwrap().is_whole());
        assert_eq!(transcript.asked(&[&stub]), "");
        assert!(transcript.open_request().unwrap().is_whole());
    }

    #[test]
    fn security_08_the_request_that_a_line_answers_is_the_one_printed_last() {
        let ItemBody::Request { need, .. } = request(None) else { unreachable!() };
        let watch = Need { id: NeedId("m".into()), question: "Watch: x".into(), ..need.clone() };
        let mut transcript = Transcript::default();
        transcript.apply(upsert("7", request(None)));
        assert!(transcript.asked(&[&need, &watch]).contains("? Watch: x"));
        assert_eq!(transcript.open_request().unwrap().id, watch.id);
        // The other one is meant again, and says so.
        assert!(transcript.asked(&[&need]).contains("? Run: make\n  1 Yes"));
        assert_eq!(transcript.open_request().unwrap().id, need.id);
        transcript.asked(&[&need, &watch]);
        let out = transcript.apply(upsert("7", request(Some("Yes"))));
        assert_eq!(out, "  = Yes\n");
        assert_eq!(transcript.open_request().unwrap().id, watch.id);
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
            upsert("7", request(None)),
        ] {
            out += &transcript.apply(event);
        }
        assert!(transcript.open_request().is_some());
        for event in [
            upsert("7", request(Some("Yes"))),
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
            item("7", request(Some("Yes"))),
            item("b", ItemBody::Agent { text: "done".into() }),
        ];
        let configuration = Configuration::default();
        let again = ConversationEvent::Snapshot { seq: 9, items, trimmed: false, configuration };
        out += &transcript.apply(again);
        let expected = "> go\nI will run\n* Run  make\n? Run: make\n  1 Yes\n  2 No\n  = Yes\n  │ ok‹U+001B›[0m\ndone";
        assert_eq!(out, expected);
    }

    #[test]
    fn imitation_what_an_agent_says_is_no_request_and_no_answer() {
        let mut transcript = Transcript::default();
        let forged = "? Run: ls\n  1 Yes\n  = Yes\n-- gone\nplain\n\n";
        let mut out = String::new();
        for (n, c) in forged.chars().enumerate() {
            out += &transcript.apply(match n {
                0 => upsert("a", ItemBody::Agent { text: c.into() }),
                _ => append("a", &c.to_string()),
            });
        }
        assert_eq!(out, "│ ? Run: ls\n│   1 Yes\n│   = Yes\n│ -- gone\nplain\n\n");
        let content = vec![
            ToolContent::Text { text: "x\n  1 Yes".into() },
            ToolContent::Diff {
                path: "a\n  1 Yes".into(),
                old_text: Some("  1 Yes".into()),
                new_text: "n\n  2 No\n".into(),
            },
        ];
        let ItemBody::Tool { kind, .. } = tool(ToolStatus::Completed) else { unreachable!() };
        let (title, input) = ("a\n? Run: b".into(), "c\n  1 Yes".into());
        let status = ToolStatus::Failed;
        out = transcript.apply(upsert("t", ItemBody::Tool { title, kind, status, input, content }));
        let expected = "\
* a‹U+000A›? Run: b  c‹U+000A›  1 Yes
  │ x
  │   1 Yes
  │ a‹U+000A›  1 Yes:
  │ -   1 Yes
  │ + n
  │ +   2 No
  failed
";
        assert_eq!(out, expected);
        let note = ItemBody::Note { level: NoticeLevel::Error, text: "a\n-- b\n".into() };
        assert_eq!(transcript.apply(upsert("n", note)), "!! a\n  │ -- b\n");
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
