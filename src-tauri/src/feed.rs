//! Board and conversations as streams into the window, taken up again after a lost connection.
//!
//! Promise: after every reconnection the first event is a fresh snapshot.

use crate::link::Link;
use nightshift_client::{Follow, FollowEvent};
use nightshift_protocol::{BoardEvent, ConversationEvent, Fault, FaultCode};
use std::time::Duration;
use tauri::ipc::{Channel, IpcResponse};
use tauri::{AppHandle, Manager};
use tauri_specta::Event as _;

/// First wait before trying again; doubled each time, so that a broken supervisor is not hammered.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// A person who waits should not wait longer than this after the supervisor is back.
const RETRY_MAX: Duration = Duration::from_secs(4);

/// Passes changes of reachability on to the window for as long as the app runs.
pub fn tell_reachability(app: &AppHandle) {
    let app = app.clone();
    let mut changes = app.state::<Link>().reachability();
    tauri::async_runtime::spawn(async move {
        while changes.changed().await.is_ok() {
            let now = changes.borrow_and_update().clone();
            if let Err(error) = now.emit(&app) {
                eprintln!("warning: the window was not told of the connection: {error}");
            }
        }
    });
}

pub async fn board(app: AppHandle, channel: Channel<BoardEvent>) {
    let link = app.state::<Link>();
    let mut retry = RETRY_FIRST;
    loop {
        match open_board(&link).await {
            Ok(follow) => {
                link.found();
                retry = RETRY_FIRST;
                match pump(follow, &channel).await {
                    Ended::WindowGone => return,
                    Ended::FollowEnded(fault) => link.lost(&fault).await,
                }
            }
            Err(fault) => link.lost(&fault).await,
        }
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(RETRY_MAX);
    }
}

async fn open_board(link: &Link) -> Result<Follow<BoardEvent>, Fault> {
    link.client().await?.follow_board().await
}

/// The first follow is opened by the command itself, so that its fault reaches the pane.
pub async fn open_conversation(
    link: &Link,
    session: &str,
) -> Result<Follow<ConversationEvent>, Fault> {
    link.client().await?.follow_conversation(session).await
}

pub async fn conversation(
    app: AppHandle,
    session: String,
    first: Follow<ConversationEvent>,
    channel: Channel<ConversationEvent>,
) {
    let link = app.state::<Link>();
    let mut follow = first;
    loop {
        match pump(follow, &channel).await {
            Ended::WindowGone => return,
            // Removed: the board says so.
            Ended::FollowEnded(fault) if fault.code == FaultCode::NotFound => return,
            Ended::FollowEnded(_) => {}
        }
        let mut retry = RETRY_FIRST;
        follow = loop {
            tokio::time::sleep(retry).await;
            match open_conversation(&link, &session).await {
                Ok(follow) => break follow,
                Err(fault) if fault.code == FaultCode::NotFound => return,
                Err(_) => retry = (retry * 2).min(RETRY_MAX),
            }
        };
    }
}

enum Ended {
    WindowGone,
    FollowEnded(Fault),
}

async fn pump<E>(mut follow: Follow<E>, channel: &Channel<E>) -> Ended
where
    E: IpcResponse + TryFrom<FollowEvent> + Send + 'static,
{
    loop {
        match follow.next().await {
            Ok(event) => {
                if channel.send(event).is_err() {
                    return Ended::WindowGone;
                }
            }
            Err(fault) => return Ended::FollowEnded(fault),
        }
    }
}
