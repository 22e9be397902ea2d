//! What the user sees of Nightshift, told to the supervisor, so that nothing is told twice over.
//!
//! Promise: a window that is hidden or has lost the keyboard is looked at by nobody; every new
//! connection hears it again.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_platform::desktop::DESKTOP_VARIABLES;
use nightshift_protocol::{Command, Environment, FaultCode, Looking};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::{AppHandle, Manager};
use tokio::sync::Notify;

#[derive(Default)]
pub struct Presence {
    /// Whether the window system gave us the keyboard, and what the page says.
    now: Mutex<(bool, Looking)>,
    changed: Notify,
}

impl Presence {
    /// The window has the keyboard, or has it no longer.
    pub fn focus(&self, focused: bool) {
        self.lock().0 = focused;
        self.changed.notify_one();
    }

    /// What the page shows and whether somebody uses it. Passed on even when it says the same again.
    pub fn page(&self, looking: Looking) {
        self.lock().1 = looking;
        self.changed.notify_one();
    }

    fn looking(&self) -> Looking {
        let (focused, page) = self.lock().clone();
        Looking { attentive: focused && page.attentive, away: focused && page.away, ..page }
    }

    fn lock(&self) -> MutexGuard<'_, (bool, Looking)> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
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
