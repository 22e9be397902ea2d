//! Attach panes of terminals.

use crate::commands::session::Offset;
use crate::link::Link;
use crate::terminal_wire::TerminalMessage;
use nightshift_client::Holdings;
use nightshift_protocol::reply::AttachTarget;
use nightshift_protocol::{Fault, FaultCode, calls};
use std::path::Path;
use tauri::ipc::Channel;
use tauri::{State, WebviewWindow};

/// Connects straight to the session's host: the current screen first, then live.
#[tauri::command]
#[specta::specta]
pub async fn attach_terminal(
    link: State<'_, Link>,
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    session: String,
    cols: u16,
    rows: u16,
    channel: Channel<TerminalMessage>,
) -> Result<u32, Fault> {
    let target = link.ask(calls::Attach { session }).await?;
    match target {
        AttachTarget::Terminal { socket } => {
            let pane = Box::new(move |event| {
                TerminalMessage::of(event).is_none_or(|message| channel.send(message).is_ok())
            });
            holdings.of(window.label()).attachments.open(Path::new(&socket), cols, rows, pane).await
        }
        AttachTarget::Conversation => {
            Err(Fault::new(FaultCode::Invalid, "this session is a conversation, not a terminal"))
        }
        AttachTarget::Ended => {
            Err(Fault::new(FaultCode::Refused, "this job has ended")
                .hint("its output is in the log"))
        }
    }
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_input(
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    attachment: u32,
    text: String,
) -> Result<(), Fault> {
    holdings.of(window.label()).attachments.send(attachment, text.as_bytes()).await
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_resize(
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    attachment: u32,
    cols: u16,
    rows: u16,
) -> Result<(), Fault> {
    holdings.of(window.label()).attachments.resize(attachment, cols, rows).await
}

/// `bytes` drawn since the attachment began, all told.
#[tauri::command]
#[specta::specta]
pub async fn terminal_ack(
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    attachment: u32,
    bytes: Offset,
) -> Result<(), Fault> {
    holdings.of(window.label()).attachments.ack(attachment, bytes.get()).await
}

#[tauri::command]
#[specta::specta]
pub fn detach_terminal(window: WebviewWindow, holdings: State<'_, Holdings>, attachment: u32) {
    holdings.of(window.label()).attachments.end(attachment);
}
