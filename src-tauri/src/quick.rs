//! The quick window: takes a prompt and a project, starts the session, goes away. In front of
//! everything, without a frame.
//!
//! Promise: made when it is first asked for and hidden from then on, so that those who never use it do
//! not pay for a second page.

use crate::{backdrop, navigation, window};
use serde::Serialize;
use tauri::{AppHandle, Manager, WebviewWindow};
use tauri_specta::Event as _;

pub const QUICK: &str = "quick";
const PAGE: &str = "quick.html";
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 176.0;

/// Tells the page that it is in front again.
#[derive(Clone, Serialize, specta::Type, tauri_specta::Event)]
pub struct QuickShown;

/// Brings it in front.
pub fn show(app: &AppHandle) {
    let found = app.get_webview_window(QUICK);
    let shown = found.map_or_else(|| build(app), Ok).and_then(|quick| {
        quick.center()?;
        quick.show()?;
        window::take_keyboard(&quick);
        QuickShown.emit_to(app, QUICK)
    });
    if let Err(error) = shown {
        eprintln!("warning: the quick window cannot be shown: {error}");
    }
}

/// In front it goes away, else it comes: what the shortcut does.
pub fn toggle(app: &AppHandle) {
    let found = app.get_webview_window(QUICK);
    let in_front = |quick: &WebviewWindow| quick.is_visible().unwrap_or_default();
    match found.filter(in_front) {
        Some(_) => window::hide(app, QUICK),
        None => show(app),
    }
}

fn build(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let quick = navigation::window(app, QUICK, PAGE)
        .title("Nightshift: quick dispatch")
        .inner_size(WIDTH, HEIGHT)
        .resizable(false)
        .decorations(false)
        .always_on_top(true)
        .skip_taskbar(true)
        .visible(false);
    let quick = navigation::build(quick)?;
    backdrop::lay(&quick);
    Ok(quick)
}
