//! `logs`: a session's output as text or raw bytes, in pages, read beside the loop.
//!
//! The offset of a shell job's page is a journal sequence number, that of a conversation a byte of
//! its text; to clients both are opaque. A page of text begins in the middle of nothing: escape
//! sequences and characters that the page before cut in two are known from its last records.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::effects;
use crate::inbox::Inbox;
use crate::limits::LOG_PAGE_BYTES;
use crate::link::beside::Lane;
use crate::outside::{Aside, Journal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_agents::Driver;
use nightshift_model::Millis;
use nightshift_protocol::{Fault, FaultCode, LogPage, Record, RecordKind};
use nightshift_publish::ConnId;

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

pub fn logs(core: &Core, conn: ConnId, request: u64, session: &str, wanted: Wanted) -> Outcome {
    let id = find(core, session)?;
    let session = &core.sessions[&id].session;
    let ended = !session.is_alive();
    // A terminal agent's log is what its terminal showed.
    let talks = session.agent().filter(|_| !session.is_terminal_agent());
    let driver = match (wanted.raw, talks) {
        (false, Some(work)) => {
            let mut driver =
                effects::driver_of(&core.home, &core.registry, session).ok_or_else(|| {
                    let message = format!("agent `{}` of session {id} is not known", work.agent);
                    Fault::new(FaultCode::NotFound, message)
                })?;
            driver.set_prompts(&work.prompts);
            driver.set_remarks(&work.standing.remarks, false);
            Some(driver)
        }
        (true, _) | (false, None) => None,
    };
    let lines = talks.is_some();
    let journal = core.outside.journal(&id);
    let place = format!("the journal of session {id}");
    core.outside.beside(Aside::for_request((conn, request), Lane::Looks, place, move || {
        let page = match driver {
            Some(driver) => conversation(&*journal, driver, wanted, ended),
            None => output(&*journal, wanted, lines, ended),
        };
        Inbox::LogRead { conn, request, session: id, page }
    }));
    Ok(Handled::Pending)
}

/// `lines`: records are lines of an agent and lost their newline.
fn output(journal: &dyn Journal, wanted: Wanted, lines: bool, ended: bool) -> LogPage {
    let after = match wanted.since {
        Some(_) => last_before(journal, wanted),
        None => wanted.offset,
    };
    let mut bytes = Vec::new();
    let mut text = Text::default();
    if !wanted.raw {
        for record in journal.read(after.saturating_sub(LEAD_RECORDS)) {
            if record.seq > after {
                break;
            }
            text.add(&record);
        }
        text.shown.clear();
    }
    let mut next = after;
    let mut end = true;
    for record in journal.read(after) {
        if bytes.len().max(text.shown.len()) >= LOG_PAGE_BYTES {
            end = false;
            break;
        }
        next = record.seq;
        match record.kind {
            RecordKind::Out | RecordKind::Err if wanted.raw => {
                bytes.extend_from_slice(&record.body);
                if lines {
                    bytes.push(b'\n');
                }
            }
            RecordKind::Out | RecordKind::Err => text.add(&record),
            RecordKind::In | RecordKind::Mark => {}
        }
    }
    let data = if wanted.raw { STANDARD.encode(&bytes) } else { text.shown };
    LogPage { data, next, end, ended: ended && end }
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
    fn add(&mut self, record: &Record) {
        if matches!(record.kind, RecordKind::Out | RecordKind::Err) {
            self.parser.advance(&mut Shown(&mut self.shown), &record.body);
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

fn conversation(journal: &dyn Journal, mut driver: Driver, wanted: Wanted, ended: bool) -> LogPage {
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
