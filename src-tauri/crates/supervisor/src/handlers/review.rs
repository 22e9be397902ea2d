//! `review`: what a session changed, and what becomes of it. Worked out beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::inbox::{ConnId, Inbox};
use crate::link::beside::Lane;
use crate::outside::Aside;
use nightshift_lodging::Desk;
use nightshift_model::{Fact, Lodging, Session, SessionId, Source, State};
use nightshift_protocol::review::RequestState;
use nightshift_protocol::{Environment, Fault, Reply, ReviewAct, ReviewResult};
use nightshift_review::{Recorded, Subject, act};
use std::path::PathBuf;

/// The ledger of worktrees, in the state directory.
const LEDGER: &str = "worktrees";

pub fn review(
    core: &Core,
    conn: ConnId,
    request: u64,
    session: &str,
    (what, env): (ReviewAct, Environment),
) -> Outcome {
    let id = find(core, session)?;
    let mut subject = subject(&core.sessions[&id].session, core.home.state.join(LEDGER));
    let desk = Desk::of(&core.home);
    let place = format!("the review of session {id}");
    core.outside.beside(Aside::for_request((conn, request), Lane::Reviews, place, move || {
        let looks =
            matches!(what, ReviewAct::Changes | ReviewAct::File { .. } | ReviewAct::Image { .. });
        subject.trusted = !looks && desk.trusts_git(&subject.dir, &env);
        let env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let result = act(&subject, &env, &what);
        Inbox::Reviewed { conn, request, session: id, result }
    }));
    Ok(Handled::Pending)
}

/// A pull request stays known with the session.
pub fn reviewed(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    id: &SessionId,
    result: Result<ReviewResult, Fault>,
) {
    if let Ok(ReviewResult::PullRequest { url: Some(url), state, .. }) = &result
        && *state != RequestState::ByHand
        && core.sessions.contains_key(id)
    {
        core.fact(id, Fact::PullRequestOpened { url: url.clone(), by: Source::User });
    }
    let reply = result.map(|result| Reply::Review { result: Box::new(result) });
    core.clients.answer(conn, request, reply);
}

fn subject(session: &Session, ledger: PathBuf) -> Subject {
    let tree = session.lodging.as_ref().and_then(Lodging::worktree);
    Subject {
        id: session.id.to_string(),
        dir: session.directory().into(),
        recorded: tree
            .map(|tree| Recorded { commit: tree.base_commit.clone(), label: tree.base.clone() }),
        ledger,
        name: session.name.clone(),
        result: match &session.state {
            State::Completed { result } => result.clone(),
            State::Starting
            | State::Working
            | State::NeedsInput { .. }
            | State::Idle
            | State::Failed { .. }
            | State::Stopped => String::new(),
        },
        // Found out beside the loop.
        trusted: false,
    }
}
