//! `review`: what a session changed, and what becomes of it. Worked out beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::inbox::{ConnId, Inbox};
use crate::link::beside::Lane;
use crate::outside::Aside;
use nightshift_model::{Lodging, Session, State};
use nightshift_protocol::{Environment, Reply, ReviewAct};
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
    let subject = subject(&core.sessions[&id].session, core.home.state.join(LEDGER));
    let place = format!("the review of session {id}");
    core.outside.beside(Aside::for_request((conn, request), Lane::Reviews, place, move || {
        let env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let result = act(&subject, &env, &what);
        let result = result.map(|result| Reply::Review { result: Box::new(result) });
        Inbox::Answer { conn, request, result }
    }));
    Ok(Handled::Pending)
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
