//! A doubtful end of a turn: does the agent need input, is it done, or has it failed?

use crate::answer::{Object, only, token, words};
use crate::call::Call;
use crate::clean::{clean, cut_front, line};
use crate::evaluator::{Evaluator, Provider};
use crate::fixed;
use crate::frame;
use crate::judging::{Understood, consult};
use crate::limits::{LAST_WORDS_MAX_BYTES, SAID_MAX_CHARS};
use crate::trouble::Trouble;
use crate::usage::Usage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    NeedsInput,
    Done,
    Failed,
}

/// How a doubtful end was settled, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub end: TurnEnd,
    /// The question, result or error in one line.
    pub line: String,
    pub provider: Provider,
    pub model: String,
    pub usage: Usage,
}

/// What makes words doubtful that end without a question mark.
const ASKING: [&str; 11] = [
    "let me know",
    "tell me",
    "please confirm",
    "please provide",
    "please choose",
    "waiting for",
    "if you want",
    "if you'd like",
    "would you like",
    "need you to",
    "need your",
];
const FAILING: [&str; 8] = [
    "could not",
    "couldn't",
    "unable to",
    "failed to",
    "cannot proceed",
    "can't proceed",
    "blocked",
    "gave up",
];
/// Closing questions of politeness, after work that is done.
const POLITE: [&str; 5] =
    ["anything else", "shall i also", "want me to also", "need anything", "else i can"];

/// Whether rules alone do not tell how a turn ended: worth one short call where an evaluator is set.
pub fn is_doubtful(last_words: &str) -> bool {
    let text = clean(cut_front(last_words.trim(), LAST_WORDS_MAX_BYTES)).to_lowercase();
    let last = text.rsplit("\n\n").next().unwrap_or_default();
    let has = |parts: &[&str]| parts.iter().any(|part| last.contains(part));
    if last.trim_end_matches(['*', '_', '"', '\'', ')', '`', ' ']).ends_with('?') {
        return has(&POLITE);
    }
    has(&ASKING) || has(&FAILING)
}

/// Settles it by one short call.
pub fn settle(
    evaluator: &Evaluator,
    last_words: &str,
    call: &Call<'_>,
) -> Result<Settled, Trouble> {
    let text = clean(cut_front(last_words.trim(), LAST_WORDS_MAX_BYTES));
    let (provider, model) = (evaluator.provider(), evaluator.model().to_owned());
    if evaluator.is_fixed() {
        let line = line(text.lines().next_back().unwrap_or_default(), SAID_MAX_CHARS);
        let usage = Usage { cost_usd_micros: Some(0), ..Usage::default() };
        return Ok(Settled { end: fixed::turn_end(&text), line, provider, model, usage });
    }
    let prompt = frame::turn_end(&text)?;
    let read = |text: &str| only(text, &["state"], read_end, |a, b| a.0 == b.0);
    let Understood { value: (end, line), usage, .. } = consult(evaluator, &prompt, read, call)?;
    Ok(Settled { end, line, provider, model, usage })
}

fn read_end(object: &Object) -> Result<(TurnEnd, String), String> {
    let state = object.get("state").map(token).unwrap_or_default();
    let end = match state.as_str() {
        "needs_input" => TurnEnd::NeedsInput,
        "done" => TurnEnd::Done,
        "failed" => TurnEnd::Failed,
        _ => return Err(format!("`{}` is no state", line(&state, SAID_MAX_CHARS))),
    };
    Ok((end, words(object, "line")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_where_words_could_mean_two_things() {
        for (text, doubtful) in [
            ("All 12 tests pass.", false),
            ("Which port shall I use?", false),
            ("Done, all tests pass. Anything else I can do?", true),
            ("I wrote both variants. Let me know which one you prefer.", true),
            ("I was unable to reach the server.", true),
            ("Let me know if it works.\n\nUpdated the docs.", false),
            ("", false),
        ] {
            assert_eq!(is_doubtful(text), doubtful, "{text}");
        }
    }
}
