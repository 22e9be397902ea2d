//! The judge that needs no model: rules in the condition, applied to what the agent and its tools said.
//!
//! `contains:<words>` is met when they stand there, `impossible:<words>` is impossible when they do;
//! several are divided by `;` or line ends, and all must hold. Words may stand in double quotes. What
//! users, prompts and checks say does not count, and neither does what agent or tools repeat of it: the condition
//! itself, or the last verdict, would else be its own proof.
//!
//! Promise: pure; no verdict that does not come from the transcript.

use crate::clean::clean;
use crate::question::{Entry, Kind, Question};
use crate::turn_end::TurnEnd;
use crate::verdict::{Ruling, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule<'a> {
    Contains(&'a str),
    Impossible(&'a str),
}

const SENTENCE_ENDS: [char; 5] = ['.', ';', '!', '?', ','];
/// Around words that are told by themselves ("say: all is well."): whoever then says them has said them.
const NO_WORDS: [char; 10] = ['.', ';', '!', '?', ',', ':', '"', '\'', '`', ' '];
/// In place of what was only repeated: nothing is made of what stood on both sides of it.
const GAP: &str = "\u{0}";
/// Where a bound begins that was written after the rule.
const BOUND: &str = ", or stop";

fn rules(condition: &str) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    for part in condition.split(['\n', ';']) {
        let part = part.trim();
        let found = [("contains:", true), ("impossible:", false)].into_iter().find_map(
            |(name, contains)| {
                let head = part.get(..name.len())?;
                head.eq_ignore_ascii_case(name).then(|| (&part[name.len()..], contains))
            },
        );
        let Some((words, contains)) = found else { continue };
        let words = words.split(BOUND).next().unwrap_or(words).trim().trim_matches('"').trim();
        if !words.is_empty() {
            rules.push(if contains { Rule::Contains(words) } else { Rule::Impossible(words) });
        }
    }
    rules
}

pub(crate) fn judge(question: &Question) -> Verdict {
    let rules = rules(&question.condition);
    let missing = rules.iter().find_map(|rule| match rule {
        Rule::Contains(words) if find(question, words).is_none() => Some(*words),
        Rule::Contains(_) | Rule::Impossible(_) => None,
    });
    let dead = rules.iter().find_map(|rule| match rule {
        Rule::Impossible(words) => Some((*words, find(question, words)?)),
        Rule::Contains(_) => None,
    });
    let wanted = rules.iter().rev().find_map(|rule| match rule {
        Rule::Contains(words) => Some((*words, find(question, words)?)),
        Rule::Impossible(_) => None,
    });
    match (missing, dead, wanted) {
        // What is shown to hold is not impossible.
        (None, _, Some((words, at))) => {
            Verdict::new(Ruling::Met, format!("\"{words}\" stands in entry {at}"))
        }
        (_, Some((words, at)), _) => {
            Verdict::new(Ruling::Impossible, format!("\"{words}\" stands in entry {at}"))
        }
        (Some(words), None, _) => Verdict::new(
            Ruling::NotYet,
            format!(
                "\"{words}\" was looked for in what the agent and its tools said, and not found"
            ),
        ),
        (None, None, None) => Verdict::new(
            Ruling::NotYet,
            "no rule was found to judge by: the fixed evaluator knows only `contains:<words>` and \
             `impossible:<words>`",
        ),
    }
}

/// The last entry, counted from 1, in which the agent or a tool says it by itself; spaces and case do not count.
fn find(question: &Question, words: &str) -> Option<usize> {
    let words = plain(words);
    let told = told(question, &words);
    let from = question.evidence_from.min(question.transcript.len());
    let says = |entry: &Entry| match entry.kind {
        Kind::Words | Kind::ToolResult => says(&entry.text, &words, &told),
        Kind::User | Kind::Supervisor | Kind::ToolCall => false,
    };
    question.transcript[from..].iter().rposition(says).map(|at| from + at + 1)
}

/// What the agent was told that holds the words and more: the condition, lines of prompts and of verdicts, and their
/// sentences. Longest first.
fn told(question: &Question, words: &str) -> Vec<String> {
    let prompts = question.transcript.iter().filter(|entry| match entry.kind {
        Kind::User | Kind::Supervisor => true,
        Kind::Words | Kind::ToolResult | Kind::ToolCall => false,
    });
    let texts = prompts.map(|entry| entry.text.as_str()).chain([question.condition.as_str()]);
    let lines = texts.flat_map(str::lines);
    let parts =
        lines.flat_map(|line| [line].into_iter().chain(line.split_inclusive(SENTENCE_ENDS)));
    let mut told: Vec<String> = parts
        .map(plain)
        .filter(|part| part.contains(words) && part.trim_matches(NO_WORDS) != words)
        .collect();
    told.sort_by_key(|part| std::cmp::Reverse(part.len()));
    told.dedup();
    told
}

fn says(text: &str, words: &str, told: &[String]) -> bool {
    let mut text = plain(text);
    if text.contains(words) {
        for part in told {
            text = text.replace(part.as_str(), GAP);
        }
    }
    text.contains(words)
}

fn plain(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What the last words of a turn mean, by their form alone.
pub(crate) fn turn_end(last_words: &str) -> TurnEnd {
    let words = plain(last_words);
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if words.ends_with('?') || has(&["need you to", "please provide", "waiting for your"]) {
        TurnEnd::NeedsInput
    } else if has(&["failed", "could not", "couldn't", "was unable", "i am unable", "gave up"]) {
        TurnEnd::Failed
    } else {
        TurnEnd::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(condition: &str, transcript: &[(Kind, &str)]) -> Verdict {
        let transcript = transcript.iter().map(|(kind, text)| Entry::new(*kind, *text)).collect();
        judge(&Question { condition: condition.into(), transcript, ..Question::default() })
    }

    #[test]
    fn rules_read_what_agent_and_tools_said() {
        let done = (Kind::ToolResult, "ran 3 tests\n0   Failures");
        for (condition, transcript, expected) in [
            ("contains:0 failures", vec![done], Ruling::Met),
            ("Contains: \"0 failures\", or stop after 20 turns", vec![done], Ruling::Met),
            ("contains:0 failures", vec![(Kind::Words, "0 failures")], Ruling::Met),
            ("contains:0 failures", vec![(Kind::User, "contains:0 failures")], Ruling::NotYet),
            ("contains:0 failures", vec![(Kind::Supervisor, "0 failures")], Ruling::NotYet),
            ("contains:0 failures", vec![(Kind::ToolCall, "echo 0 failures")], Ruling::NotYet),
            ("contains:0 failures", vec![], Ruling::NotYet),
            ("contains:a; contains:b", vec![(Kind::Words, "a")], Ruling::NotYet),
            ("contains:a; contains:b", vec![(Kind::Words, "a b")], Ruling::Met),
            ("contains:a\nimpossible:no host", vec![(Kind::Words, "no host")], Ruling::Impossible),
            ("contains:a\nimpossible:x", vec![(Kind::Words, "a x")], Ruling::Met),
            ("all is well", vec![(Kind::Words, "all is well, verdict: met")], Ruling::NotYet),
        ] {
            let verdict = ruling(condition, &transcript);
            assert_eq!(verdict.ruling, expected, "{condition} {transcript:?}: {}", verdict.reason);
        }
        let told = "Run the tests.\nSay all is well when they pass.";
        let verdict =
            "\"all is well\" was looked for in what the agent and its tools said, and not found";
        for (said, expected) in [
            ("all is well", Ruling::Met),
            ("Say all is well when they pass.", Ruling::NotYet),
            ("You asked: say ALL is well   when they pass. I will.", Ruling::NotYet),
            ("Say all is well when they pass. They do: all is well.", Ruling::Met),
            (verdict, Ruling::NotYet),
            ("I was told: contains:all is well", Ruling::NotYet),
        ] {
            for kind in [Kind::Words, Kind::ToolResult] {
                let talk = [(Kind::Supervisor, told), (Kind::Supervisor, verdict), (kind, said)];
                let verdict = ruling("contains:all is well", &talk);
                assert_eq!(verdict.ruling, expected, "{said}: {}", verdict.reason);
            }
        }
        let reason = ruling("contains:0 failures", &[]).reason;
        assert!(reason.contains("\"0 failures\" was looked for"), "{reason}");
    }

    #[test]
    fn what_was_said_before_the_last_prompt_is_no_evidence_where_that_is_asked() {
        let talk = [(Kind::Words, "all is well"), (Kind::User, "go on"), (Kind::Words, "done")];
        let transcript: Vec<Entry> =
            talk.iter().map(|(kind, text)| Entry::new(*kind, *text)).collect();
        for (evidence_from, expected) in
            [(0, Ruling::Met), (2, Ruling::NotYet), (9, Ruling::NotYet)]
        {
            let condition = "contains:all is well".to_owned();
            let transcript = transcript.clone();
            let question = Question { condition, transcript, evidence_from, ..Question::default() };
            assert_eq!(judge(&question).ruling, expected, "{evidence_from}");
        }
    }
}
