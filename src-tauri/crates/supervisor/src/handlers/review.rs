//! `review`: what a session changed, and what becomes of it. Worked out beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::inbox::{ConnId, Inbox};
use crate::ports::world::{Job, Lane};
use nightshift_model::evidence::HOOKS_LEFT_OUT;
use nightshift_model::{Fact, Lodging, Session, SessionId, Source, State};
use nightshift_protocol::review::RequestState;
use nightshift_protocol::{Environment, Fault, FaultCode, Reply, ReviewAct, ReviewResult};
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
    // Its directory is not its own yet: what is there is the user's.
    if let Some(Lodging::Undecided { .. }) = core.sessions[&id].session.lodging {
        let text = format!("session {id} has not started: nothing there is of its making");
        return Err(Fault::new(FaultCode::Refused, text).hint("review it once it works"));
    }
    let subject = subject(&core.sessions[&id].session, core.home.state.join(LEDGER));
    let worktrees = core.worktrees.clone();
    let place = format!("the review of session {id}");
    core.world.run(Job::for_request((conn, request), Lane::Reviews, place, move || {
        let looks =
            matches!(what, ReviewAct::Changes | ReviewAct::File { .. } | ReviewAct::Image { .. });
        let left_out = !looks && worktrees.leaves_out(&subject.dir, &env);
        let env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let result = act(&subject, &env, &what);
        Inbox::Reviewed { conn, request, session: id, result, left_out }
    }));
    Ok(Handled::Pending)
}

/// A pull request stays known with the session.
pub fn reviewed(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    id: &SessionId,
    (result, left_out): (Result<ReviewResult, Fault>, bool),
) {
    if left_out && result.is_ok() && core.sessions.contains_key(id) {
        let text = HOOKS_LEFT_OUT.to_owned();
        core.fact(id, Fact::Noted { source: Source::Supervisor, text });
    }
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
    }
}
