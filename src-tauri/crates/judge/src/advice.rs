//! Conditions that no transcript can prove, pointed out when they are set, with a better wording.
//!
//! Rules first: they cost nothing. The evaluator second, where it is wanted.
//! Promise: advice only; nothing is refused.

use crate::answer::{Object, only, words};
use crate::call::Call;
use crate::evaluator::{Evaluator, Provider};
use crate::frame;
use crate::judging::{Understood, consult};
use crate::trouble::Trouble;
use crate::usage::Usage;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub problem: String,
    /// A condition of the same intent that can be shown.
    pub suggestion: String,
    /// None when rules said so.
    pub by: Option<Provider>,
    pub usage: Usage,
}

/// People, places and times that an agent's tools do not show.
const OUTSIDE: [&str; 22] = [
    "users are",
    "users will",
    "users like",
    "users love",
    "user is happy",
    "customers",
    "the team",
    "my boss",
    "everyone",
    "everybody",
    "nobody complains",
    "i am happy",
    "i'm happy",
    "i am satisfied",
    "i like",
    "i approve",
    "reviewers approve",
    "people",
    "in production for",
    "next week",
    "tomorrow",
    "goes viral",
];
/// Matters of taste, and of degree without a measure.
const TASTE: [&str; 33] = [
    "good",
    "nice",
    "nicer",
    "clean",
    "cleaner",
    "beautiful",
    "pretty",
    "better",
    "best",
    "great",
    "perfect",
    "elegant",
    "readable",
    "maintainable",
    "robust",
    "fast",
    "faster",
    "quick",
    "simple",
    "simpler",
    "intuitive",
    "user-friendly",
    "professional",
    "modern",
    "polished",
    "solid",
    "high-quality",
    "high quality",
    "production-ready",
    "production ready",
    "well-designed",
    "improved",
    "optimized",
];
/// Claims about everything, which no run of anything shows.
const ENDLESS: [&str; 9] = [
    "no bugs",
    "bug-free",
    "bug free",
    "never crash",
    "never fail",
    "all edge cases",
    "every edge case",
    "100% correct",
    "completely secure",
];
/// What a transcript can show, as words begin.
const OBSERVABLE: [&str; 39] = [
    "output",
    "prints",
    "printed",
    "exits",
    "exit code",
    "returns",
    "test",
    "lint",
    "build",
    "compile",
    "file",
    "exists",
    "contains",
    "command",
    "logs",
    "log file",
    "error",
    "warning",
    "coverage",
    "committed",
    "commits",
    "branch",
    "merged",
    "diff",
    "pull request",
    "pr ",
    "ci ",
    "response",
    "http",
    "endpoint",
    "shows",
    "listed",
    "number of",
    "version",
    "deleted",
    "renamed",
    "migrat",
    "readme",
    "passes",
];

/// What rules find; `has_check`: a command of the user's decides too.
pub fn advise(condition: &str, has_check: bool) -> Option<Advice> {
    let text = format!(" {} ", condition.to_lowercase());
    let measured = has_check
        || text.contains(['`', '"'])
        || text.contains(|c: char| c.is_ascii_digit())
        || OBSERVABLE.iter().any(|word| begins_a_word(&text, word));
    let found = |words: &[&'static str]| words.iter().copied().find(|word| stands_in(&text, word));
    let (problem, suggestion) = if let Some(word) = found(&OUTSIDE) {
        (
            format!(
                "\"{word}\" is about something the agent cannot look at, so no transcript shows it"
            ),
            "name what the agent can run or read instead, as in: the output of `npm test` shows 0 \
             failures and the changes are committed",
        )
    } else if let Some(word) = found(&ENDLESS) {
        (
            format!("\"{word}\" cannot be shown by any number of runs"),
            "name the runs that count, as in: `cargo test` exits with 0 and its output shows 0 failed, \
             with a test for each case in docs/cases.md",
        )
    } else if let (false, Some(word)) = (measured, found(&TASTE)) {
        (
            format!(
                "\"{word}\" is a matter of taste: two judges would differ, and so would two turns"
            ),
            "name a measure, as in: `npm run lint` reports 0 problems and no function is longer than \
             70 lines",
        )
    } else if !measured {
        (
            "nothing is named that a command's output or a file could show".to_owned(),
            "name it, as in: `make check` exits with 0, or: README.md has a section Install; or give a \
             command with --check",
        )
    } else {
        return None;
    };
    let suggestion = suggestion.to_owned();
    Some(Advice { problem, suggestion, by: None, usage: Usage::default() })
}

fn begins_a_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// Whole words only: "fast" is not in "breakfast".
fn stands_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-');
        is_edge(before) && is_edge(after)
    })
}

/// What the evaluator finds; none when it takes the condition for provable, or has only rules.
pub fn advise_by(
    evaluator: &Evaluator,
    condition: &str,
    call: &Call<'_>,
) -> Result<Option<Advice>, Trouble> {
    if evaluator.is_fixed() {
        return Ok(None);
    }
    let prompt = frame::advice(condition)?;
    let read =
        |text: &str| only(text, &["provable"], read_advice, |a, b| a.is_some() == b.is_some());
    let Understood { value, usage, .. } = consult(evaluator, &prompt, read, call)?;
    let by = Some(evaluator.provider());
    Ok(value.map(|(problem, suggestion)| Advice { problem, suggestion, by, usage }))
}

fn read_advice(object: &Object) -> Result<Option<(String, String)>, String> {
    match object.get("provable") {
        Some(Value::Bool(true)) => Ok(None),
        Some(Value::Bool(false)) => {
            Ok(Some((words(object, "problem")?, words(object, "suggestion")?)))
        }
        _ => Err("`provable` is neither true nor false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_transcript_proves_is_pointed_out() {
        for (condition, has_check, part) in [
            ("users are happy", false, Some("\"users are\"")),
            ("users are happy", true, Some("\"users are\"")),
            ("the code is clean", false, Some("taste")),
            ("the code is clean", true, None),
            ("the code is clean: `cargo clippy` has no warnings", false, None),
            ("there are no bugs in the parser", false, Some("any number of runs")),
            ("finish the work", false, Some("nothing is named")),
            ("the output of \"npm test\" shows 0 failures", false, None),
            ("all tests in test/auth pass and the lint step is clean", false, None),
            ("breakfast.md exists", false, None),
            ("contains:all done", false, None),
            ("make it faster", false, Some("\"faster\"")),
            ("improve the systems and/or programs", false, Some("nothing is named")),
            ("the login dialog is nicer", false, Some("\"nicer\"")),
            ("p99 below 50 ms, which is faster than before", false, None),
        ] {
            let advice = advise(condition, has_check);
            assert_eq!(advice.is_some(), part.is_some(), "{condition}: {advice:?}");
            if let (Some(advice), Some(part)) = (advice, part) {
                assert!(advice.problem.contains(part), "{condition}: {}", advice.problem);
                assert!(advise(&advice.suggestion, has_check).is_none(), "{}", advice.suggestion);
            }
        }
    }
}
