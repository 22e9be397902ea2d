//! Streams: the board and conversations.

use crate::feed;
use crate::follows::Follows;
use crate::link::Link;
use nightshift_protocol::{BoardEvent, ConversationEvent, Fault};
use tauri::ipc::Channel;
use tauri::{AppHandle, State, async_runtime};

/// Board snapshot, then numbered changes; a fresh snapshot after every lost connection.
#[tauri::command]
#[specta::specta]
pub fn follow_board(
    app: AppHandle,
    follows: State<'_, Follows>,
    channel: Channel<BoardEvent>,
) -> Result<u32, Fault> {
    follows.keep(async_runtime::spawn(feed::board(app, channel)))
}

#[tauri::command]
#[specta::specta]
pub async fn follow_conversation(
    app: AppHandle,
    link: State<'_, Link>,
    follows: State<'_, Follows>,
    session: String,
    channel: Channel<ConversationEvent>,
) -> Result<u32, Fault> {
    let first = feed::open_conversation(&link, &session).await?;
    follows.keep(async_runtime::spawn(feed::conversation(app, session, first, channel)))
}

#[tauri::command]
#[specta::specta]
pub fn unfollow(follows: State<'_, Follows>, follow: u32) {
    follows.end(follow);
}
