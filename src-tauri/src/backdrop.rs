//! What a window shows until its page is painted: the ground of its theme instead of a browser's white.

use crate::habits;
use gtk::prelude::GtkSettingsExt;
use nightshift_settings::Theme;
use tauri::WebviewWindow;
use tauri::window::Color;

/// `--bg` of the page's tokens.
const DARK: Color = Color(0x0d, 0x0e, 0x12, 0xff);
const LIGHT: Color = Color(0xfa, 0xfa, 0xf9, 0xff);
/// What the names of dark themes end with, as WebKit has it too.
const DARK_NAMES: [&str; 3] = ["-dark", "-Dark", ":dark"];
/// Stands above the desktop's choice of a theme.
const THEME_VARIABLE: &str = "GTK_THEME";

/// Lays it under the page of a window that was just made.
pub fn lay(window: &WebviewWindow) {
    let under = window.clone();
    // Only there the desktop's theme can be asked for.
    let laid = window.run_on_main_thread(move || {
        let colour = ground(habits::settings().appearance.theme, is_desktop_dark());
        if let Err(error) = under.set_background_color(Some(colour)) {
            eprintln!("warning: a window begins in white: {error}");
        }
    });
    if let Err(error) = laid {
        eprintln!("warning: a window begins in white: {error}");
    }
}

fn is_desktop_dark() -> bool {
    let Some(settings) = gtk::Settings::default() else { return false };
    let named = std::env::var(THEME_VARIABLE).ok();
    let named = named.or_else(|| settings.gtk_theme_name().map(String::from));
    settings.is_gtk_application_prefer_dark_theme()
        || named.is_some_and(|name| DARK_NAMES.iter().any(|end| name.ends_with(end)))
}

fn ground(wanted: Option<Theme>, is_desktop_dark: bool) -> Color {
    let dark = match wanted {
        Some(Theme::Dark) => true,
        Some(Theme::Light) => false,
        Some(Theme::System) | None => is_desktop_dark,
    };
    if dark { DARK } else { LIGHT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_the_theme_s_own() {
        for (wanted, is_desktop_dark, colour) in [
            (None, true, DARK),
            (None, false, LIGHT),
            (Some(Theme::System), true, DARK),
            (Some(Theme::Light), true, LIGHT),
            (Some(Theme::Dark), false, DARK),
        ] {
            assert_eq!(ground(wanted, is_desktop_dark), colour, "{wanted:?} {is_desktop_dark}");
        }
        let tokens = include_str!("../../ui/src/styles/tokens.css");
        let grounds = tokens.lines().filter_map(|line| line.trim().strip_prefix("--bg: "));
        let hex = |Color(r, g, b, _)| format!("#{r:02x}{g:02x}{b:02x};");
        assert_eq!(Vec::from_iter(grounds.take(2)), [hex(DARK), hex(LIGHT)]);
    }
}
