//! Why nobody answers at the supervisor's socket while a supervisor runs.
//!
//! Promise: the process is named by what the kernel says (who holds the lock file, else who holds the role's
//! name), and with it what the user can do. Nothing is changed, nobody is waited for.
//! Must not know: how a supervisor is started, what is asked of it.

use nightshift_platform::dirs::Home;
use nightshift_platform::lock;
use nightshift_platform::process::Identity;
use nightshift_platform::role_name::{self, SUPERVISOR};
use nightshift_protocol::{Fault, FaultCode};
use std::time::Duration;

/// Within it a supervisor may have no socket yet: it opens its database first.
pub(crate) const START_TIME: Duration = Duration::from_secs(20);

struct Running {
    process: Identity,
    /// It is where this home says, and not in another directory for sockets.
    is_here: bool,
}

fn running(home: &Home) -> Option<Running> {
    let file = home.lock_file();
    let locked = lock::holder(&file).filter(|holder| lock::is_held_by(&file, holder.pid));
    if let Some(holder) = locked {
        let process = Identity { pid: holder.pid, start_ticks: holder.start_ticks };
        return Some(Running { process, is_here: true });
    }
    let process = Identity::of(role_name::holder(SUPERVISOR, &home.state)?).ok()?;
    Some(Running { process, is_here: false })
}

/// The supervisor of `home` stands still: nothing but a signal of the user's helps.
pub(crate) fn standstill(home: &Home) -> Option<Fault> {
    stands(&running(home)?)
}

fn stands(running: &Running) -> Option<Fault> {
    let (pid, how) = (running.process.pid, running.process.standstill()?);
    let text = format!("the supervisor (pid {pid}) does not answer: it is {how}");
    Some(Fault::new(FaultCode::Unreachable, text).hint(how.way_on(pid)))
}

/// Whether one has been running for longer than a start takes.
pub(crate) fn is_settled(home: &Home) -> bool {
    running(home).is_some_and(|running| running.is_here && running.process.age() > START_TIME)
}

/// What to say where nobody answers; none where no supervisor runs.
pub fn why_absent(home: &Home) -> Option<Fault> {
    let running = running(home)?;
    if let Some(fault) = stands(&running) {
        return Some(fault);
    }
    let (pid, state, run) = (running.process.pid, home.state.display(), home.run.display());
    let socket = home.supervisor_socket();
    let socket = socket.display();
    let (text, hint) = match (running.is_here, running.process.age() > START_TIME) {
        (true, false) => (
            format!("the supervisor (pid {pid}) is just starting"),
            "try again in a moment".to_owned(),
        ),
        (true, true) => (
            format!("the supervisor (pid {pid}) is running, but nobody answers at {socket}"),
            format!(
                "move {socket} away if it is there: a new one is made within seconds; or end the \
                 supervisor with `kill {pid}`, sessions keep running"
            ),
        ),
        (false, _) => (
            format!("a supervisor (pid {pid}) of {state} is running, but not in {run}"),
            format!(
                "use the XDG_RUNTIME_DIR it was started with, or end it with `kill {pid}`, sessions keep running"
            ),
        ),
    };
    Some(Fault::new(FaultCode::Unreachable, text).hint(hint))
}
