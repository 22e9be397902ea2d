//! What the user set about the window itself: its shortcut, and whether it starts at login.
//!
//! Promise: a setting that cannot be followed is said and costs nothing else.

use crate::{announcement, quick};
use nightshift_platform::Home;
use nightshift_platform::desktop::quote_exec;
use nightshift_settings::{Settings, Watched};
use std::io;
use std::path::PathBuf;
use tauri::{AppHandle, Builder, Manager as _, Wry};
use tauri_plugin_autostart::{MacosLauncher, ManagerExt as _};
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, ShortcutState};

/// Brings the quick window, from anywhere, unless another is set; an empty one is none.
const SHORTCUT: &str = "Ctrl+Alt+Space";
/// At login only the tray is wanted.
const AT_LOGIN: &str = "--hidden";

pub fn plugins(builder: Builder<Wry>) -> Builder<Wry> {
    let at_login = Some(vec![AT_LOGIN]);
    builder
        .plugin(announcement::plugin())
        .plugin(tauri_plugin_global_shortcut::Builder::new().build())
        .plugin(tauri_plugin_autostart::init(MacosLauncher::LaunchAgent, at_login))
}

/// The settings of the file as far as they can be read: what is wrong in it the board says.
pub fn settings() -> Settings {
    let file = Home::settings_file().inspect_err(|error| {
        eprintln!("warning: no settings file: {error}");
    });
    let Ok(file) = file else { return Settings::default() };
    let mut settings = Watched::new(file);
    settings.refresh();
    settings.settings().clone()
}

/// Takes on what the settings say. A desktop without the means goes without.
pub fn take_on(app: &AppHandle) {
    let habits = settings().window;
    let shortcut = habits.quick_shortcut.unwrap_or_else(|| SHORTCUT.to_owned());
    if !shortcut.trim().is_empty() {
        listen(app, shortcut.trim());
    }
    if let Some(wanted) = habits.autostart {
        start_at_login(app, wanted);
    }
}

fn listen(app: &AppHandle, shortcut: &str) {
    let heard = app.global_shortcut().on_shortcut(shortcut, |app, _, event| {
        if event.state == ShortcutState::Pressed {
            quick::toggle(app);
        }
    });
    if let Err(error) = heard {
        eprintln!("warning: the shortcut {shortcut} cannot be had: {error}");
    }
}

fn start_at_login(app: &AppHandle, wanted: bool) {
    let starts = app.autolaunch();
    let done = match (wanted, starts.is_enabled().unwrap_or_default()) {
        (true, false) => starts.enable(),
        (false, true) => starts.disable(),
        (true, true) | (false, false) => Ok(()),
    };
    let unset = |error: &dyn std::fmt::Display| {
        eprintln!("warning: whether it starts at login cannot be set: {error}");
    };
    match done {
        Err(error) => unset(&error),
        Ok(()) if wanted && cfg!(target_os = "linux") => {
            if let Err(error) = quote_entry(app) {
                unset(&error);
            }
        }
        Ok(()) => {}
    }
}

/// The plugin writes the program's path as it is: one with a space, or with a sign that means
/// something to the desktop, would start another program or none.
fn quote_entry(app: &AppHandle) -> io::Result<()> {
    let home = app.path().home_dir().map_err(io::Error::other)?;
    let file = home.join(format!(".config/autostart/{}.desktop", app.package_info().name));
    // As the plugin has it: of an image, its file and not where that is mounted.
    let image = std::env::var_os("APPIMAGE").map(PathBuf::from);
    let program = image.map_or_else(std::env::current_exe, Ok)?;
    quote_exec(&file, &[&program.to_string_lossy(), AT_LOGIN]).map(|_| ())
}
