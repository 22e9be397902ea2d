//! Streams: the board and conversations.

use crate::feed;
use crate::link::Link;
use nightshift_client::Holdings;
use nightshift_protocol::{BoardEvent, ConversationEvent, Fault};
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow, async_runtime};
use tokio::task::AbortHandle;

/// Board snapshot, then numbered changes; a fresh snapshot after every lost connection.
#[tauri::command]
#[specta::specta]
pub fn follow_board(
    app: AppHandle,
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    channel: Channel<BoardEvent>,
) -> Result<u32, Fault> {
    holdings.of(window.label()).follows.keep(spawn(feed::board(app, channel)))
}

#[tauri::command]
#[specta::specta]
pub async fn follow_conversation(
    app: AppHandle,
    link: State<'_, Link>,
    window: WebviewWindow,
    holdings: State<'_, Holdings>,
    session: String,
    channel: Channel<ConversationEvent>,
) -> Result<u32, Fault> {
    let first = feed::open_conversation(&link, &session).await?;
    let follow = spawn(feed::conversation(app, session, first, channel));
    holdings.of(window.label()).follows.keep(follow)
}

#[tauri::command]
#[specta::specta]
pub fn unfollow(window: WebviewWindow, holdings: State<'_, Holdings>, follow: u32) {
    holdings.of(window.label()).follows.end(follow);
}

fn spawn(follow: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    async_runtime::spawn(follow).inner().abort_handle()
}
