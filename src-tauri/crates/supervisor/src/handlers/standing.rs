//! `standing`: work that goes on by itself, asked for by clients and by the agents' bridge. Done when
//! it is committed.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use crate::standing::moment;
use nightshift_model::{Fact, Liveness, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Fault, Reply, StandingAct, StandingResult};
use nightshift_standing::{Asked, answer, ask};

pub fn standing(core: &mut Core, session: &str, act: StandingAct, env: Environment) -> Outcome {
    let id = find(core, session)?;
    take_environment(core, &id, env);
    let result = Box::new(take(core, &id, &act)?);
    Ok(Handled::Done(Reply::Standing { result }))
}

/// The caller's environment, when the session's process has to be started anew.
pub fn take_environment(core: &mut Core, id: &SessionId, env: Environment) {
    if let Some(entry) = core.sessions.get_mut(id)
        && (entry.session.retiring || matches!(entry.session.liveness, Liveness::Gone { .. }))
        && !env.is_empty()
    {
        entry.env = env;
    }
}

/// Checks, applies and answers.
pub fn take(core: &mut Core, id: &SessionId, act: &StandingAct) -> Result<StandingResult, Fault> {
    let moment = moment(core);
    match ask(&core.sessions[id].session, act, &moment)? {
        Asked::Command(command) => apply(core, id, command)?,
        Asked::Fact(fact @ Fact::MonitorLines { .. }) => {
            core.apply(id, nightshift_model::Event::Fact(fact), clock::now(), 0)?;
        }
        Asked::Fact(fact) => core.fact(id, fact),
        Asked::Nothing => {}
    }
    Ok(answer(&core.sessions[id].session, act, &moment))
}
