//! What the user sees of Nightshift, told to the supervisor, so that nothing is told twice over.
//!
//! Promise: a window that is hidden or has lost the keyboard is looked at by nobody; of several the one
//! with the keyboard counts; every new connection hears it again.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_platform::desktop::DESKTOP_VARIABLES;
use nightshift_protocol::{Command, Environment, FaultCode, Looking};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Manager};
use tokio::sync::Notify;

#[derive(Default)]
pub struct Presence {
    windows: Mutex<HashMap<String, Seen>>,
    changed: Notify,
}

/// Of one window.
#[derive(Default)]
struct Seen {
    /// The window system gave it the keyboard.
    focused: bool,
    /// What its page says.
    page: Looking,
}

impl Presence {
    /// The window has the keyboard, or has it no longer.
    pub fn focus(&self, window: &str, focused: bool) {
        self.lock().entry(window.to_owned()).or_default().focused = focused;
        self.changed.notify_one();
    }

    /// What the page shows and whether somebody uses it. Passed on even when it says the same again.
    pub fn page(&self, window: &str, looking: Looking) {
        self.lock().entry(window.to_owned()).or_default().page = looking;
        self.changed.notify_one();
    }

    /// The window is gone.
    pub fn forget(&self, window: &str) {
        self.lock().remove(window);
        self.changed.notify_one();
    }

    fn looking(&self) -> Looking {
        let windows = self.lock();
        let used = windows.values().find(|seen| seen.focused);
        used.map(|seen| seen.page.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the supervisor for as long as the app runs.
pub fn tell(app: &AppHandle) {
    let app = app.clone();
    let mut reachability = app.state::<Link>().reachability();
    tauri::async_runtime::spawn(async move {
        let (link, presence) = (app.state::<Link>(), app.state::<Presence>());
        let env = leading_here(&app.state::<Origin>().environment);
        loop {
            tokio::select! {
                () = presence.changed.notified() => {}
                changed = reachability.changed() => if changed.is_err() {
                    return;
                },
            }
            if !reachability.borrow_and_update().reachable {
                continue;
            }
            let (looking, env) = (presence.looking(), env.clone());
            let told = link.call(Command::Presence { looking, env }).await;
            if let Err(fault) = told.map(drop)
                && fault.code != FaultCode::Unreachable
            {
                eprintln!("warning: the supervisor does not hear what is looked at: {fault}");
            }
        }
    });
}

/// The way to this desktop, for a supervisor that was started without one.
fn leading_here(environment: &Environment) -> Environment {
    let named = DESKTOP_VARIABLES.iter().filter_map(|name| environment.get_key_value(*name));
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(attentive: bool, sessions: &[&str]) -> Looking {
        let sessions = sessions.iter().map(ToString::to_string).collect();
        Looking { attentive, away: false, sessions }
    }

    #[test]
    fn the_window_with_the_keyboard_counts_and_a_closed_one_does_not() {
        let presence = Presence::default();
        presence.page("main", page(true, &["a"]));
        assert_eq!(presence.looking(), Looking::default(), "no window has the keyboard");
        presence.focus("main", true);
        assert_eq!(presence.looking(), page(true, &["a"]));
        presence.focus("main", false);
        presence.focus("pane-b", true);
        presence.page("pane-b", page(true, &["b"]));
        assert_eq!(presence.looking(), page(true, &["b"]));
        presence.forget("pane-b");
        assert_eq!(presence.looking(), Looking::default());
    }
}
