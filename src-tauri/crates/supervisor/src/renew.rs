//! A new version: pinned agents whose host is of an older one get a new process, one by one.
//!
//! Promise: only while they have nothing to do, with their own session id and the environment they
//! had; shell jobs are never touched, and unpinned agents change version when they rest anyway.

use crate::core::{Core, Entry};
use nightshift_model::Fact;
use semver::Version;

pub fn on_time(core: &mut Core) {
    // One by one: each start costs an agent's memory and processor time.
    if core.sessions.values().any(|e| e.session.renewing.is_some()) {
        return;
    }
    let outdated = core.sessions.iter().find(|(_, entry)| is_outdated(entry));
    if let Some((id, entry)) = outdated {
        let from = entry.build.as_deref().filter(|b| !b.is_empty()).unwrap_or("before 0.1.0");
        let (id, from) = (id.clone(), from.to_owned());
        core.fact(&id, Fact::Outdated { from });
    }
}

fn is_outdated(entry: &Entry) -> bool {
    let older = entry.build.as_deref().is_some_and(|build| is_older(build, OWN_VERSION));
    let resumable = entry.session.agent().is_some_and(|a| a.agent_session_id.is_some());
    let can_start = entry.caught_up && !entry.env.is_empty() && resumable;
    older && can_start && entry.session.pinned && entry.session.is_idle()
}

const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A host that does not say its version is older than those that do.
fn is_older(build: &str, own: &str) -> bool {
    match (Version::parse(build), Version::parse(own)) {
        (Ok(build), Ok(own)) => build < own,
        (Err(_), Ok(_)) => build.is_empty(),
        (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_older_is_replaced() {
        for (build, own, expected) in [
            ("0.1.0", "0.2.0", true),
            ("0.9.0", "0.10.0", true),
            ("", "0.1.0", true),
            ("0.2.0-rc.1", "0.2.0", true),
            ("0.2.0", "0.2.0", false),
            ("0.3.0", "0.2.0", false),
            ("a fork", "0.2.0", false),
        ] {
            assert_eq!(is_older(build, own), expected, "{build} {own}");
        }
    }
}
