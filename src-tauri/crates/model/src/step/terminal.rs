//! What the turns of a terminal agent make of its session, as far as something tells of them.

use super::{Next, fact};
use crate::event::Effect;
use crate::evidence::Source;
use crate::session::{State, Work};
use crate::trouble::Trouble;

pub(super) fn began(next: &mut Next, text: &str) {
    if matches!(next.session.state, State::Working) && text.is_empty() {
        return;
    }
    next.go(State::Working, text, Source::Protocol, "a turn began");
}

/// `last_text`: the agent's last words, where something told them.
pub(super) fn stopped(
    next: &mut Next,
    last_text: Option<&str>,
    failure: Option<(String, Option<Trouble>)>,
) {
    let Work::Agent(agent) = &mut next.session.work else { return };
    agent.answers.clear();
    agent.interrupts = None;
    let more = !agent.prompts.is_empty();
    let n = agent.next_prompt;
    let starting = matches!(next.session.state, State::Starting);
    let before = if starting { next.session.renewing.take() } else { None };
    if let Some((error, trouble)) = failure {
        return fact::failed(next, error, trouble);
    }
    match (last_text, &next.session.state, before) {
        (Some(text), _, _) => {
            next.session.restarts = 0;
            fact::read_end(next, n, text, "the turn ended");
        }
        (None, State::Starting, _) if more => {}
        (None, State::Starting, Some(before)) => {
            fact::come_back(next, before, "its terminal is there");
        }
        (None, State::Starting | State::Working, _) => {
            next.go(State::Idle, "", Source::Protocol, "it waits for what is entered");
        }
        (
            None,
            State::NeedsInput { .. }
            | State::Idle
            | State::Completed { .. }
            | State::Failed { .. }
            | State::Stopped,
            _,
        ) => {}
    }
    if more && next.session.is_alive() {
        next.effect(Effect::Deliver);
    }
}

pub(super) fn interrupted(next: &mut Next) {
    if let Work::Agent(agent) = &mut next.session.work {
        agent.interrupts = None;
    }
    if matches!(next.session.state, State::Working | State::NeedsInput { .. }) {
        next.go(State::Idle, "interrupted", Source::Protocol, "its interrupt keys were pressed");
    }
}
