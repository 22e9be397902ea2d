//! What a session's host is started with.
//!
//! Promise: nothing is looked up on a disk here; what has to be is left to the launch itself.

use crate::limits::{FIRST_COLS, FIRST_ROWS, JOURNAL_MAX_BYTES};
use crate::ports::host_link::Program;
use nightshift_agents::terminal;
use nightshift_model::{AgentWork, PromptState, Session, Work};
use nightshift_platform::Home;
use nightshift_protocol::enclosure::DIRECTORY;
use nightshift_protocol::launch::DOCUMENT_VERSION;
use nightshift_protocol::{About, Environment, Fault, FaultCode, Launch, LaunchKind};
use nightshift_vendors::registry::{AgentSpec, Protocol, Registry};
use nightshift_vendors::start;
use std::path::Path;
use std::sync::Arc;

/// Where sessions are started from.
pub struct Place<'a> {
    pub home: &'a Home,
    pub registry: &'a Arc<Registry>,
    /// This program, which is the rehearsal agent and hears hooks too.
    pub binary: &'a Path,
}

pub fn kind_of(session: &Session) -> LaunchKind {
    match session.work {
        Work::Shell { .. } => LaunchKind::Pty,
        Work::Agent(_) if session.is_terminal_agent() => LaunchKind::Pty,
        Work::Agent(_) => LaunchKind::Pipe,
    }
}

/// What follows a terminal agent's program on its command line, and the prompt that is among it.
fn arguments(
    spec: &AgentSpec,
    work: &AgentWork,
    (binary, socket): (&Path, &str),
    files: &str,
) -> Result<(Vec<String>, Option<u32>), String> {
    if spec.protocol == Protocol::Acp {
        return Ok((Vec::new(), None));
    }
    let queued = work.prompts.iter().find(|p| p.state == PromptState::Queued);
    let prompt = queued.filter(|_| start::takes_prompt_argument(spec));
    let text = prompt.map(|p| terminal::with_files(&p.text, &p.enclosures, files));
    let program = binary.to_string_lossy().into_owned();
    let hook = [program, "hook".to_owned(), "--host".to_owned(), socket.to_owned()];
    let start = start::Start {
        resume: work.agent_session_id.as_deref(),
        prompt: text.as_deref(),
        model: work.model.as_deref(),
        permission_mode: work.permission_mode.as_deref(),
        hook: &hook,
    };
    Ok((start::arguments(spec, &start)?, prompt.map(|p| p.n)))
}

/// The launch document, the environment values, which are never written anywhere, and what finds
/// the program: its directories may be on a mount that hangs, so it is looked for beside the loop.
pub fn document(
    place: &Place<'_>,
    session: &Session,
    env: &Environment,
) -> Result<(Launch, Environment, Program), Fault> {
    let mut env = env.clone();
    let socket = place.home.host_socket(session.id.as_str()).to_string_lossy().into_owned();
    let mut prompt = None;
    let program: Program = match &session.work {
        Work::Shell { command } => {
            let argv = vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()];
            Box::new(move |_| Ok(argv))
        }
        Work::Agent(work) => {
            let spec = place.registry.find(&work.agent).ok_or_else(|| {
                Fault::new(FaultCode::NotFound, format!("agent `{}` is not known", work.agent))
                    .hint(format!("known agents: {}", place.registry.ids().join(", ")))
            })?;
            let files = place.home.job(session.id.as_str()).join(DIRECTORY);
            let more =
                arguments(spec, work, (place.binary, socket.as_str()), &files.to_string_lossy());
            let (more, with) = more.map_err(|why| Fault::new(FaultCode::Refused, why))?;
            prompt = with;
            let (registry, spec, given) = (place.registry.clone(), spec.clone(), env.clone());
            env.extend(spec.env.clone());
            Box::new(move |footing| {
                let mut argv =
                    registry.resolve(&spec, &given).map_err(|fault| fault.to_string())?;
                if footing.untrusted {
                    argv.extend(spec.guard_arguments(&footing.roots));
                }
                argv.extend(more);
                Ok(argv)
            })
        }
    };
    let launch = Launch {
        version: DOCUMENT_VERSION,
        session: session.id.to_string(),
        kind: kind_of(session),
        // Filled in when it was found.
        argv: Vec::new(),
        cwd: session.directory().to_owned(),
        socket,
        env_names: env.keys().cloned().collect(),
        cols: FIRST_COLS,
        rows: FIRST_ROWS,
        journal_max_bytes: JOURNAL_MAX_BYTES,
        journal_after: session.journal_seq,
        listens: session.is_terminal_agent(),
        prompt,
        about: Some(About::of(session)),
    };
    Ok((launch, env, program))
}
