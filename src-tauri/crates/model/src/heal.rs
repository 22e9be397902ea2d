//! Sessions that were stored before what an agent may send was bounded: what no reader would take today
//! is taken out of them.
//!
//! Promise: pure; a session within bounds is left as it is; what was taken out is told.

use crate::limits::RESULT_MAX_CHARS;
use crate::naming::row_line;
use crate::need::Need;
use crate::session::{PromptState, Session, State, Work};

/// Longest id or value that a reader of an agent takes today, and then some: forms use whole labels.
const WORD_MAX_BYTES: usize = 4 * 1024;
/// Longest open request in all.
const NEED_MAX_BYTES: usize = 256 * 1024;

/// The session without what is too large, and what that was; none when nothing was.
pub fn healed(session: &Session) -> Option<(Session, String)> {
    let mut healed = session.clone();
    let mut lost = Vec::new();
    if let Work::Agent(agent) = &mut healed.work {
        if agent.agent_session_id.as_ref().is_some_and(|id| id.len() > WORD_MAX_BYTES) {
            agent.agent_session_id = None;
            lost.push("its agent's own session id");
        }
        let answers = agent.answers.len();
        agent.answers.retain(fits);
        if agent.answers.len() < answers {
            lost.push("an answer that is on its way");
        }
        let long = |text: &String| text.len() > WORD_MAX_BYTES;
        if agent.usage.as_ref().and_then(|u| u.cost.as_ref()).is_some_and(|c| long(&c.currency)) {
            agent.usage = None;
            lost.push("what it has used");
        }
        let taken = agent.choices.taken.len();
        agent.choices.taken.retain(|option, value| !long(option) && !long(value));
        if agent.choices.taken.len() < taken {
            lost.push("an option");
        }
    }
    let works = session
        .agent()
        .is_some_and(|agent| agent.prompts.iter().any(|prompt| prompt.state == PromptState::Sent));
    if heal_state(&mut healed.state, works) {
        lost.push("what it asked or said last");
    }
    if let Some(before) = &mut healed.renewing
        && heal_state(&mut before.state, works)
    {
        lost.push("what it was before");
    }
    if healed.line.len() > WORD_MAX_BYTES {
        healed.line = row_line(&healed.line);
        lost.push("its line");
    }
    let text = format!("too large to keep and left out: {}", lost.join(", "));
    (!lost.is_empty()).then_some((healed, text))
}

/// Whether anything had to go.
fn heal_state(state: &mut State, works: bool) -> bool {
    // As long as the state machine makes them, with its mark of what is left out.
    let chars = |text: &mut String| {
        let long = text.chars().nth(RESULT_MAX_CHARS + 1).is_some();
        if let Some((at, _)) = text.char_indices().nth(RESULT_MAX_CHARS).filter(|_| long) {
            text.truncate(at);
            text.push('…');
        }
        long
    };
    match state {
        State::NeedsInput { needs } => {
            let before = needs.len();
            needs.retain(fits);
            let lost = needs.len() < before;
            if needs.is_empty() && lost {
                // The agent still waits: it is told that its request was not taken.
                *state = if works { State::Working } else { State::Idle };
            }
            lost
        }
        State::Completed { result } => chars(result),
        State::Failed { error, .. } => chars(error),
        State::Starting | State::Working | State::Idle | State::Stopped => false,
    }
}

fn fits(need: &Need) -> bool {
    let words = need.options.iter().flat_map(|option| [&option.id, &option.label]);
    let longest = words.clone().map(String::len).max().unwrap_or(0).max(need.id.0.len());
    let all = words.map(String::len).sum::<usize>() + need.question.len() + need.detail.len();
    longest <= WORD_MAX_BYTES && all <= NEED_MAX_BYTES
}
