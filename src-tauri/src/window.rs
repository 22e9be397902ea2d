//! The one window: shown, hidden instead of closed, found again by a second start.

use crate::attachments::Attachments;
use crate::environment::Origin;
use crate::follows::Follows;
use std::hash::{DefaultHasher, Hash, Hasher};
use tauri::plugin::TauriPlugin;
use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Manager, Webview, Window, WindowEvent, Wry};

pub const MAIN: &str = "main";
/// `0` lets several windows of one user run side by side; tests use it.
const SINGLE_INSTANCE_VARIABLE: &str = "NIGHTSHIFT_SINGLE_INSTANCE";
const BUS_NAME: &str = "dev.nightshift.desktop";

/// Shows the window in front, wherever it was.
pub fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        eprintln!("warning: the window cannot be shown: {error}");
    }
}

pub fn is_single_instance() -> bool {
    std::env::var_os(SINGLE_INSTANCE_VARIABLE).is_none_or(|value| value != "0")
}

/// A second start shows the first one's window and ends. One window for each state directory.
pub fn single_instance(origin: &Origin) -> TauriPlugin<Wry> {
    let moved = std::env::var_os(nightshift_platform::dirs::HOME_VARIABLE);
    let name = moved.map_or(BUS_NAME.to_owned(), |directory| {
        let mut hasher = DefaultHasher::new();
        origin.cwd.join(directory).hash(&mut hasher);
        format!("{BUS_NAME}.h{:016x}", hasher.finish())
    });
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(name)
        .callback(|app, _arguments, _cwd| show(app))
        .build()
}

/// Closing hides: sessions and their news go on, the tray brings the window back.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event {
        api.prevent_close();
        if let Err(error) = window.hide() {
            eprintln!("warning: the window cannot be hidden: {error}");
        }
    }
}

/// A page that loads anew has forgotten what the one before had open.
pub fn on_page_load(webview: &Webview, payload: &PageLoadPayload<'_>) {
    if payload.event() == PageLoadEvent::Started {
        webview.state::<Follows>().end_all();
        webview.state::<Attachments>().end_all();
    }
}
