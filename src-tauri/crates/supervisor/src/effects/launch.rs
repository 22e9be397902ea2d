//! Starting a session's host: directory, launch document, process, readiness.

use super::driver_of;
use crate::core::{Core, Entry};
use crate::limits::{FIRST_COLS, FIRST_ROWS, JOURNAL_MAX_BYTES};
use crate::link::{LinkSpec, Program, Start};
use nightshift_agents::registry::Registry;
use nightshift_lodging::{MainCheckout, Order};
use nightshift_model::{Fact, Lodging, Session, SessionId, Work};
use nightshift_protocol::launch::DOCUMENT_VERSION;
use nightshift_protocol::{About, Environment, Fault, FaultCode, Launch, LaunchKind};

/// Starts a host for a new or resting session; the outcome comes back as a fact.
pub fn launch(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    if entry.env.is_empty() {
        let error = "its environment went with an earlier supervisor; reply to start it again";
        return core.fact(id, Fact::LaunchFailed { error: error.into() });
    }
    match document(core, &entry.session, &entry.env) {
        Ok((launch, env, program)) => {
            let (order, launch) = (order(&entry.session), Box::new(launch));
            start_link(core, id, Start::Launch { launch, env, program, order });
        }
        Err(fault) => core.fact(id, Fact::LaunchFailed { error: fault.to_string() }),
    }
}

/// Connects to a host that an earlier supervisor started.
pub fn adopt(core: &mut Core, id: &SessionId) {
    start_link(core, id, Start::Adopt);
}

fn start_link(core: &mut Core, id: &SessionId, start: Start) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    entry.generation += 1;
    let generation = entry.generation;
    let kind = kind_of(&entry.session);
    // A fresh driver: the link replays the journal from its first record.
    fresh_driver(entry, &core.registry);
    entry.caught_up = false;
    entry.epoch = 0;
    entry.retry_at = None;
    entry.room.leaving = None;
    let spec = LinkSpec { session: id.clone(), generation, kind, start };
    entry.link = Some(core.outside.start(spec));
    core.conversations.restart(id);
}

fn fresh_driver(entry: &mut Entry, registry: &Registry) {
    entry.driver = driver_of(registry, &entry.session);
    let behind = entry.driver.as_mut().zip(entry.session.agent());
    if let Some((driver, work)) = behind {
        driver.set_prompts(&work.prompts);
    }
}

/// Where it works is known now: the agent is to be told that directory.
pub fn lodged(
    core: &mut Core,
    id: &SessionId,
    lodging: Lodging,
    checkout: Option<Box<MainCheckout>>,
) {
    core.fact(id, Fact::Lodged { lodging });
    let Some(entry) = core.sessions.get_mut(id) else { return };
    if checkout.is_some() {
        entry.room.checkout = checkout;
    }
    fresh_driver(entry, &core.registry);
    core.conversations.restart(id);
}

/// What has to be done before it starts; nothing where it works in the directory it was given.
fn order(session: &Session) -> Option<Order> {
    let lodging = session.lodging.clone()?;
    let wanted = !matches!(lodging, Lodging::Directory { .. });
    let (id, name, cwd) = (session.id.to_string(), session.name.clone(), session.cwd.clone());
    wanted.then_some(Order { session: id, name, cwd, lodging })
}

fn kind_of(session: &Session) -> LaunchKind {
    match session.work {
        Work::Shell { .. } => LaunchKind::Pty,
        Work::Agent(_) => LaunchKind::Pipe,
    }
}

/// The launch document, the environment values, which are never written anywhere, and what finds
/// the program: its directories may be on a mount that hangs, so it is looked for beside the loop.
fn document(
    core: &Core,
    session: &Session,
    env: &Environment,
) -> Result<(Launch, Environment, Program), Fault> {
    let mut env = env.clone();
    let program: Program = match &session.work {
        Work::Shell { command } => {
            let argv = vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()];
            Box::new(move || Ok(argv))
        }
        Work::Agent(work) => {
            let spec = core.registry.find(&work.agent).ok_or_else(|| {
                Fault::new(FaultCode::NotFound, format!("agent `{}` is not known", work.agent))
                    .hint(format!("known agents: {}", core.registry.ids().join(", ")))
            })?;
            let (registry, spec, given) = (core.registry.clone(), spec.clone(), env.clone());
            env.extend(spec.env.clone());
            Box::new(move || registry.resolve(&spec, &given).map_err(|fault| fault.to_string()))
        }
    };
    let launch = Launch {
        version: DOCUMENT_VERSION,
        session: session.id.to_string(),
        kind: kind_of(session),
        // Filled in when it was found.
        argv: Vec::new(),
        cwd: session.directory().to_owned(),
        socket: core.home.host_socket(session.id.as_str()).to_string_lossy().into_owned(),
        env_names: env.keys().cloned().collect(),
        cols: FIRST_COLS,
        rows: FIRST_ROWS,
        journal_max_bytes: JOURNAL_MAX_BYTES,
        journal_after: session.journal_seq,
        about: Some(About::of(session)),
    };
    Ok((launch, env, program))
}
