//! What the desktop has of us beside the window: the tray and the shortcut.
//!
//! Promise: begun once, when the page is there or soon anyway. The desktop is asked on the thread that
//! serves the page, and its first paint shall not wait for that.

use crate::{habits, tray};
use std::sync::Once;
use std::time::Duration;
use tauri::AppHandle;

/// A page that does not come keeps nobody from the tray for longer.
const PATIENCE: Duration = Duration::from_secs(3);

static BEGUN: Once = Once::new();

/// Begins it on the main thread, if that was not done.
pub fn begin(app: &AppHandle) {
    let handle = app.clone();
    let asked = app.run_on_main_thread(move || {
        BEGUN.call_once(|| {
            if let Err(error) = tray::build(&handle) {
                eprintln!("warning: no tray icon: {error}");
            }
            habits::take_on(&handle);
        });
    });
    if let Err(error) = asked {
        eprintln!("warning: neither tray nor shortcut: {error}");
    }
}

/// Begins it after a while at the latest.
pub fn begin_later(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        begin(&app);
    });
}
