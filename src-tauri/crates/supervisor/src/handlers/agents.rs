//! `agents`: the registry as detected with the client's own PATH, and what sessions showed of each.

use super::Handled;
use crate::core::Core;
use nightshift_model::{State, Trouble, TroubleKind};
use nightshift_protocol::{Environment, Reply};

pub fn agents(core: &Core, env: &Environment) -> Handled {
    let mut agents = core.registry.detect(env);
    for agent in &mut agents {
        agent.signed_in = signed_in(core, &agent.id);
    }
    Handled::Done(Reply::Agents { agents })
}

/// As the newest session that can tell showed: one that failed for want of a sign-in, or one whose
/// agent did something.
fn signed_in(core: &Core, agent: &str) -> Option<bool> {
    let sessions = core.sessions.values().map(|entry| &entry.session);
    let of_agent = sessions.filter(|s| s.agent().is_some_and(|work| work.agent == agent));
    let told = of_agent.filter_map(|session| match &session.state {
        State::Failed { trouble: Some(Trouble { kind: TroubleKind::SignIn, .. }), .. } => {
            Some((session.state_since, false))
        }
        State::Completed { .. } | State::NeedsInput { .. } => Some((session.state_since, true)),
        State::Starting | State::Working | State::Idle | State::Failed { .. } | State::Stopped => {
            None
        }
    });
    told.max_by_key(|(since, _)| *since).map(|(_, verdict)| verdict)
}
