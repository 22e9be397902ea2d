//! Starting a session's host: directory, launch document, process, readiness.

use super::driver_of;
use crate::core::Core;
use crate::limits::{FIRST_COLS, FIRST_ROWS, JOURNAL_MAX_BYTES};
use crate::link::{self, LinkSpec, Start};
use nightshift_model::{Fact, Session, SessionId, Work};
use nightshift_protocol::launch::DOCUMENT_VERSION;
use nightshift_protocol::{Environment, Fault, FaultCode, Launch, LaunchKind};

/// Starts a host for a new or resting session; the outcome comes back as a fact.
pub fn launch(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    match document(core, &entry.session, &entry.env) {
        Ok((launch, env)) => start_link(core, id, Start::Launch { launch: Box::new(launch), env }),
        Err(fault) => core.fact(id, Fact::LaunchFailed { error: fault.to_string() }),
    }
}

/// Connects to a host that an earlier supervisor started.
pub fn adopt(core: &mut Core, id: &SessionId) {
    start_link(core, id, Start::Adopt);
}

fn start_link(core: &mut Core, id: &SessionId, start: Start) {
    let dir = core.home.job(id.as_str());
    let Some(entry) = core.sessions.get_mut(id) else { return };
    entry.generation += 1;
    let generation = entry.generation;
    let kind = kind_of(&entry.session);
    // A fresh driver: the link replays the journal from its first record.
    entry.driver = driver_of(&core.registry, &entry.session);
    entry.caught_up = false;
    let spec = LinkSpec {
        session: id.clone(),
        generation,
        dir,
        kind,
        binary: core.binary.clone(),
        log: core.home.log_file(),
        start,
    };
    entry.link = Some(link::start(spec, core.inbox.clone()));
    let behind = entry.driver.as_mut().zip(entry.session.agent());
    if let Some((driver, work)) = behind {
        driver.set_prompts(&work.prompts);
    }
    core.conversations.restart(id);
}

fn kind_of(session: &Session) -> LaunchKind {
    match session.work {
        Work::Shell { .. } => LaunchKind::Pty,
        Work::Agent(_) => LaunchKind::Pipe,
    }
}

/// The launch document and the environment values, which are never written anywhere.
fn document(
    core: &Core,
    session: &Session,
    env: &Environment,
) -> Result<(Launch, Environment), Fault> {
    let mut env = env.clone();
    let argv = match &session.work {
        Work::Shell { command } => vec!["/bin/sh".into(), "-c".into(), command.clone()],
        Work::Agent(work) => {
            let spec = core.registry.find(&work.agent).ok_or_else(|| {
                Fault::new(FaultCode::NotFound, format!("agent `{}` is not known", work.agent))
                    .hint(format!("known agents: {}", core.registry.ids().join(", ")))
            })?;
            let argv = core.registry.resolve(spec, &env)?;
            env.extend(spec.env.clone());
            argv
        }
    };
    let launch = Launch {
        version: DOCUMENT_VERSION,
        session: session.id.to_string(),
        kind: kind_of(session),
        argv,
        cwd: session.cwd.clone(),
        socket: core.home.host_socket(session.id.as_str()).to_string_lossy().into_owned(),
        env_names: env.keys().cloned().collect(),
        cols: FIRST_COLS,
        rows: FIRST_ROWS,
        journal_max_bytes: JOURNAL_MAX_BYTES,
    };
    Ok((launch, env))
}
