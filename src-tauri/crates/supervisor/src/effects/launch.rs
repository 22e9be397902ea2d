//! Starting a session's host: directory, launch document, process, readiness.

use super::driver_of;
use crate::core::Core;
use crate::limits::{FIRST_COLS, FIRST_ROWS, JOURNAL_MAX_BYTES};
use crate::link::{LinkSpec, Start};
use nightshift_model::{AgentWork, Fact, Liveness, Millis, Session, SessionId, State, Work};
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
        Ok((launch, env)) => start_link(core, id, Start::Launch { launch: Box::new(launch), env }),
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
    entry.driver = driver_of(&core.registry, &entry.session);
    entry.caught_up = false;
    entry.epoch = 0;
    entry.retry_at = None;
    let spec = LinkSpec { session: id.clone(), generation, kind, start };
    entry.link = Some(core.outside.start(spec));
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
        journal_after: session.journal_seq,
        about: Some(about(session)),
    };
    Ok((launch, env))
}

fn about(session: &Session) -> About {
    let agent = session.agent();
    About {
        session_id: session.session_id.clone(),
        name: session.name.clone(),
        named_by_user: session.named_by_user,
        agent: agent.map(|a| a.agent.clone()),
        model: agent.and_then(|a| a.model.clone()),
        permission_mode: agent.and_then(|a| a.permission_mode.clone()),
        first_prompt: session.first_prompt.clone(),
        created_at: session.created_at,
    }
}

/// The session whose host was started with `launch`, before anything was heard of it; its journal
/// tells the rest.
pub fn session_of(launch: &Launch, about: About) -> Option<Session> {
    let id = SessionId::parse(&launch.session)?;
    let work = match (launch.kind, about.agent) {
        (LaunchKind::Pty, _) => Work::Shell { command: launch.argv.last()?.clone() },
        (LaunchKind::Pipe, Some(agent)) => Work::Agent(AgentWork {
            agent,
            model: about.model,
            permission_mode: about.permission_mode,
            agent_session_id: None,
            prompts: Vec::new(),
            next_prompt: 1,
            answers: Vec::new(),
            continues: None,
            usage: None,
        }),
        (LaunchKind::Pipe, None) => return None,
    };
    Some(Session {
        id,
        session_id: about.session_id,
        name: about.name,
        named_by_user: about.named_by_user,
        work,
        cwd: launch.cwd.clone(),
        line: about.first_prompt.clone(),
        first_prompt: about.first_prompt,
        created_at: about.created_at,
        state: State::Starting,
        state_since: about.created_at,
        liveness: Liveness::Gone { since: about.created_at },
        stopping: false,
        retiring: false,
        restarts: 0,
        cut: None,
        renewing: None,
        end_seen: false,
        pinned: false,
        line_at: Millis(0),
        exit_code: None,
        journal_seq: 0,
    })
}
