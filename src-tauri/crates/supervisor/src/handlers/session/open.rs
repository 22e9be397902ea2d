//! `open`: the same conversation in the agent's own terminal, or back. Done when the process that takes
//! it over lives.

use crate::clients::waiter::Until;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, apply, find};
use nightshift_model::{Command as SessionCommand, Surface};
use nightshift_protocol::{Environment, Fault, FaultCode};

pub fn open(core: &mut Core, session: &str, surface: Surface, env: Environment) -> Outcome {
    let session = find(core, session)?;
    let work = core.sessions.get(&session).and_then(|entry| entry.session.agent());
    let now = work.map(|w| w.agent.clone()).unwrap_or_default();
    let mode = work.and_then(|w| w.permission_mode.clone());
    let registry = core.registry.clone();
    let spec = registry.counterpart(&now, surface).ok_or_else(|| {
        let message = match now.as_str() {
            "" => format!("session {session} is a shell job"),
            agent => format!("agent `{agent}` of session {session} can be reached in one way only"),
        };
        Fault::new(FaultCode::Refused, message)
            .hint(format!("open it as it is with `nightshift attach {session}`"))
    })?;
    registry.resolve(spec, &env)?;
    let permission_mode =
        mode.filter(|mode| spec.modes.contains(mode)).or_else(|| spec.default_mode.clone());
    let agent = spec.id.clone();
    apply(core, &session, SessionCommand::Open { agent, surface, permission_mode })?;
    if let Some(entry) = core.sessions.get_mut(&session)
        && !env.is_empty()
    {
        entry.env = env;
    }
    Ok(Handled::Later { session, until: Until::Launched })
}
