//! What a start asks for, the first one and every later one that finds a window running.

use crate::{popout, quick, window};
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use tauri::{AppHandle, Manager};
use tauri_specta::Event as _;

/// Starts without showing the window (at login, for the tray).
const HIDDEN: &str = "--hidden";
/// Opens the small window that takes a prompt and goes away.
const QUICK: &str = "--quick";
/// Opens a session, as a click on a notification asks for.
const OPEN: &str = "--open";

/// Opens the page of the routines.
const ROUTINES: &str = "--routines";

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Window,
    Hidden,
    Quick,
    Routines,
    Session(String),
}

impl Asked {
    pub fn of(arguments: impl IntoIterator<Item = String>) -> Asked {
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                HIDDEN => return Asked::Hidden,
                QUICK => return Asked::Quick,
                ROUTINES => return Asked::Routines,
                OPEN => return arguments.next().map_or(Asked::Window, Asked::Session),
                _ => {}
            }
        }
        Asked::Window
    }
}

/// Tells the page that something is to be opened: it takes it from `Opening`.
#[derive(Clone, Serialize, specta::Type, tauri_specta::Event)]
pub struct OpenRequested;

/// What the page is to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OpenTarget {
    Session {
        id: String,
    },
    /// All routines, or this one.
    Routines {
        name: Option<String>,
    },
    /// A new routine from what was typed behind `/schedule`.
    Schedule {
        text: String,
        /// The project that was chosen beside it.
        cwd: String,
    },
}

/// What the page is to open, until it has taken it: a page that is loading hears no event.
#[derive(Default)]
pub struct Opening(Mutex<Option<OpenTarget>>);

impl Opening {
    pub fn take(&self) -> Option<OpenTarget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Does what was asked.
pub fn fulfil(app: &AppHandle, asked: Asked) {
    match asked {
        Asked::Hidden => {}
        Asked::Window => window::show(app),
        Asked::Quick => quick::show(app),
        Asked::Routines => open(app, OpenTarget::Routines { name: None }),
        Asked::Session(session) => session_of(app, session),
    }
}

/// Shows this session: in its own window if it has one, else in the board's.
pub fn session_of(app: &AppHandle, session: String) {
    if !popout::show(app, &session) {
        on_the_board(app, session);
    }
}

/// Shows the board's window with this session open.
pub fn on_the_board(app: &AppHandle, session: String) {
    open(app, OpenTarget::Session { id: session });
}

/// Shows the board's window with this open.
pub fn open(app: &AppHandle, target: OpenTarget) {
    let opening = app.state::<Opening>();
    *opening.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    window::show(app);
    if let Err(error) = OpenRequested.emit_to(app, window::MAIN) {
        eprintln!("warning: the page was not told what to open: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_what_is_asked() {
        let session = |id: &str| Asked::Session(id.to_owned());
        for (line, asked) in [
            ("nightshift-desktop", Asked::Window),
            ("nightshift-desktop --hidden", Asked::Hidden),
            ("nightshift-desktop --quick", Asked::Quick),
            ("nightshift-desktop --routines", Asked::Routines),
            ("nightshift-desktop --open 7c5d0a1b", session("7c5d0a1b")),
            ("nightshift-desktop --open", Asked::Window),
            ("nightshift-desktop --unheard-of", Asked::Window),
        ] {
            assert_eq!(Asked::of(line.split(' ').map(str::to_owned)), asked, "{line}");
        }
    }
}
