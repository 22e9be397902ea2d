//! Before a session's host starts: where it works, made and set up.

use super::{Place, Report};
use crate::host_link::blocking::{self, in_words};
use crate::workspace::{NotPrepared, Prepared};
use nightshift_protocol::{Environment, Fault, FaultCode, Launch};
use nightshift_supervisor::ports::host_link::HostLinkEvent;
use nightshift_supervisor::ports::worktrees::Order;
use nightshift_supervisor::ports::world::Lane;

/// What a setup script printed, in the session's directory.
const SETUP_LOG: &str = "setup.log";

/// Moves the session in and has its host start there. The loop hears of it before the host does.
pub(super) async fn lodge(
    place: &Place,
    order: Order,
    launch: &mut Launch,
    env: &mut Environment,
    report: &Report,
) -> Result<Prepared, NotPrepared> {
    let (worktrees, theirs) = (place.worktrees.clone(), env.clone());
    let mut moved = at_desk(move || worktrees.prepare(&order, &theirs)).await?;
    let trust = Box::new(moved.trust.clone());
    let checkout = moved.main_checkout.take().map(Box::new);
    let lodging = moved.lodging.clone();
    if moved.needs_set_up() {
        let trust = trust.clone();
        report.send(HostLinkEvent::Lodged { lodging, trust, checkout: None }).await;
    }
    let (worktrees, theirs, log) =
        (place.worktrees.clone(), env.clone(), place.dir.join(SETUP_LOG));
    let set_up = move || match worktrees.set_up(&mut moved, &theirs, &log) {
        Ok(()) => Ok(moved),
        Err(fault) => {
            worktrees.release(&moved);
            Err(fault)
        }
    };
    let moved = at_desk(set_up).await?;
    let lodging = moved.lodging.clone();
    if let Some(tree) = lodging.worktree() {
        launch.cwd.clone_from(&tree.directory);
    }
    env.extend(moved.variables.iter().cloned());
    launch.env_names = env.keys().cloned().collect();
    if let Some(about) = &mut launch.about {
        about.lodging = Some(lodging.clone());
    }
    report.send(HostLinkEvent::Lodged { lodging, trust, checkout }).await;
    Ok(moved)
}

async fn at_desk<T: Send + 'static, E: From<Fault> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = blocking::run(Lane::Worktrees, work).await;
    done.unwrap_or_else(|e| Err(Fault::new(FaultCode::Io, in_words(&e)).into()))
}
