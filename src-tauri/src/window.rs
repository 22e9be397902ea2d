//! The main window: shown, hidden instead of closed, found again by a second start.

use crate::environment::Origin;
use crate::opening::{self, Asked};
use crate::quick::QUICK;
use crate::{announcement, backdrop, beside, navigation, popout};
use nightshift_client::{Holdings, Presence};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tauri::plugin::TauriPlugin;
use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Manager, Webview, WebviewWindow, Window, WindowEvent, Wry};

pub const MAIN: &str = "main";
/// `0` lets several windows of one user run side by side; tests use it.
const SINGLE_INSTANCE_VARIABLE: &str = "NIGHTSHIFT_SINGLE_INSTANCE";
const BUS_NAME: &str = "dev.nightshift.desktop";

/// A window that is shown is on the screen within a few looks.
const LOOKS_MAX: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Makes the windows that the app's configuration names.
pub fn make(app: &AppHandle) -> tauri::Result<()> {
    for config in &app.config().app.windows {
        let window = navigation::build(navigation::configured(app, config)?)?;
        backdrop::lay(&window);
    }
    Ok(())
}

/// Shows the window in front, wherever it was.
pub fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let shown = window.show().and_then(|()| window.unminimize());
    if let Err(error) = shown {
        eprintln!("warning: the window cannot be shown: {error}");
    }
    take_keyboard(&window);
}

/// Gives the keyboard to a window that is being shown: one that is not on the screen yet cannot have it.
pub fn take_keyboard(window: &WebviewWindow) {
    let window = window.clone();
    tauri::async_runtime::spawn(async move {
        for _ in 0..LOOKS_MAX {
            if window.is_visible().unwrap_or_default() {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        if let Err(error) = window.set_focus() {
            eprintln!("warning: a window cannot have the keyboard: {error}");
        }
    });
}

/// Hides the window of this label, if it was made.
pub fn hide(app: &AppHandle, label: &str) {
    let Some(window) = app.get_webview_window(label) else { return };
    if label == MAIN {
        app.state::<Presence>().focus(MAIN, false);
    }
    if let Err(error) = window.hide() {
        eprintln!("warning: the window cannot be hidden: {error}");
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
        .callback(|app, arguments, _cwd| opening::fulfil(app, Asked::of(arguments)))
        .build()
}

/// Closing hides: sessions and their news go on, the tray brings the window back. A window of one
/// session goes.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } if !popout::is_one(window.label()) => {
            api.prevent_close();
            hide(window.app_handle(), window.label());
            if window.label() == MAIN {
                announcement::still_running(window.app_handle());
            }
        }
        WindowEvent::Focused(focused) if window.label() != QUICK => {
            window.state::<Presence>().focus(window.label(), *focused);
        }
        WindowEvent::Destroyed => {
            window.state::<Presence>().forget(window.label());
            window.state::<Holdings>().forget(window.label());
        }
        _ => {}
    }
}

/// A page that loads anew has forgotten what the one before had open; one that is there leaves time for
/// the rest.
pub fn on_page_load(webview: &Webview, payload: &PageLoadPayload<'_>) {
    match payload.event() {
        PageLoadEvent::Started => webview.state::<Holdings>().end(webview.label()),
        PageLoadEvent::Finished => beside::begin(webview.app_handle()),
    }
}
