//! Pull requests of sessions on the board: how far each of them is.
//!
//! Promise: their forges are asked only while somebody follows the board, one at a time and each one
//! seldom, beside the loop; and only those that the session's repository named before its agent ran,
//! and the public ones: others get no token of the user's and stay a link. Where that cannot be told,
//! what is known stays.

use crate::core::Core;
use crate::inbox::Inbox;
use crate::limits::{PULL_CLOSED_PAUSE, PULL_FAILED_PAUSE, PULL_PAUSE};
use crate::ports::world::{Job, Lane};
use nightshift_model::{Fact, Lodging, PullPlace, PullState, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Seconds; for tests.
const PAUSE_VARIABLE: &str = "NIGHTSHIFT_PULL_PAUSE_S";

fn open_pause() -> Duration {
    let set = std::env::var(PAUSE_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.map_or(PULL_PAUSE, Duration::from_secs)
}

/// What is known of the asking.
#[derive(Default)]
pub struct Pulls {
    /// When (monotonic) each may be asked about again, by its address.
    next: BTreeMap<String, Duration>,
    asking: bool,
}

/// A pull request that may be asked about: whose, its address twice, when (monotonic).
type Wanted<'a> = (&'a SessionId, &'a str, PullPlace, Duration);

fn wanted(core: &Core) -> impl Iterator<Item = Wanted<'_>> {
    let free = core.board.is_followed() && !core.pulls.asking;
    let sessions = core.sessions.iter().filter(move |_| free);
    sessions.flat_map(move |(id, entry)| {
        let unsettled = entry.session.pull_requests.iter().filter(|p| p.state != PullState::Merged);
        let named = entry.session.lodging.as_ref().map_or(&[][..], Lodging::remote_hosts);
        unsettled.filter_map(move |pull| {
            let place = PullPlace::of(&pull.url).filter(|place| place.may_be_asked(named))?;
            let at = core.pulls.next.get(&pull.url).copied().unwrap_or_default();
            Some((id, pull.url.as_str(), place, at))
        })
    })
}

pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    wanted(core).map(|(.., at)| at.saturating_sub(now)).min()
}

pub fn on_tick(core: &mut Core, now: Duration) {
    let first = wanted(core).min_by_key(|(.., at)| *at).filter(|(.., at)| *at <= now);
    let Some((id, url, asked, _)) = first else { return };
    let (id, url) = (id.clone(), url.to_owned());
    core.pulls.asking = true;
    let entry = core.sessions.get(&id);
    let env = entry.map(|entry| entry.env.clone()).unwrap_or_default();
    let works_in = entry.map(|entry| entry.session.directory().to_owned()).unwrap_or_default();
    let dir = core.home.state.clone();
    let (lost, place) = ((id.clone(), url.clone()), format!("the pull request {url}"));
    let work = Box::new(move || {
        let state = nightshift_review::pull_state(&asked, &dir, works_in.as_ref(), &env);
        Inbox::PullSeen { session: id, url, state }
    });
    let failed = Box::new(move |fault| {
        let (session, url) = lost;
        Inbox::PullSeen { session, url, state: Err(fault) }
    });
    core.world.run(Job { lane: Lane::Reviews, place, work, failed });
}

/// What came of it.
pub fn seen(core: &mut Core, id: &SessionId, url: String, state: Result<PullState, Fault>) {
    core.pulls.asking = false;
    let pause = match &state {
        Ok(state) if state.is_open() => open_pause(),
        Ok(_) => PULL_CLOSED_PAUSE,
        Err(_) => PULL_FAILED_PAUSE,
    };
    core.pulls.next.insert(url.clone(), clock::monotonic() + pause);
    match state {
        Ok(state) => core.fact(id, Fact::PullRequestSeen { url, state }),
        Err(fault) => tracing::info!(session = %id, "{fault}"),
    }
    let pulls = core.sessions.values().flat_map(|entry| &entry.session.pull_requests);
    let known: BTreeSet<&str> = pulls.map(|pull| pull.url.as_str()).collect();
    core.pulls.next.retain(|url, _| known.contains(url.as_str()));
}
