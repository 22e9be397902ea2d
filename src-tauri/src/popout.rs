//! Windows of single sessions, taken out of the board's window.
//!
//! Promise: one for each session, found again wherever the session is asked for; closing it closes the
//! view, never the session.

use crate::{backdrop, navigation, opening, window};
use nightshift_protocol::{Fault, FaultCode};
use tauri::{AppHandle, Manager, WebviewWindow};

/// What their labels begin with; the session's id follows.
const LABEL: &str = "pane-";
const PAGE: &str = "pane.html";
const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 760.0;
/// Below this neither a conversation nor a terminal can be read.
const WIDTH_MIN: f64 = 380.0;
const HEIGHT_MIN: f64 = 280.0;
/// Each is a browser process of its own, of some sixty megabytes.
const WINDOWS_MAX: usize = 12;

/// Brings the session's window in front, and makes it first if there is none.
pub fn open(app: &AppHandle, session: &str) -> Result<(), Fault> {
    if show(app, session) {
        return Ok(());
    }
    let label = label_of(session)?;
    let windows = app.webview_windows();
    if windows.keys().filter(|known| known.starts_with(LABEL)).count() >= WINDOWS_MAX {
        let fault = Fault::new(FaultCode::Limit, "too many windows of single sessions");
        return Err(fault.hint("close some"));
    }
    let pane = navigation::window(app, &label, &format!("{PAGE}?session={session}"))
        .title("Nightshift")
        .inner_size(WIDTH, HEIGHT)
        .min_inner_size(WIDTH_MIN, HEIGHT_MIN)
        .disable_drag_drop_handler();
    navigation::build(pane)
        .map(|window| {
            backdrop::lay(&window);
            window::take_keyboard(&window);
        })
        .map_err(|e| Fault::new(FaultCode::Internal, format!("the window cannot be made: {e}")))
}

/// Brings the session's own window in front, if it has one.
pub fn show(app: &AppHandle, session: &str) -> bool {
    let label = label_of(session).ok();
    let Some(found) = label.and_then(|label| app.get_webview_window(&label)) else { return false };
    if let Err(error) = found.unminimize().and_then(|()| found.show()) {
        eprintln!("warning: a session's window cannot be shown: {error}");
    }
    window::take_keyboard(&found);
    true
}

/// The session goes on in the board's window.
pub fn put_back(own: &WebviewWindow, session: String) -> Result<(), Fault> {
    close(own)?;
    opening::on_the_board(own.app_handle(), session);
    Ok(())
}

pub fn close(own: &WebviewWindow) -> Result<(), Fault> {
    own.close().map_err(|e| Fault::new(FaultCode::Internal, format!("the window stays: {e}")))
}

/// Whether closing it ends it: the other windows only hide.
pub fn is_one(label: &str) -> bool {
    label.starts_with(LABEL)
}

fn label_of(session: &str) -> Result<String, Fault> {
    let plain = !session.is_empty() && session.chars().all(|c| c.is_ascii_alphanumeric());
    let label = plain.then(|| format!("{LABEL}{session}"));
    label
        .ok_or_else(|| Fault::new(FaultCode::Invalid, format!("no session has the id {session:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_made_of_ids_and_of_nothing_else() {
        assert_eq!(label_of("7c5d0a1b").unwrap(), "pane-7c5d0a1b");
        assert!(is_one("pane-7c5d0a1b") && !is_one(window::MAIN));
        for hostile in ["", "a b", "../index", "a&session=b", "a#b", "ä"] {
            assert_eq!(label_of(hostile).unwrap_err().code, FaultCode::Invalid, "{hostile}");
        }
    }
}
