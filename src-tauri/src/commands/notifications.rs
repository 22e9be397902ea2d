//! Notifications, as far as the window has to do with them: receipts, what is looked at, what is to be
//! opened; and the quick window.

use crate::link::{Link, unexpected};
use crate::opening::Opening;
use crate::presence::Presence;
use crate::quick::QUICK;
use crate::window;
use nightshift_protocol::{Command, Fault, Looking, NotificationAct, Receipt, Reply};
use tauri::{AppHandle, State};

/// What was told to the user outside of the board, the newest first; `before` pages on.
#[tauri::command]
#[specta::specta]
pub async fn receipts(
    link: State<'_, Link>,
    limit: u32,
    before: Option<u32>,
) -> Result<Vec<Receipt>, Fault> {
    ask(&link, NotificationAct::Receipts { limit, before }).await
}

/// Sends a notification through every channel, and says what became of it.
#[tauri::command]
#[specta::specta]
pub async fn test_notification(link: State<'_, Link>) -> Result<Vec<Receipt>, Fault> {
    ask(&link, NotificationAct::Test).await
}

async fn ask(link: &Link, act: NotificationAct) -> Result<Vec<Receipt>, Fault> {
    match link.call(Command::Notifications { act }).await? {
        Reply::Receipts { receipts } => Ok(receipts),
        other => Err(unexpected(&other)),
    }
}

/// What the page shows, and whether somebody uses it.
#[tauri::command]
#[specta::specta]
pub fn looking(presence: State<'_, Presence>, looking: Looking) {
    presence.page(looking);
}

/// The session that was to be opened when this page was not there yet.
#[tauri::command]
#[specta::specta]
pub fn take_opening(opening: State<'_, Opening>) -> Option<String> {
    opening.take()
}

/// The quick window goes away.
#[tauri::command]
#[specta::specta]
pub fn hide_quick(app: AppHandle) {
    window::hide(&app, QUICK);
}
