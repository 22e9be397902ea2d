//! `answer`: gives an open request its answer. Done when the agent has it; while its host is out of reach
//! it is not taken, and the request stays open. One that is meant for good
//! is kept as a rule in the same commit. Where the session waits for trust, the answer starts it: done when
//! that is settled, and refused where the repository is not what was asked about. Which request is meant, `nightshift_model::answering` decides.

use crate::clients::ConnId;
use crate::clients::waiter::Until;
use crate::core::Core;
use crate::features::permissions;
use crate::handlers::background::automation;
use crate::handlers::{Handled, Outcome, find};
use crate::limits::{ANSWER_WAIT, REACH_WAIT};
use nightshift_model::answering::meant;
use nightshift_model::{Answer, Command as SessionCommand, Event, Need, NeedId, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Fault, FaultCode};
use std::time::Duration;

/// An answer as a client gives it.
pub struct Given {
    pub need: Option<NeedId>,
    pub answer: Answer,
    pub shown_ms: Option<u64>,
    pub env: Environment,
}

/// An answer that waits until its session's host can be reached, or is known to be out of reach.
pub struct Held {
    conn: ConnId,
    request: u64,
    session: SessionId,
    given: Given,
    /// When (monotonic) it is refused.
    until: Duration,
}

pub fn answer(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    session: &str,
    mut given: Given,
) -> Outcome {
    if let Answer::Text { text } = &given.answer {
        super::dispatch::check_text(text, "answer")?;
    }
    let session = find(core, session)?;
    match meant_now(core, &session, &given) {
        Some(need) if goes_to_host(need) && is_being_reached(core, &session) => {
            given.need = Some(need.id.clone());
            let until = clock::monotonic() + REACH_WAIT;
            core.held.push(Held { conn, request, session, given, until });
            Ok(Handled::Pending)
        }
        Some(_) | None => give(core, session, given),
    }
}

/// Gives the answers whose session can be reached by now, and refuses those for which that takes too long.
pub fn give_held(core: &mut Core) {
    let now = clock::monotonic();
    for held in std::mem::take(&mut core.held) {
        let waits = is_being_reached(core, &held.session);
        let Held { conn, request, session, given, until } = held;
        let outcome = match waits {
            true if now < until => {
                core.held.push(Held { conn, request, session, given, until });
                continue;
            }
            true => Err(not_reached(&session)),
            false => give(core, session, given),
        };
        crate::handlers::conclude(core, conn, request, outcome);
    }
}

/// Time until the first of them has waited for too long.
pub fn held_due_in(core: &Core, now: Duration) -> Option<Duration> {
    core.held.iter().map(|held| held.until.saturating_sub(now)).min()
}

/// Its host lives, for all that is known, and is just being connected to: what is written now may never
/// get there.
fn is_being_reached(core: &Core, id: &SessionId) -> bool {
    core.sessions
        .get(id)
        .is_some_and(|entry| entry.session.is_alive() && entry.link.is_some() && !entry.caught_up)
}

fn goes_to_host(need: &Need) -> bool {
    !need.asks_for_trust() && !need.id.is_for_monitor()
}

fn not_reached(id: &SessionId) -> Fault {
    let seconds = REACH_WAIT.as_secs();
    let text =
        format!("session {id} cannot be answered now: its host is not reached within {seconds} s");
    Fault::new(FaultCode::Io, text).hint("try again; its request stays open meanwhile")
}

fn meant_now<'a>(core: &'a Core, session: &SessionId, given: &Given) -> Option<&'a Need> {
    let needs = core.sessions.get(session)?.session.needs();
    needs.get(meant(needs, given.need.as_ref(), given.shown_ms, clock::now()).ok()?)
}

fn give(core: &mut Core, session: SessionId, given: Given) -> Outcome {
    let now = clock::now();
    let taken = meant_now(core, &session, &given);
    let for_trust = taken.is_some_and(Need::asks_for_trust);
    let taken = taken.map(|need| need.id.clone());
    let Given { need, answer, shown_ms, env } = given;
    automation::take_environment(core, &session, env);
    let rule = taken.as_ref().and_then(|need| permissions::made(core, &session, need, &answer));
    let bridge_hears = taken.as_ref().is_some_and(|need| bridge_waits(core, &session, need));
    let command = SessionCommand::Answer { need, answer, shown_ms };
    core.apply_keeping(&session, Event::Command(command), (now, 0), rule)?;
    match taken {
        // It has it at once; what it then does with it may take any time.
        Some(_) if bridge_hears => core.view(&session).map(Handled::Done),
        Some(_) if for_trust => Ok(Handled::Later { session, until: Until::Trusted }),
        Some(need) => {
            let deadline = clock::monotonic() + ANSWER_WAIT;
            Ok(Handled::Later { session, until: Until::AnswerTaken { need, deadline } })
        }
        None => core.view(&session).map(Handled::Done),
    }
}

/// Whether a session's own bridge asked for this, and listens for the answer.
fn bridge_waits(core: &Core, session: &SessionId, asked: &NeedId) -> bool {
    let is_it = |until: &Until| matches!(until, Until::Decided { need } if need == asked);
    core.waiters.iter().any(|(of, waiter)| of == session && is_it(&waiter.until))
}
