//! The tray icon and its menu. On Linux the icon itself takes no clicks: all is in the menu.

use crate::window;
use tauri::AppHandle;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;

const OPEN: &str = "open";
const QUIT: &str = "quit";

pub fn build(app: &AppHandle) -> tauri::Result<()> {
    let open = MenuItem::with_id(app, OPEN, "Open Nightshift", true, None::<&str>)?;
    let line = PredefinedMenuItem::separator(app)?;
    let words = "Quit window (sessions keep running)";
    let quit = MenuItem::with_id(app, QUIT, words, true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&open, &line, &quit])?;
    let mut tray = TrayIconBuilder::with_id("main").menu(&menu).on_menu_event(on_menu);
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.title("Nightshift").build(app).map(drop)
}

fn on_menu(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        OPEN => window::show(app),
        QUIT => app.exit(0),
        _ => {}
    }
}
