//! `dispatch`: checks what was asked, stores the session, starts its host. Done when the process
//! lives.

use crate::clients::ConnId;
use crate::clients::waiter::Until;
use crate::core::{Core, effects};
use crate::features::automation::context;
use crate::handlers::background::{automation, slash};
use crate::handlers::{Handled, Outcome, quoted};
use crate::inbox::Inbox;
use crate::limits::{ENVIRONMENT_MAX_BYTES, LIVE_SESSIONS_MAX, SESSIONS_MAX};
use crate::ports::world::{Job, Lane};
use nightshift_automation::{Slash, ask};
use nightshift_model::limits::{LINE_MAX_CHARS, PROMPT_MAX_BYTES};
use nightshift_model::naming::{one_line, prompt_name, short_name};
use nightshift_model::{
    AgentWork, Effect, Evidence, Lodging, Millis, Prompt, Session, SessionId, Source, Work,
};
use nightshift_platform::clock;
use nightshift_protocol::{Dispatch, DispatchWork, Environment, Fault, FaultCode, StandingAct};
use nightshift_vendors::registry::Registry;
use std::path::Path;

/// How often a fresh id may collide with a known one before something is plainly wrong.
const ID_TRIES: u32 = 16;

pub fn dispatch(core: &mut Core, conn: ConnId, request: u64, dispatch: Dispatch) -> Outcome {
    check_room(core)?;
    check_environment(&dispatch.env)?;
    match &dispatch.work {
        DispatchWork::Shell { command } => check_text(command, "command")?,
        DispatchWork::Agent { prompt, agent, .. } => {
            check_text(prompt, "prompt")?;
            slash::check_first(prompt)?;
            if agent.is_none() {
                crate::features::settings::check_read(core)?;
            }
        }
    }
    let registry = core.registry.clone();
    // A directory on a mount that hangs must hold up nobody else.
    let place = format!("the directory {}", quoted(&dispatch.cwd));
    core.world.run(Job::for_request((conn, request), Lane::Checks, place, move || {
        let agent =
            check_directory(&dispatch.cwd).and_then(|()| choose_agent(&registry, &dispatch));
        Inbox::Checked { conn, request, dispatch: Box::new(dispatch), agent }
    }));
    Ok(Handled::Pending)
}

/// Goes on with a dispatch whose directory and agent were looked at.
pub fn checked(
    core: &mut Core,
    conn: ConnId,
    request: u64,
    dispatch: Dispatch,
    agent: Result<Option<String>, Fault>,
) {
    let outcome = agent.and_then(|agent| begin(core, dispatch, agent));
    crate::handlers::conclude(core, conn, request, outcome);
}

fn begin(core: &mut Core, dispatch: Dispatch, agent: Option<String>) -> Outcome {
    // Others may have come while the directory was looked at.
    check_room(core)?;
    let now = clock::now();
    let (mut work, asked) = work_of(core, &dispatch, agent, now);
    let name = match &dispatch.name {
        Some(name) => crate::handlers::named(name)?,
        None if matches!(work, Work::Agent(_)) => prompt_name(&asked),
        None => short_name(&asked),
    };
    let (session_id, id) = fresh_id(core)?;
    if let Work::Agent(agent) = &mut work
        && let Some(first) = agent.prompts.first_mut()
    {
        first.enclosures = core.world.claim(&id, &dispatch.enclosures)?;
    }
    let asked = one_line(&asked, LINE_MAX_CHARS);
    let act = first_act(&dispatch);
    let named_by_user = dispatch.name.is_some();
    let lodging = matches!(work, Work::Agent(_))
        .then(|| Lodging::Undecided { wish: dispatch.worktree.clone() });
    let session = Session::starting(id.clone(), session_id, name, work, dispatch.cwd, asked, now);
    let session = Session { named_by_user, lodging, ..session };
    let why = Evidence {
        at: now,
        source: Source::User,
        state: session.state.word().to_owned(),
        text: "dispatched".to_owned(),
    };
    if let Some(act) = &act {
        // What is wrong with it is said before there is a session.
        ask(&session, act, &context(core))?;
    }
    core.add(session, dispatch.env, why)?;
    if let Some(act) = &act {
        automation::take(core, &id, act)?;
    }
    effects::act(core, &id, Effect::Launch);
    Ok(Handled::Later { session: id, until: Until::Launched })
}

/// A dispatch that begins with a goal or a loop has no prompt of its own.
fn first_act(dispatch: &Dispatch) -> Option<StandingAct> {
    let DispatchWork::Agent { prompt, .. } = &dispatch.work else { return None };
    slash::act_of(Slash::parse(prompt)?)
}

pub fn check_room(core: &Core) -> Result<(), Fault> {
    let live = core.sessions.values().filter(|e| e.session.is_alive()).count();
    if core.sessions.len() >= SESSIONS_MAX {
        return Err(Fault::new(
            FaultCode::Limit,
            format!("the board holds {SESSIONS_MAX} sessions"),
        )
        .hint("take ended ones off with `nightshift rm <id>`"));
    }
    if live >= LIVE_SESSIONS_MAX {
        return Err(Fault::new(
            FaultCode::Limit,
            format!("{LIVE_SESSIONS_MAX} sessions are running"),
        )
        .hint("end some with `nightshift stop <id>`"));
    }
    Ok(())
}

pub fn check_directory(cwd: &str) -> Result<(), Fault> {
    let path = Path::new(cwd);
    let wrong = |why: String| {
        Fault::new(FaultCode::Invalid, format!("directory {}: {why}", quoted(cwd)))
            .hint("give another with --cwd")
    };
    if !path.is_absolute() {
        return Err(wrong("it is not an absolute path".into()));
    }
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_dir() => Err(wrong("it is not a directory".into())),
        Ok(_) => match std::fs::read_dir(path) {
            Ok(_) => Ok(()),
            Err(e) => Err(wrong(e.to_string())),
        },
        Err(e) => Err(wrong(e.to_string())),
    }
}

fn check_environment(env: &Environment) -> Result<(), Fault> {
    let bytes: usize = env.iter().map(|(k, v)| k.len() + v.len()).sum();
    if bytes > ENVIRONMENT_MAX_BYTES {
        let message =
            format!("the environment has {bytes} bytes; the limit is {ENVIRONMENT_MAX_BYTES}");
        return Err(Fault::new(FaultCode::Limit, message).hint("unset the largest variables"));
    }
    match env.iter().find(|(k, v)| k.is_empty() || k.contains(['=', '\0']) || v.contains('\0')) {
        Some((name, _)) => Err(Fault::new(
            FaultCode::Invalid,
            format!("environment variable `{}` cannot be passed on", quoted(name)),
        )),
        None => Ok(()),
    }
}

fn work_of(core: &Core, dispatch: &Dispatch, agent: Option<String>, at: Millis) -> (Work, String) {
    match &dispatch.work {
        DispatchWork::Shell { command } => {
            (Work::Shell { command: command.clone() }, command.clone())
        }
        DispatchWork::Agent { prompt, model, permission_mode, .. } => {
            let agent = agent.unwrap_or_default();
            let (default_model, default_mode) = core.registry.defaults_for(&agent);
            let spec = core.registry.find(&agent);
            let surface = spec.map(|spec| spec.protocol.surface()).unwrap_or_default();
            let mut work = AgentWork {
                surface,
                model: model.clone().or(default_model),
                permission_mode: permission_mode.clone().or(default_mode),
                ..AgentWork::beginning(agent, Prompt::of_user(1, prompt.clone(), at))
            };
            if first_act(dispatch).is_some() {
                (work.prompts, work.next_prompt) = (Vec::new(), 1);
            }
            (Work::Agent(work), prompt.clone())
        }
    }
}

/// The agent that was asked for, else the one of the settings, else the first installed vendor's, else the
/// rehearsal agent; none for a shell job. Looks at the disk.
fn choose_agent(registry: &Registry, dispatch: &Dispatch) -> Result<Option<String>, Fault> {
    let DispatchWork::Agent { agent, model, permission_mode, .. } = &dispatch.work else {
        return Ok(None);
    };
    let spec = match agent {
        Some(agent) => registry.named(agent)?,
        None => registry.default_agent(&dispatch.env)?,
    };
    registry.resolve(spec, &dispatch.env)?;
    registry.check_choices(spec, model.as_deref(), permission_mode.as_deref())?;
    Ok(Some(spec.id.clone()))
}

/// A prompt, command or reply: something, not too much, and nothing that is not text.
pub fn check_text(text: &str, noun: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(FaultCode::Invalid, format!("the {noun} is empty"))
            .hint("say what is to be done"));
    }
    if text.len() > PROMPT_MAX_BYTES {
        let message =
            format!("the {noun} has {} bytes; the limit is {PROMPT_MAX_BYTES}", text.len());
        return Err(
            Fault::new(FaultCode::Limit, message).hint("put it into a file and name the file")
        );
    }
    let control = |c: &char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    match text.chars().find(control) {
        Some(c) => Err(Fault::new(
            FaultCode::Invalid,
            format!("the {noun} holds the control character U+{:04X}", u32::from(c)),
        )
        .hint("take it out; only text, tabs and line breaks are passed on")),
        None => Ok(()),
    }
}

pub fn fresh_id(core: &Core) -> Result<(String, SessionId), Fault> {
    for _ in 0..ID_TRIES {
        let uuid = core.world.fresh_uuid().to_string();
        if let Some(id) = SessionId::of_uuid(&uuid)
            && !core.sessions.contains_key(&id)
            && !core.world.has_directory(&id)
        {
            return Ok((uuid, id));
        }
    }
    Err(Fault::new(FaultCode::Internal, "no free session id was found"))
}
