//! Whose hand a connection is, as the supervisor finds it out when it accepts one.
//!
//! Promise: asked once, of the process that connected; what cannot be found out is unknown. No session
//! becomes the supervisor.
//! Must not know: what anybody may ask for.

pub use nightshift_host::kin::Caller;
use nightshift_host::kin::Kin;
use nightshift_platform::dirs::Home;
use nightshift_platform::{Identity, Peer};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_supervisor::clients::gate;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Whether this process may become the supervisor of `home`. What runs in a session may not: with its
/// environment and its programs it would work for the user.
pub fn may_serve(home: &Home) -> Result<(), Fault> {
    let caller = Kin::of_newcomer(home);
    if caller == Caller::User {
        return Ok(());
    }
    let message = format!("{} may not start the supervisor: only the user may", gate::who(&caller));
    Err(Fault::new(FaultCode::Unreachable, message).hint(
        "start it in a terminal of your own or open the window; a Nightshift inside of a session needs \
         a home of its own (NIGHTSHIFT_HOME)",
    ))
}

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
