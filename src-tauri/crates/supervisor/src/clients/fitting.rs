//! The one place where a message becomes a frame: whatever is in it, the frame is one that its reader
//! takes.
//!
//! Promise: what does not fit is left out of the message in words that say so, the newest of it last; no
//! row takes the board away from the others. Must not know: who reads it.

use nightshift_model::Evidence;
use nightshift_model::naming::clip;
use nightshift_protocol::{
    BoardChange, BoardEvent, Configuration, ConversationEvent, ConversationItem, FRAME_MAX_BYTES,
    Fault, FaultCode, ItemBody, Notice, NoticeLevel, Reply, ServerMessage, SessionView,
    encode_control,
};
use serde::Serialize;
use std::io::{self, Write};

/// Longest row of a board as it is: a request with a whole diff to read has a tenth of it. A longer one
/// goes as a stub, and is shown whole when it is asked for by its id.
pub const ROW_MAX_BYTES: usize = 512 * 1024;
/// What all rows or items of one frame may take: the rest is for what is around them.
const ROWS_MAX_BYTES: usize = FRAME_MAX_BYTES - 2 * 1024 * 1024;
/// What an agent offers, in one frame beside a conversation.
const CONFIGURATION_MAX_BYTES: usize = 1024 * 1024;
/// Longest text of a notice, a fault or a piece of evidence.
const WORDS_MAX_BYTES: usize = 8 * 1024;

/// The message as a frame.
pub fn frame(message: &ServerMessage) -> Vec<u8> {
    // Rows are looked at one by one only where one of them may be too long.
    let frame = encode_control(message);
    if frame.len() <= ROW_MAX_BYTES {
        return frame;
    }
    match fitted(message) {
        Some(fitted) => {
            whole(encode_control(&fitted)).unwrap_or_else(|len| too_large(message, len))
        }
        None => whole(frame).unwrap_or_else(|len| too_large(message, len)),
    }
}

fn whole(frame: Vec<u8>) -> Result<Vec<u8>, usize> {
    // The length counts what comes after its own four bytes.
    let len = frame.len().saturating_sub(size_of::<u32>());
    if len <= FRAME_MAX_BYTES { Ok(frame) } else { Err(len) }
}

/// What a client gets in place of what cannot be sent.
fn too_large(message: &ServerMessage, len: usize) -> Vec<u8> {
    let (ServerMessage::Reply { id, .. }
    | ServerMessage::Fault { id, .. }
    | ServerMessage::Board { id, .. }
    | ServerMessage::Conversation { id, .. }) = message;
    let text = format!("the answer has {len} bytes; the limit is {FRAME_MAX_BYTES}");
    let fault = Fault::new(FaultCode::Limit, text).hint("ask for a part of it, or for one session");
    encode_control(&ServerMessage::Fault { id: *id, fault })
}

/// The message with less in it; none when it is sent as it is, or not at all.
fn fitted(message: &ServerMessage) -> Option<ServerMessage> {
    Some(match message {
        ServerMessage::Board { id, event } => ServerMessage::Board { id: *id, event: board(event) },
        ServerMessage::Conversation { id, event } => {
            ServerMessage::Conversation { id: *id, event: conversation(event) }
        }
        ServerMessage::Fault { id, fault } => {
            let mut fault = fault.clone();
            cut(&mut fault.message);
            cut(&mut fault.hint);
            ServerMessage::Fault { id: *id, fault }
        }
        ServerMessage::Reply { id, reply } => {
            ServerMessage::Reply { id: *id, reply: answer(reply)? }
        }
    })
}

fn answer(reply: &Reply) -> Option<Reply> {
    Some(match reply {
        Reply::Sessions { views } => Reply::Sessions { views: rows(views) },
        // Asked for by its id: whole, where that is possible at all.
        Reply::Session { view } if bytes(view) > ROWS_MAX_BYTES => {
            Reply::Session { view: Box::new(view.stub()) }
        }
        Reply::Said { view, text } => {
            let mut text = text.clone();
            cut(&mut text);
            Reply::Said { view: Box::new(row(view)), text }
        }
        Reply::Configuration { configuration: known } => {
            Reply::Configuration { configuration: configuration(known) }
        }
        Reply::Why { evidence } => Reply::Why { evidence: told(evidence) },
        _ => return None,
    })
}

fn board(event: &BoardEvent) -> BoardEvent {
    match event {
        BoardEvent::Snapshot { seq, sessions, notices } => {
            let (sessions, mut notices) = (rows(sessions), notices.clone());
            notices.iter_mut().for_each(|notice| cut(&mut notice.text));
            BoardEvent::Snapshot { seq: *seq, sessions, notices }
        }
        BoardEvent::Change { seq, change } => BoardEvent::Change {
            seq: *seq,
            change: match change {
                BoardChange::Upsert { view } => BoardChange::Upsert { view: Box::new(row(view)) },
                BoardChange::Removed { id } => BoardChange::Removed { id: id.clone() },
                BoardChange::Notice { notice } => BoardChange::Notice { notice: short(notice) },
                BoardChange::NoticeGone { notice } => {
                    BoardChange::NoticeGone { notice: short(notice) }
                }
            },
        },
    }
}

fn short(notice: &Notice) -> Notice {
    let mut notice = notice.clone();
    cut(&mut notice.text);
    notice
}

fn row(view: &SessionView) -> SessionView {
    if bytes(view) > ROW_MAX_BYTES { view.stub() } else { view.clone() }
}

/// All rows, the longest as stubs.
fn rows(views: &[SessionView]) -> Vec<SessionView> {
    let mut rows: Vec<(usize, SessionView)> = views
        .iter()
        .map(|view| {
            let view = row(view);
            (bytes(&view), view)
        })
        .collect();
    let mut total: usize = rows.iter().map(|(len, _)| len).sum();
    while total > ROWS_MAX_BYTES {
        let Some((len, view)) = rows.iter_mut().max_by_key(|(len, _)| *len) else { break };
        let stub = view.stub();
        let short = bytes(&stub);
        if short >= *len {
            break;
        }
        total -= *len - short;
        (*len, *view) = (short, stub);
    }
    rows.into_iter().map(|(_, view)| view).collect()
}

fn conversation(event: &ConversationEvent) -> ConversationEvent {
    match event {
        ConversationEvent::Snapshot { seq, items, trimmed, configuration: known } => {
            let mut room = ROWS_MAX_BYTES;
            let newest = items.iter().rev().map(item).take_while(|item| {
                let len = bytes(item);
                let fits = len <= room;
                room = room.saturating_sub(len);
                fits
            });
            let mut kept: Vec<ConversationItem> = newest.collect();
            kept.reverse();
            let (trimmed, configuration) =
                (*trimmed || kept.len() < items.len(), configuration(known));
            ConversationEvent::Snapshot { seq: *seq, items: kept, trimmed, configuration }
        }
        ConversationEvent::Configured { seq, configuration: known } => {
            ConversationEvent::Configured { seq: *seq, configuration: configuration(known) }
        }
        ConversationEvent::Upsert { seq, item: known } => {
            ConversationEvent::Upsert { seq: *seq, item: Box::new(item(known)) }
        }
        ConversationEvent::Append { .. } | ConversationEvent::Removed { .. } => event.clone(),
    }
}

/// The item, or that it is too large to show.
fn item(item: &ConversationItem) -> ConversationItem {
    let len = bytes(item);
    if len <= ROWS_MAX_BYTES {
        return item.clone();
    }
    let text = format!("Something of {len} bytes is too large to show.");
    let body = ItemBody::Note { level: NoticeLevel::Warning, text };
    ConversationItem { id: item.id.clone(), at: item.at, body }
}

/// As many values and commands as fit, the first ones.
fn configuration(known: &Configuration) -> Configuration {
    let mut fitted = known.clone();
    let lists = fitted.options.iter().map(|option| option.values.len());
    let mut most = lists.chain([fitted.commands.len(), fitted.options.len()]).max().unwrap_or(0);
    while most > 0 && bytes(&fitted) > CONFIGURATION_MAX_BYTES {
        most /= 2;
        fitted.options.truncate(most);
        fitted.options.iter_mut().for_each(|option| option.values.truncate(most));
        fitted.commands.truncate(most);
    }
    fitted
}

fn told(evidence: &[Evidence]) -> Vec<Evidence> {
    let mut told = evidence.to_vec();
    told.iter_mut().for_each(|one| cut(&mut one.text));
    told
}

fn cut(text: &mut String) {
    if text.len() > WORDS_MAX_BYTES {
        text.truncate(clip(text, WORDS_MAX_BYTES).len());
        text.push('…');
    }
}

/// How long it is as JSON.
fn bytes<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Our own types can be written; what could not would be taken for endless.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}
