//! A turn whose last words left open how it ended, settled by an evaluator.

use super::{Next, fact};
use crate::event::{Settled, TurnEnd};
use crate::evidence::Source;
use crate::naming::{last_paragraph, plain_words};
use crate::need::Need;
use crate::session::{Session, State};

/// Void once anything else has happened since turn `n`.
pub(super) fn settled(next: &mut Next, n: u32, settled: Settled) {
    if !is_open(&next.session, n) {
        return;
    }
    let Settled { by, end, line, text } = settled;
    let line = plain_words(&line);
    let (state, words) = match end {
        TurnEnd::Done => (State::Completed { result: text.clone() }, "a result"),
        TurnEnd::Failed => (State::failed(&line), "a failure"),
        TurnEnd::NeedsInput => {
            let need = fact::closing_question(n, last_paragraph(&text), next.at);
            (State::NeedsInput { needs: vec![need] }, "a question")
        }
    };
    let why = format!("{by} read its last words as {words}");
    if state.word() == next.session.state.word() {
        return next.note(Source::Supervisor, &why);
    }
    next.go(state, &line, Source::Supervisor, &why);
}

/// Whether the end of turn `n` is the last that happened.
fn is_open(session: &Session, n: u32) -> bool {
    let Some(agent) = session.agent() else { return false };
    let last = agent.prompts.is_empty() && agent.next_prompt == n + 1;
    let by_words = match &session.state {
        State::Completed { .. } => true,
        State::NeedsInput { needs } => needs.iter().all(Need::closed_a_turn),
        State::Starting | State::Working | State::Idle | State::Failed { .. } | State::Stopped => {
            false
        }
    };
    last && by_words && agent.standing.goal.is_none()
}
