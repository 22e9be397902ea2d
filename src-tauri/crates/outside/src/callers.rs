//! Whose hand a connection is, as the supervisor finds it out when it accepts one.
//!
//! Promise: asked once, of the process that connected; what cannot be found out is unknown.
//! Must not know: what anybody may ask for.

pub use nightshift_host::kin::Caller;
use nightshift_host::kin::Kin;
use nightshift_platform::dirs::Home;
use nightshift_platform::{Identity, Peer};
use std::io;
use std::sync::{Mutex, PoisonError};

pub struct Callers {
    kin: Kin,
    /// The process that tells the user what there is to tell: its buttons are the user's hand.
    notifier: Mutex<Option<Identity>>,
}

impl Callers {
    pub fn of(home: &Home) -> io::Result<Callers> {
        Ok(Callers { kin: Kin::of_supervisor(home)?, notifier: Mutex::default() })
    }

    pub fn notifier_is(&self, process: Identity) {
        *self.notifier.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    }

    pub fn caller(&self, peer: &Peer) -> Caller {
        let notifier = *self.notifier.lock().unwrap_or_else(PoisonError::into_inner);
        self.kin.caller(peer, notifier)
    }
}
