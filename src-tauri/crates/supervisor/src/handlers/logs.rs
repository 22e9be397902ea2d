//! `logs`: a session's output as text or raw bytes, in pages, read beside the loop.
//!
//! The offset of a shell job's page is a journal sequence number, that of a conversation a byte of
//! its text; to clients both are opaque.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::effects;
use crate::inbox::{ConnId, Inbox};
use crate::limits::LOG_PAGE_BYTES;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_agents::acp::Driver;
use nightshift_host::journal;
use nightshift_protocol::{Fault, FaultCode, LogPage, RecordKind, Reply};
use std::path::Path;

pub fn logs(
    core: &Core,
    conn: ConnId,
    request: u64,
    session: &str,
    raw: bool,
    offset: u64,
) -> Outcome {
    let id = find(core, session)?;
    let session = &core.sessions[&id].session;
    let ended = !session.is_alive();
    let dir = core.home.job(id.as_str());
    let driver = match (raw, session.agent()) {
        (false, Some(work)) => {
            let mut driver = effects::driver_of(&core.registry, session).ok_or_else(|| {
                let message = format!("agent `{}` of session {id} is not known", work.agent);
                Fault::new(FaultCode::NotFound, message)
            })?;
            driver.set_prompts(&work.prompts);
            Some(driver)
        }
        (true, _) | (false, None) => None,
    };
    let lines = session.agent().is_some();
    let inbox = core.inbox.clone();
    tokio::task::spawn_blocking(move || {
        let page = match driver {
            Some(driver) => conversation(&dir, driver, offset, ended),
            None => output(&dir, Form { raw, lines }, offset, ended),
        };
        // An error means that the loop has ended.
        inbox.blocking_send(Inbox::Answer { conn, request, result: Ok(Reply::Logs(page)) }).ok();
    });
    Ok(Handled::Pending)
}

#[derive(Clone, Copy)]
struct Form {
    /// Bytes as they came, in base64; else text without control sequences.
    raw: bool,
    /// Records are lines of an agent and lost their newline.
    lines: bool,
}

fn output(dir: &Path, form: Form, after: u64, ended: bool) -> LogPage {
    let mut bytes = Vec::new();
    let mut next = after;
    let mut end = true;
    for record in journal::read(dir, after) {
        if bytes.len() >= LOG_PAGE_BYTES {
            end = false;
            break;
        }
        next = record.seq;
        match record.kind {
            RecordKind::Out | RecordKind::Err => {
                bytes.extend_from_slice(&record.body);
                if form.lines {
                    bytes.push(b'\n');
                }
            }
            RecordKind::In | RecordKind::Mark => {}
        }
    }
    let data = match form.raw {
        true => STANDARD.encode(&bytes),
        false => strip_ansi_escapes::strip_str(String::from_utf8_lossy(&bytes)),
    };
    LogPage { data, next, end, ended: ended && end }
}

fn conversation(dir: &Path, mut driver: Driver, offset: u64, ended: bool) -> LogPage {
    for record in journal::read(dir, 0) {
        driver.feed(&record);
    }
    let (items, _) = driver.items();
    let text = nightshift_agents::plain(&items);
    let from = usize::try_from(offset).map_or(text.len(), |at| at.min(text.len()));
    let from = (0..=from).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let to = (from + LOG_PAGE_BYTES).min(text.len());
    let to = (to..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let end = to == text.len();
    LogPage { data: text[from..to].to_owned(), next: to as u64, end, ended: ended && end }
}
