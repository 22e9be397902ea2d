//! Answers that come too late: what is said to whoever gives one.
//!
//! Promise: an answer that reaches nobody is never taken, and its giver hears why.

use super::{Next, Refusal};
use crate::answering::Unmeant;
use crate::id::NeedId;
use crate::limits::NAME_MAX_CHARS;
use crate::naming::one_line;
use crate::session::State;

/// Why an answer goes to no request.
pub(super) fn unmeant(next: &Next, named: Option<&NeedId>, unmeant: Unmeant) -> Refusal {
    let session = next.session.id.as_str();
    match (unmeant, said(next, named)) {
        (Unmeant::Gone, Some(message)) => Refusal::new(message, &way_on(next)),
        (Unmeant::Gone, None) if !asks(next) => nothing_asked(next),
        _ => Refusal::new(unmeant.message(session), &unmeant.hint(session)),
    }
}

/// What became of the request that is meant.
fn said(next: &Next, named: Option<&NeedId>) -> Option<String> {
    let session = &next.session.id;
    match (next.session.past(named, next.at), named) {
        (Some(past), _) => Some(match &past.answer {
            Some(words) => {
                format!("the request of session {session} was already answered with `{words}`")
            }
            None => format!("the request of session {session} is gone: it was withdrawn"),
        }),
        (None, Some(id)) => {
            let id = one_line(&id.0, NAME_MAX_CHARS);
            Some(format!("session {session} has no request `{id}`: it is gone"))
        }
        (None, None) => None,
    }
}

/// It has asked nothing lately.
fn nothing_asked(next: &Next) -> Refusal {
    let (session, state) = (&next.session.id, next.session.state.word());
    Refusal::new(
        format!("session {session} is {state} and asks nothing"),
        &format!("send it words with `nightshift reply {session} \"…\"`"),
    )
}

fn way_on(next: &Next) -> String {
    let session = &next.session.id;
    match asks(next) {
        true => format!("see what it asks now with `nightshift logs {session}`"),
        false => format!("see what it does now with `nightshift logs {session}`"),
    }
}

fn asks(next: &Next) -> bool {
    matches!(next.session.state, State::NeedsInput { .. })
}
