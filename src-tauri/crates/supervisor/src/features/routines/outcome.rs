//! What a session says of the run that it is: pure, from the session as it is.
//!
//! Promise: the same session gives the same event, so that a supervisor that was killed comes to the same end.

use super::{Run, wall_ms};
use crate::core::Core;
use nightshift_model::standing::{GoalEnd, GoalPhase, Judgement as Verdict};
use nightshift_model::{
    AgentWork, Liveness, Lodging, Need, Session, SessionId, State, Trouble, TroubleKind,
};
use nightshift_routines::definition::Notify;
use nightshift_routines::occurrence::{
    ErrorType, Event, Judgement, Occurrence, State as RunState, retry_at_ms,
};

/// What is seen of a run's session.
pub(super) enum Seen {
    /// Nothing that would change the run.
    Nothing,
    /// Its repository asks for trust, and nobody is there to give it.
    Untrusted(String),
    /// The agent has been heard of.
    Alive,
    End(Judgement, String),
    Failed(ErrorType, String, Option<Trouble>),
    /// Somebody ended or interrupted it.
    Cancelled,
}

pub(super) fn session_of(run: &Run) -> Option<SessionId> {
    SessionId::parse(run.row.occurrence.session.as_deref()?)
}

/// Its user has to answer something before anything of it goes on.
pub(super) fn waits_for_user(session: &Session) -> bool {
    let holds = |need: &Need| need.asks_for_trust() || !need.closed_a_turn();
    matches!(&session.state, State::NeedsInput { needs } if needs.iter().any(holds))
}

/// `begun`: the run's agent has been heard of before.
pub(super) fn seen(session: &Session, begun: bool) -> Seen {
    match &session.state {
        State::Starting => Seen::Nothing,
        State::Failed { error, trouble } => failed_or_judged(session, begun, error, *trouble),
        State::Stopped => Seen::Cancelled,
        State::NeedsInput { needs } if !begun => {
            match needs.iter().find(|need| need.asks_for_trust()) {
                Some(need) => Seen::Untrusted(need.question.clone()),
                None => Seen::Alive,
            }
        }
        _ if !begun => Seen::Alive,
        State::Working => Seen::Nothing,
        // An open request is waited for, whoever answers it.
        State::NeedsInput { needs } if !needs.iter().all(|need| need.closed_a_turn()) => {
            Seen::Nothing
        }
        State::Idle => Seen::Cancelled,
        State::NeedsInput { .. } | State::Completed { .. } => judged(session),
    }
}

fn agent(session: &Session) -> Option<&AgentWork> {
    session.agent()
}

/// A turn is over and nothing is open: what the goal came to.
fn judged(session: &Session) -> Seen {
    let Some(agent) = agent(session) else { return Seen::Nothing };
    if !agent.prompts.is_empty() || session.is_judging() {
        return Seen::Nothing;
    }
    let standing = &agent.standing;
    let Some(goal) = &standing.goal else {
        let Some(last) = &standing.last_goal else {
            // It goes on by itself, until its deadline at the latest.
            if standing.looping.is_some() || standing.wakeup.is_some() {
                return Seen::Nothing;
            }
            let reason = "the routine has no goal to judge it by".to_owned();
            return Seen::End(Judgement::NotJudged, reason);
        };
        let outcome = match last.how {
            GoalEnd::Met => Judgement::Met,
            GoalEnd::Impossible => Judgement::Impossible,
            GoalEnd::Cleared | GoalEnd::Replaced | GoalEnd::Trouble => Judgement::NotJudged,
        };
        return Seen::End(outcome, last.why.clone());
    };
    match &goal.phase {
        GoalPhase::Pursuing | GoalPhase::Judging { .. } | GoalPhase::Waiting { .. } => {
            Seen::Nothing
        }
        GoalPhase::Paused { why, .. } => match goal.verdicts.last() {
            Some(last) if last.judgement == Verdict::NotYet && last.turn == goal.turns => {
                Seen::End(Judgement::NotMet, last.reason.clone())
            }
            Some(_) | None => Seen::End(Judgement::NotJudged, why.clone()),
        },
    }
}

fn failed_or_judged(session: &Session, begun: bool, error: &str, trouble: Option<Trouble>) -> Seen {
    let last = agent(session).and_then(|agent| agent.standing.last_goal.as_ref());
    if let Some(last) = last.filter(|last| last.how == GoalEnd::Impossible) {
        return Seen::End(Judgement::Impossible, last.why.clone());
    }
    let kind = match trouble.map(|trouble| trouble.kind) {
        Some(TroubleKind::UsageLimit) => ErrorType::Limit,
        Some(TroubleKind::Overloaded) => ErrorType::Overloaded,
        Some(TroubleKind::SignIn) => ErrorType::SignedOut,
        Some(TroubleKind::Credit | TroubleKind::Context | TroubleKind::Model) => {
            ErrorType::AgentError
        }
        None if !begun && sets_up(session) => ErrorType::SetupFailed,
        None if !begun => ErrorType::NoStart,
        None if matches!(session.liveness, Liveness::Gone { .. }) => ErrorType::AgentDied,
        None => ErrorType::AgentError,
    };
    Seen::Failed(kind, error.to_owned(), trouble)
}

/// Its worktree is there and not ready: what failed is its setup.
fn sets_up(session: &Session) -> bool {
    matches!(&session.lodging, Some(Lodging::Worktree(worktree)) if worktree.setting_up)
}

/// The failure of a run, with its next try where the policy gives it one.
pub(super) fn failed(
    core: &Core,
    id: &str,
    error: ErrorType,
    message: String,
    trouble: Option<Trouble>,
) -> Option<Event> {
    let it: &Occurrence = &core.routines.runs.get(id)?.row.occurrence;
    let routine = core.routines.list.get(&it.routine);
    let definition = routine.and_then(|routine| routine.definition.as_ref());
    let retries = definition.map_or(0, |definition| definition.policy.retries);
    let resets = trouble.and_then(|trouble| trouble.resets);
    let resets_ms = resets.and_then(|at| i64::try_from(at.0).ok());
    let retry_at_ms = retry_at_ms(error, it.attempt, retries, resets_ms, wall_ms());
    Some(Event::Fail { error, message, retry_at_ms })
}

/// Whether a run ends so that nobody has to look at it: it met its goal, nothing was denied, and its routine does not
/// want to be told of each run.
pub(super) fn is_clean(core: &Core, id: &str, event: &Event) -> bool {
    if !matches!(event, Event::End { outcome: Judgement::Met, .. }) {
        return false;
    }
    let Some(run) = core.routines.runs.get(id).filter(|run| run.row.denials.is_empty()) else {
        return false;
    };
    let routine = core.routines.list.get(&run.row.occurrence.routine);
    let definition = routine.and_then(|routine| routine.definition.as_ref());
    definition.is_some_and(|definition| definition.outcome.notify != Notify::Always)
}

/// Whether the run's agent has been heard of.
pub(super) fn has_begun(run: &Run) -> bool {
    run.row.occurrence.state == RunState::Running
}
