//! `agents`: the registry as detected with the client's own PATH, and what sessions showed of each. The
//! PATH's directories may be on a mount that hangs, so they are looked at beside the loop.

use super::Handled;
use crate::clients::ConnId;
use crate::core::Core;
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_model::{State, Trouble, TroubleKind};
use nightshift_protocol::{Environment, Reply};
use std::collections::BTreeMap;

pub fn agents(core: &Core, conn: ConnId, request: u64, env: Environment) -> Handled {
    let registry = core.registry.clone();
    let worked = core.sessions.values().filter_map(|entry| entry.session.agent());
    let shown: BTreeMap<String, Option<bool>> =
        worked.map(|work| (work.agent.clone(), signed_in(core, &work.agent))).collect();
    let place = "a directory of the PATH";
    core.world.run(Job::for_request((conn, request), Lane::Checks, place, move || {
        let mut agents = registry.detect(&env);
        for agent in &mut agents {
            agent.signed_in = shown.get(&agent.id).copied().flatten();
        }
        Inbox::Answer { conn, request, result: Ok(Reply::Agents { agents }) }
    }));
    Handled::Pending
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
