//! Notifications, as far as the window has to do with them: receipts, what is looked at, what is to be
//! opened; and the windows beside the board's.

use crate::announcement::NotificationPermission;
use crate::link::Link;
use crate::opening::{OpenTarget, Opening};
use crate::quick::QUICK;
use crate::{announcement, popout, window};
use nightshift_client::Presence;
use nightshift_protocol::{Fault, Looking, NotificationAct, Receipt, calls};
use tauri::{AppHandle, State, WebviewWindow};

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

/// Whether this desktop shows notifications.
#[tauri::command]
#[specta::specta]
pub async fn notification_permission(app: AppHandle) -> Result<NotificationPermission, Fault> {
    Ok(announcement::permission(&app).await)
}

async fn ask(link: &Link, act: NotificationAct) -> Result<Vec<Receipt>, Fault> {
    link.ask(calls::Notifications { act }).await
}

/// What the page shows, and whether somebody uses it.
#[tauri::command]
#[specta::specta]
pub fn looking(window: WebviewWindow, presence: State<'_, Presence>, looking: Looking) {
    presence.page(window.label(), looking);
}

/// What was to be opened when this page was not there yet.
#[tauri::command]
#[specta::specta]
pub fn take_opening(opening: State<'_, Opening>) -> Option<OpenTarget> {
    opening.take()
}

/// The quick window goes away.
#[tauri::command]
#[specta::specta]
pub fn hide_quick(app: AppHandle) {
    window::hide(&app, QUICK);
}

/// A session in a window of its own.
#[tauri::command]
#[specta::specta]
pub async fn pop_out(app: AppHandle, session: String) -> Result<(), Fault> {
    popout::open(&app, &session)
}

/// Of such a window: its session goes on in the board's.
#[tauri::command]
#[specta::specta]
pub async fn put_back(window: WebviewWindow, session: String) -> Result<(), Fault> {
    popout::put_back(&window, session)
}

#[tauri::command]
#[specta::specta]
pub async fn close_window(window: WebviewWindow) -> Result<(), Fault> {
    popout::close(&window)
}
