//! Before a session's host starts: where it works, made and set up.
//!
//! Promise: a stop that is asked for meanwhile ends the setup, and nothing of it runs on.

use super::{Place, Report};
use crate::host_link::blocking::{self, in_words};
use crate::workspace::{NotPrepared, Prepared};
use nightshift_model::SessionId;
use nightshift_protocol::{Environment, Fault, FaultCode, Launch};
use nightshift_supervisor::ports::host_link::{HostLinkEvent, Shared};
use nightshift_supervisor::ports::worktrees::Order;
use nightshift_supervisor::ports::world::Lane;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a setup script printed, in the session's directory.
const SETUP_LOG: &str = "setup.log";

/// Moves the session in and has its host start there. The loop hears of it before the host does.
pub(super) async fn lodge(
    place: &Place,
    order: Order,
    launch: &mut Launch,
    env: &mut Environment,
    (report, shared): (&Report, &Shared),
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
    let called_off = Arc::new(AtomicBool::new(false));
    let heard = called_off.clone();
    let set_up = move || match worktrees.set_up(&mut moved, &theirs, &log, &heard) {
        Ok(()) => Ok(moved),
        Err(fault) => {
            worktrees.release(&moved);
            Err(fault)
        }
    };
    let mut set_up = pin!(at_desk(set_up));
    let moved = tokio::select! {
        moved = &mut set_up => moved?,
        () = shared.stop_asked.notified() => {
            called_off.store(true, Ordering::Relaxed);
            // Whoever comes too late for the setup is heard all the same: the stop waits in the queue.
            set_up.await?
        }
    };
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

/// Ends what is left of the setup of a session that an earlier supervisor was starting when it was killed.
pub(super) async fn end_set_up(place: &Place, session: &SessionId) {
    let (worktrees, id) = (place.worktrees.clone(), session.to_string());
    let ended = blocking::run(Lane::Worktrees, move || worktrees.end_set_up(&id));
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::warn!(session = %session, "its setup runs on: {e}"),
        Err(e) => tracing::warn!(session = %session, "its setup runs on: {}", in_words(&e)),
    }
}

async fn at_desk<T: Send + 'static, E: From<Fault> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = blocking::run(Lane::Worktrees, work).await;
    done.unwrap_or_else(|e| Err(Fault::new(FaultCode::Io, in_words(&e)).into()))
}
