//! What of several windows is looked at, as they tell it.
//!
//! Promise: a window that is hidden or has lost the keyboard is looked at by nobody; of several the one
//! with the keyboard counts.

use nightshift_protocol::Looking;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

    /// Waits until something was told, also if it is the same again.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    pub fn looking(&self) -> Looking {
        let windows = self.lock();
        let used = windows.values().find(|seen| seen.focused);
        used.map(|seen| seen.page.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
