//! One conversation in another place: from the protocol into the agent's own terminal, and back.

use super::command::{is_protocol_need, refuse_while_stopping};
use super::{Next, Refusal, fact};
use crate::event::Effect;
use crate::evidence::Source;
use crate::session::{Before, Liveness, State, Surface, Work};

/// Between turns only, and only with the agent's own session id: the process that has the
/// conversation ends, and the one that takes it over is started in its place.
pub(super) fn open(
    next: &mut Next,
    agent: String,
    surface: Surface,
    permission_mode: Option<String>,
) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    let (place, word) = match surface {
        Surface::Conversation => ("as a conversation", "conversation"),
        Surface::Terminal => ("in its own terminal", "terminal"),
    };
    let between_turns = match &next.session.state {
        State::NeedsInput { needs } => !needs.iter().any(is_protocol_need),
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => true,
        State::Starting | State::Working => false,
    };
    let Work::Agent(work) = &mut next.session.work else {
        return Err(Refusal::new(
            format!("session {id} is a shell job"),
            &format!("open it with `nightshift attach {id}`"),
        ));
    };
    if work.surface == surface {
        return Err(Refusal::new(
            format!("session {id} is open {place} already"),
            &format!("see it with `nightshift attach {id}`"),
        ));
    }
    if !between_turns || !work.prompts.is_empty() {
        return Err(Refusal::new(
            format!("session {id} is at work and cannot be opened {place} now"),
            &format!("wait for the turn to end, or run `nightshift interrupt {id}`"),
        ));
    }
    if work.agent_session_id.is_none() {
        return Err(Refusal::new(
            format!("session {id} cannot be opened {place}: its agent has not named its session"),
            "give it a first turn",
        ));
    }
    if let Liveness::Unknown { why, .. } = &next.session.liveness {
        return Err(Refusal::new(
            format!("session {id} cannot be opened {place}: {why}"),
            "see `nightshift daemon status`",
        ));
    }
    let why = format!("opened {place} ({agent})");
    work.agent = agent;
    work.surface = surface;
    work.permission_mode = permission_mode;
    let (state, since) = (next.session.state.clone(), next.session.state_since);
    next.session.renewing = Some(Before { state, since });
    next.session.restarts = 0;
    if next.session.is_alive() {
        fact::retire(next);
        next.note(Source::User, &why);
        next.effect(Effect::StopHost);
    } else {
        next.go(State::Starting, &format!("opening as a {word}"), Source::User, &why);
        next.effect(Effect::Launch);
    }
    Ok(())
}
