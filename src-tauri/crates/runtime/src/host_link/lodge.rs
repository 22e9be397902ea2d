//! Before a session's host starts: where it works, made and set up.

use super::{LinkEvent, Place, Report};
use crate::host_link::beside::{Lane, beside, in_words};
use crate::workspace::{MovedIn, NotIn, Order};
use nightshift_protocol::{Environment, Fault, FaultCode, Launch};

/// What a setup script printed, in the session's directory.
const SETUP_LOG: &str = "setup.log";

/// Moves the session in and has its host start there. The loop hears of it before the host does.
pub(super) async fn lodge(
    place: &Place,
    order: Order,
    launch: &mut Launch,
    env: &mut Environment,
    report: &Report,
) -> Result<MovedIn, NotIn> {
    let (desk, theirs) = (place.desk.clone(), env.clone());
    let mut moved = at_desk(move || desk.move_in(&order, &theirs)).await?;
    let trust = Box::new(moved.trust.clone());
    let checkout = moved.main_checkout.take().map(Box::new);
    let lodging = moved.lodging.clone();
    if moved.needs_set_up() {
        let trust = trust.clone();
        report.send(LinkEvent::Lodged { lodging, trust, checkout: None }).await;
    }
    let (desk, theirs, log) = (place.desk.clone(), env.clone(), place.dir.join(SETUP_LOG));
    let set_up = move || match desk.set_up(&mut moved, &theirs, &log) {
        Ok(()) => Ok(moved),
        Err(fault) => {
            desk.release(&moved);
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
    report.send(LinkEvent::Lodged { lodging, trust, checkout }).await;
    Ok(moved)
}

async fn at_desk<T: Send + 'static, E: From<Fault> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = beside(Lane::Worktrees, work).await;
    done.unwrap_or_else(|e| Err(Fault::new(FaultCode::Io, in_words(&e)).into()))
}
