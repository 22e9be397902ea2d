//! Starting a session's host: directory, launch document, process, readiness.

use super::driver_of;
use crate::core::{Core, Entry};
use crate::handlers;
use crate::ports::host_link::{LinkSpec, Start};
use crate::ports::worktrees::{Agent, Asks, MainCheckout, Order, TakesUp, Wanted};
use crate::sessions::launch_document::{Place, document, kind_of};
use nightshift_model::{Fact, Lodging, Session, SessionId, Trust, TrustDecision};
use nightshift_platform::dirs::Home;
use nightshift_vendors::TakesUp as Guarded;
use nightshift_vendors::registry::{AgentSpec, Registry};

/// Starts a host for a new or resting session; the outcome comes back as a fact.
pub fn launch(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    if entry.env.is_empty() {
        let error = "its environment went with an earlier supervisor; reply to start it again";
        return core.fact(id, Fact::LaunchFailed { error: error.into() });
    }
    let place = Place { home: &core.home, registry: &core.registry, binary: &core.binary };
    match document(&place, &entry.session, &entry.env) {
        Ok((launch, env, program)) => {
            let (order, launch) = (order(core, &entry.session).map(Box::new), Box::new(launch));
            let spec = entry.session.agent().and_then(|work| core.registry.find(&work.agent));
            let guard = spec.map(AgentSpec::guard_environment).unwrap_or_default();
            start_link(core, id, Start::Launch { launch, env, program, order, guard });
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
    let (kind, listens) = (kind_of(&entry.session), entry.session.is_terminal_agent());
    // A fresh driver: the link replays the journal from its first record.
    fresh_driver(entry, &core.home, &core.registry);
    entry.caught_up = false;
    entry.epoch = 0;
    entry.retry_at = None;
    entry.room.leaving = None;
    let spec = LinkSpec { session: id.clone(), generation, kind, listens, start };
    entry.link = Some(core.world.start(spec));
    core.conversations.restart(id);
}

fn fresh_driver(entry: &mut Entry, home: &Home, registry: &Registry) {
    entry.driver = driver_of(home, registry, &entry.session);
    let behind = entry.driver.as_mut().zip(entry.session.agent());
    if let Some((driver, work)) = behind {
        driver.set_remarks(&work.standing.remarks, false);
        driver.set_prompts(&work.prompts);
    }
}

/// Where it works is known now: the agent is to be told that directory.
pub fn lodged(
    core: &mut Core,
    id: &SessionId,
    lodging: Lodging,
    trust: Box<Trust>,
    checkout: Option<Box<MainCheckout>>,
) {
    let said = core.sessions.get(id).and_then(|entry| entry.session.trust.as_ref()?.decision);
    let (repository, trusted) = (trust.repository.clone(), trust.untrusted.is_none());
    core.fact(id, Fact::TrustSettled { trust });
    core.fact(id, Fact::Lodged { lodging });
    if trusted && said == Some(TrustDecision::Trust) {
        // One answer is for all that ask the same.
        let env = core.sessions.get(id).map(|entry| entry.env.clone()).unwrap_or_default();
        handlers::trust::start_waiting(core, &repository, &env);
    }
    let Some(entry) = core.sessions.get_mut(id) else { return };
    if checkout.is_some() {
        entry.room.checkout = checkout;
    }
    fresh_driver(entry, &core.home, &core.registry);
    core.conversations.restart(id);
}

/// Its repository brings along what nobody trusts: the user is asked, and nothing of it runs.
pub fn trust_asked(core: &mut Core, id: &SessionId, asks: Asks) {
    if let Some(entry) = core.sessions.get_mut(id) {
        entry.link = None;
    }
    let Asks { trust, need } = asks;
    core.fact(id, Fact::TrustAsked { trust: Box::new(trust), need });
}

/// What the user set for worktrees.
pub fn wanted(core: &Core) -> Wanted {
    let file = core.settings.file().map(Into::into).unwrap_or_default();
    Wanted { file, settings: core.settings.settings().worktree.clone(), base: None }
}

/// What has to be done before an agent starts; nothing for a shell job.
fn order(core: &Core, session: &Session) -> Option<Order> {
    let agent = agent_of(&core.registry, &session.agent()?.agent);
    let lodging = session.lodging.clone().unwrap_or_else(|| Lodging::Directory {
        reason: "not_wanted".to_owned(),
        text: "it is older than worktrees".to_owned(),
        remote_hosts: Vec::new(),
    });
    let trust = session.trust.as_deref().cloned();
    let (id, name, cwd) = (session.id.to_string(), session.name.clone(), session.cwd.clone());
    let mut set = wanted(core);
    if let Some(unattended) = &session.unattended {
        set.base.clone_from(&unattended.base);
        set.settings.setup = unattended.setup.clone().or(set.settings.setup);
    }
    let wanted = Box::new(set);
    Some(Order { session: id, name, cwd, lodging, wanted, agent, trust })
}

fn agent_of(registry: &Registry, id: &str) -> Agent {
    let Some(spec) = registry.find(id) else {
        return Agent { title: id.to_owned(), takes_up: TakesUp::Everything };
    };
    let takes_up = match spec.takes_up_untrusted() {
        Guarded::Nothing => TakesUp::Nothing,
        Guarded::Only(parts) => TakesUp::Only(parts.iter().map(|&part| part.to_owned()).collect()),
        Guarded::Everything => TakesUp::Everything,
    };
    Agent { title: spec.title.clone(), takes_up }
}
