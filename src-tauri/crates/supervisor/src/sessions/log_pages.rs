//! A session's log in pages.
//!
//! The offset of a shell job's page is a journal sequence number and a part of the record after it, that
//! of a conversation a byte of its text; to clients both are opaque. A page of text begins in the middle
//! of nothing: escape sequences and characters that the page before cut in two are known from its last
//! records.
//! Promise: a page is well below a frame, however long a record is; all pages together are the log.
//! Must not know: who asks, sessions.

use crate::limits::LOG_PAGE_BYTES;
use crate::ports::world::Journal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_agents::Driver;
use nightshift_model::Millis;
use nightshift_protocol::{LogPage, Record, RecordKind};

/// Records before a page that are looked at for what they leave open. A terminal's own sequences
/// take a few bytes; this many records hold them even when they come byte by byte.
const LEAD_RECORDS: u64 = 32;

/// What of a log a client asked for.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub raw: bool,
    pub offset: u64,
    pub since: Option<Millis>,
}

impl Wanted {
    fn includes(&self, at: Millis) -> bool {
        self.since.is_none_or(|since| at >= since)
    }
}

/// Where a page begins: after this record, and so many pages into the next one, where that is longer than
/// a page. In one number, whose upper bits are those of few records.
#[derive(Clone, Copy)]
struct At {
    after: u64,
    part: u64,
}

/// Bits of a record's number: more than any journal will have.
const SEQ_BITS: u32 = 48;

impl At {
    fn of(offset: u64) -> At {
        At { after: offset & ((1 << SEQ_BITS) - 1), part: offset >> SEQ_BITS }
    }

    fn offset(self) -> u64 {
        self.after | self.part << SEQ_BITS
    }

    /// How many bytes of the next record were shown.
    fn shown(self, record: &Record) -> usize {
        let part = usize::try_from(self.part).unwrap_or(usize::MAX);
        part.saturating_mul(LOG_PAGE_BYTES).min(record.body.len())
    }
}

/// `lines`: records are lines of an agent and lost their newline.
pub fn output(journal: &dyn Journal, wanted: Wanted, lines: bool, ended: bool) -> LogPage {
    let mut at = At::of(match wanted.since {
        Some(_) => last_before(journal, wanted),
        None => wanted.offset,
    });
    let mut bytes = Vec::new();
    let mut text = Text::default();
    if !wanted.raw {
        for record in journal.read(at.after.saturating_sub(LEAD_RECORDS)) {
            if record.seq > at.after {
                break;
            }
            text.add(&record, &record.body);
        }
        text.shown.clear();
    }
    let mut end = true;
    for record in journal.read(at.after) {
        if bytes.len().max(text.shown.len()) >= LOG_PAGE_BYTES {
            end = false;
            break;
        }
        let (before, rest) = record.body.split_at(at.shown(&record));
        let is_output = matches!(record.kind, RecordKind::Out | RecordKind::Err);
        let cut = is_output && rest.len() > LOG_PAGE_BYTES;
        let piece = if cut { &rest[..LOG_PAGE_BYTES] } else { rest };
        if wanted.raw && is_output {
            bytes.extend_from_slice(piece);
            bytes.extend((lines && !cut).then_some(b'\n'));
        } else if !wanted.raw {
            if !before.is_empty() {
                text.add(&record, before);
                text.shown.clear();
            }
            text.add(&record, piece);
        }
        if cut {
            at.part += 1;
            end = false;
            break;
        }
        at = At { after: record.seq, part: 0 };
    }
    let data = if wanted.raw { STANDARD.encode(&bytes) } else { text.shown };
    LogPage { data, next: at.offset(), end, ended: ended && end }
}

/// Number of the last record that is not wanted. From the first wanted one on all are: a clock that
/// was set back hides nothing.
fn last_before(journal: &dyn Journal, wanted: Wanted) -> u64 {
    let mut after = wanted.offset;
    for record in journal.read(wanted.offset) {
        // Only the first page can begin before the time.
        if wanted.offset > 0 || wanted.includes(record.at) {
            break;
        }
        after = record.seq;
    }
    after
}

/// What a terminal would show, as text: characters, newlines and tabs.
#[derive(Default)]
struct Text {
    parser: vte::Parser,
    shown: String,
}

impl Text {
    fn add(&mut self, record: &Record, bytes: &[u8]) {
        if matches!(record.kind, RecordKind::Out | RecordKind::Err) {
            self.parser.advance(&mut Shown(&mut self.shown), bytes);
        }
    }
}

struct Shown<'a>(&'a mut String);

impl vte::Perform for Shown<'_> {
    fn print(&mut self, c: char) {
        self.0.push(c);
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\t') {
            self.0.push(char::from(byte));
        }
    }
}

pub fn conversation(
    journal: &dyn Journal,
    mut driver: Driver,
    wanted: Wanted,
    ended: bool,
) -> LogPage {
    for record in journal.read(0) {
        driver.feed(&record);
    }
    let (mut items, _) = driver.items();
    items.retain(|item| wanted.includes(item.at));
    let text = nightshift_agents::plain(&items);
    let from = usize::try_from(wanted.offset).map_or(text.len(), |at| at.min(text.len()));
    let from = (0..=from).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let to = (from + LOG_PAGE_BYTES).min(text.len());
    let to = (to..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let end = to == text.len();
    LogPage { data: text[from..to].to_owned(), next: to as u64, end, ended: ended && end }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Written(Vec<Record>);

    impl Journal for Written {
        fn read(&self, after: u64) -> Box<dyn Iterator<Item = Record> + '_> {
            Box::new(self.0.iter().filter(move |record| record.seq > after).cloned())
        }
    }

    #[test]
    fn security_09_a_record_of_many_pages_comes_in_pages_and_whole() {
        let bodies = [b"first".to_vec(), b"0123456789".repeat(450_000), b"\x1b[1mlast".to_vec()];
        let records = bodies.iter().zip(1..).map(|(body, seq)| Record {
            seq,
            at: Millis(seq),
            kind: RecordKind::Out,
            body: body.clone(),
        });
        let journal = Written(records.collect());
        for raw in [true, false] {
            let (mut all, mut offset, mut pages) = (Vec::new(), 0, 0);
            loop {
                let wanted = Wanted { raw, offset, since: None };
                let page = output(&journal, wanted, raw, true);
                assert!(page.data.len() <= 4 * LOG_PAGE_BYTES, "a page of {}", page.data.len());
                match raw {
                    true => all.extend(STANDARD.decode(&page.data).unwrap()),
                    false => all.extend(page.data.bytes()),
                }
                offset = page.next;
                pages += 1;
                if page.end {
                    break;
                }
            }
            assert!(pages > 4, "{pages}");
            let mut expected = bodies.join(&b"\n"[..]);
            match raw {
                true => expected.push(b'\n'),
                false => expected.retain(|byte| *byte != b'\n'),
            }
            let expected = match raw {
                true => expected,
                false => String::from_utf8(expected).unwrap().replace("\x1b[1m", "").into_bytes(),
            };
            assert!(all == expected, "{} bytes instead of {}", all.len(), expected.len());
        }
    }
}
