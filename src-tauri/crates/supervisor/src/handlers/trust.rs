//! `trust`: lists, shows, adds and revokes repositories that the user trusts, beside the loop. What waits
//! for one that is added starts.

use super::{Handled, automation};
use crate::clients::ConnId;
use crate::core::{Core, effects};
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_model::{Command as SessionCommand, Event, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Fault, Reply, TrustAct, TrustedRepository};
use std::path::Path;

pub fn trust(
    core: &mut Core,
    conn: ConnId,
    request: u64,
    act: TrustAct,
    env: Environment,
) -> Handled {
    let (worktrees, wanted) = (core.worktrees.clone(), effects::wanted(core));
    let place = "the repository";
    let one = |repository| Reply::Trust { repositories: vec![repository] };
    let work: Box<dyn FnOnce() -> Inbox + Send> = match act {
        TrustAct::Add { dir, hash } => Box::new(move || {
            let result = worktrees.add_trust(Path::new(&dir), &hash, &wanted, &env);
            Inbox::Trusted { conn, request, result, env }
        }),
        TrustAct::List => Box::new(move || {
            let result = worktrees.trusted_repositories();
            let result = result.map(|repositories| Reply::Trust { repositories });
            Inbox::Answer { conn, request, result }
        }),
        TrustAct::Show { dir } => Box::new(move || {
            let result = worktrees.show_trust(Path::new(&dir), &wanted, &env).map(one);
            Inbox::Answer { conn, request, result }
        }),
        TrustAct::Revoke { dir } => Box::new(move || {
            let result = worktrees.revoke_trust(Path::new(&dir), &env).map(one);
            Inbox::Answer { conn, request, result }
        }),
    };
    core.world.run(Job::for_request((conn, request), Lane::Checks, place, work));
    Handled::Pending
}

/// A repository was trusted, or not. Sessions that wait for it look again at what it brings along.
pub fn trusted(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    result: Result<TrustedRepository, Fault>,
    env: &Environment,
) {
    if let Ok(added) = &result {
        start_waiting(core, &added.repository, env);
    }
    let result = result.map(|added| Reply::Trust { repositories: vec![added] });
    core.clients.answer(conn, request, result);
}

/// Sessions that wait for trust in `repository` look again at what it brings along.
pub fn start_waiting(core: &mut Core, repository: &str, env: &Environment) {
    let waits = |id: &&SessionId| {
        let session = &core.sessions[*id].session;
        let of = session.trust.as_ref().is_some_and(|trust| trust.repository == repository);
        of && session.waits_for_trust()
    };
    let waiting: Vec<SessionId> = core.sessions.keys().filter(waits).cloned().collect();
    for id in waiting {
        if core.sessions[&id].env.is_empty() {
            automation::take_environment(core, &id, env.clone());
        }
        let again = Event::Command(SessionCommand::Respawn);
        if let Err(fault) = core.apply(&id, again, clock::now(), 0) {
            tracing::warn!(session = %id, "not started with its repository trusted: {fault}");
        }
    }
}
