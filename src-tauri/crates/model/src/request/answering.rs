//! Which open request an answer means, and whether its giver can have read it.
//!
//! Promise: one rule for window, command line, notifications and replies. An answer goes to the request
//! that was on the screen when the key went down, or to none.
//! Must not know: what an answer leads to, clocks, sessions.

use crate::id::NeedId;
use crate::need::Need;
use crate::time::Millis;

/// A request has to be on a screen for so long before anything answers it. A double press is over within
/// 300 ms and nobody has read a request before that; browsers wait as long before they take a permission.
pub const ANSWER_AFTER_MS: u64 = 500;

/// Why an answer goes to no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmeant {
    /// The request that it names is not open any more, or none is.
    Gone,
    /// It names none, and so many are open.
    Several(usize),
    /// The request came up less than `ANSWER_AFTER_MS` before.
    TooNew,
}

/// The place in `needs` of the request that an answer means. `named` is the request that its giver saw and
/// `shown_ms` for how long it had been on the screen when the key went down. An answer that names none is
/// taken only where there is nothing to mistake: one request is open, and it is not new.
pub fn meant(
    needs: &[Need],
    named: Option<&NeedId>,
    shown_ms: Option<u64>,
    at: Millis,
) -> Result<usize, Unmeant> {
    let Some(named) = named else {
        let mut open = needs.iter().enumerate().filter(|(_, need)| need.answered.is_none());
        return match (open.next(), open.count()) {
            (None, _) => Err(Unmeant::Gone),
            (Some((index, need)), 0) if is_old(need, at) => seen_for(shown_ms).map(|()| index),
            (Some(_), 0) => Err(Unmeant::TooNew),
            (Some(_), more) => Err(Unmeant::Several(1 + more)),
        };
    };
    let index = needs.iter().position(|need| need.id == *named).ok_or(Unmeant::Gone)?;
    seen_for(shown_ms).map(|()| index)
}

fn seen_for(shown_ms: Option<u64>) -> Result<(), Unmeant> {
    match shown_ms {
        Some(shown) if shown < ANSWER_AFTER_MS => Err(Unmeant::TooNew),
        Some(_) | None => Ok(()),
    }
}

/// Asked long enough ago, by a clock that may have been set back since.
fn is_old(need: &Need, at: Millis) -> bool {
    at.0.abs_diff(need.since.0) >= ANSWER_AFTER_MS
}

impl Unmeant {
    /// What a session that asks says to such an answer.
    pub fn message(self, session: &str) -> String {
        match self {
            Unmeant::Gone => {
                format!("session {session} no longer asks this; it was answered or withdrawn")
            }
            Unmeant::Several(count) => {
                format!(
                    "session {session} asks {count} things; the answer does not say which it means"
                )
            }
            Unmeant::TooNew => {
                format!("the request of session {session} came up just now; nothing was answered")
            }
        }
    }

    pub fn hint(self, session: &str) -> String {
        match self {
            Unmeant::Gone => {
                format!("see what it asks now with `nightshift agents --json` or peek at {session}")
            }
            Unmeant::Several(_) | Unmeant::TooNew => format!(
                "look at what it asks with `nightshift agents --json`, then name that: `nightshift answer \
                 {session} --request <pending.id> …`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::need::{Answer, NeedKind};

    fn need(id: &str, since: u64) -> Need {
        Need {
            id: NeedId(id.into()),
            kind: NeedKind::Permission,
            question: "Run: make".into(),
            detail: String::new(),
            options: Vec::new(),
            free_text: true,
            since: Millis(since),
            unshown_bytes: 0,
            answered: None,
        }
    }

    #[test]
    fn failures_39_an_answer_goes_to_the_request_it_was_given_to_or_to_none() {
        let (a, b) = (need("a", 1_000), need("b", 1_200));
        let on_its_way = Need { answered: Some(Answer::Allow), ..need("w", 900) };
        let one = std::slice::from_ref(&a);
        let two = [a.clone(), b.clone()];
        let second = [on_its_way, b];
        let named = |id: &str| Some(NeedId(id.into()));
        for (needs, id, shown, at, expected) in [
            // Named, by somebody who says how long it was seen, or by an old client.
            (one, named("a"), Some(500), 1_500, Ok(0)),
            (one, named("a"), Some(499), 9_000, Err(Unmeant::TooNew)),
            (one, named("a"), Some(0), 9_000, Err(Unmeant::TooNew)),
            (one, named("a"), None, 1_001, Ok(0)),
            (one, named("b"), Some(9_000), 9_000, Err(Unmeant::Gone)),
            (&two, named("b"), Some(600), 1_800, Ok(1)),
            // Not named.
            (one, None, None, 1_500, Ok(0)),
            (one, None, None, 1_499, Err(Unmeant::TooNew)),
            (one, None, None, 1_000, Err(Unmeant::TooNew)),
            (one, None, Some(100), 9_000, Err(Unmeant::TooNew)),
            (&two, None, None, 9_000, Err(Unmeant::Several(2))),
            (&second, None, None, 9_000, Ok(1)),
            (&[], None, None, 9_000, Err(Unmeant::Gone)),
            (&[], named("a"), Some(900), 9_000, Err(Unmeant::Gone)),
            // The clock was set back by more than the wait, and by a moment.
            (one, None, None, 400, Ok(0)),
            (one, None, None, 800, Err(Unmeant::TooNew)),
        ] {
            let got = meant(needs, id.as_ref(), shown, Millis(at));
            assert_eq!(got, expected, "{id:?}, shown {shown:?}, at {at}");
        }
    }
}
