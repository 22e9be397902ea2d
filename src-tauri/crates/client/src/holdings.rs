//! What each window holds open of the supervisor and of hosts: follows and terminals.
//!
//! Promise: a window that goes, or whose page loads anew, takes its own with it and nobody else's.

use crate::attachments::Attachments;
use crate::follows::Follows;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct Holdings {
    windows: Mutex<HashMap<String, Arc<Held>>>,
}

/// Of one window.
#[derive(Default)]
pub struct Held {
    pub follows: Follows,
    pub attachments: Attachments,
}

impl Holdings {
    /// Of the window with this label.
    pub fn of(&self, window: &str) -> Arc<Held> {
        Arc::clone(self.lock().entry(window.to_owned()).or_default())
    }

    /// The page that held them has forgotten them; numbers go on, so that none means two things.
    pub fn end(&self, window: &str) {
        if let Some(held) = self.lock().get(window) {
            held.end();
        }
    }

    /// The window is gone.
    pub fn forget(&self, window: &str) {
        if let Some(held) = self.lock().remove(window) {
            held.end();
        }
    }

    /// The app ends.
    pub fn end_all(&self) {
        self.lock().drain().for_each(|(_, held)| held.end());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Held>>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn end(&self) {
        self.follows.end_all();
        self.attachments.end_all();
    }
}
