//! The rehearsal agent's language: one step a line.
//!
//! Promise: pure; every line reads as a step, a malformed one as words that say how it is written.
//! Must not know: how steps are performed.

use serde_json::{Map, Value};

/// Longest wait; a longer one is a slip of the finger.
const WAIT_MAX_SECONDS: f64 = 24.0 * 3600.0;

/// Every step as it is written, with what it does.
pub const STEPS: [(&str, &str); 9] = [
    ("say <text>", "streams text"),
    ("run <command>", "runs a command, after asking"),
    ("write <path> <text>", "writes a file (\\n begins a new line)"),
    ("ask <question> | <option> | <option>", "waits for a choice"),
    ("open <address> <words>", "has the user open a page"),
    ("wait <seconds>", "waits"),
    ("tool <name> <json>", "calls a tool of the session's MCP servers"),
    ("fail <reason>", "ends the turn with an error"),
    ("done <result>", "ends the turn with a result"),
];

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Say(String),
    Run(String),
    Write {
        path: String,
        text: String,
    },
    Ask {
        question: String,
        options: Vec<String>,
    },
    Open {
        url: String,
        words: String,
    },
    Wait {
        seconds: f64,
    },
    Tool {
        name: String,
        arguments: Map<String, Value>,
    },
    Fail(String),
    Done(String),
    Help,
    /// A step that is not written as it should be: how it is.
    Malformed(String),
    /// Words that are no step.
    Other(String),
}

/// The steps of a prompt; empty lines are passed over.
pub fn parse(prompt: &str) -> Vec<Step> {
    prompt.lines().map(str::trim).filter(|line| !line.is_empty()).map(step).collect()
}

fn step(line: &str) -> Step {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let parsed = match word {
        "say" => some_text(rest).map(Step::Say),
        "run" => some_text(rest).map(Step::Run),
        "write" => write(rest),
        "ask" => ask(rest),
        "open" => open(rest),
        "wait" => wait(rest),
        "tool" => tool(rest),
        "fail" => some_text(rest).map(Step::Fail),
        "done" => some_text(rest).map(Step::Done),
        "help" if rest.is_empty() => Some(Step::Help),
        _ => return Step::Other(line.to_owned()),
    };
    parsed.unwrap_or_else(|| malformed(word, line))
}

fn malformed(word: &str, line: &str) -> Step {
    let is_step = |(form, _): &&(&str, &str)| form.split(' ').next() == Some(word);
    match STEPS.iter().find(is_step) {
        Some((form, _)) => Step::Malformed(format!("A `{word}` step is written `{form}`.")),
        None => Step::Other(line.to_owned()),
    }
}

fn some_text(rest: &str) -> Option<String> {
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn write(rest: &str) -> Option<Step> {
    let (path, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let text = text.trim_start().replace("\\n", "\n");
    (!path.is_empty()).then(|| Step::Write { path: path.to_owned(), text })
}

fn ask(rest: &str) -> Option<Step> {
    let mut parts = rest.split('|').map(str::trim);
    let question = some_text(parts.next()?)?;
    let options = parts.filter(|o| !o.is_empty()).map(str::to_owned).collect();
    Some(Step::Ask { question, options })
}

fn open(rest: &str) -> Option<Step> {
    let (url, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    // Words that begin like this step are hardly ever one.
    let is_address = url.contains("://");
    is_address.then(|| Step::Open { url: url.to_owned(), words: words.trim().to_owned() })
}

fn wait(rest: &str) -> Option<Step> {
    let seconds: f64 = rest.trim_end_matches('s').parse().ok()?;
    (0.0..=WAIT_MAX_SECONDS).contains(&seconds).then_some(Step::Wait { seconds })
}

fn tool(rest: &str) -> Option<Step> {
    let (name, json) = rest.split_once(char::is_whitespace).unwrap_or((rest, "{}"));
    let Ok(Value::Object(arguments)) = serde_json::from_str(json) else { return None };
    (!name.is_empty()).then(|| Step::Tool { name: name.to_owned(), arguments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_read_as_steps() {
        let written = |path: &str, text: &str| Step::Write { path: path.into(), text: text.into() };
        let arguments = json!({"a": 1}).as_object().cloned().unwrap();
        let cases = [
            ("say hello  world", Step::Say("hello  world".into())),
            ("  run cargo test ", Step::Run("cargo test".into())),
            ("write a.txt one\\ntwo", written("a.txt", "one\ntwo")),
            ("write a.txt", written("a.txt", "")),
            (
                "ask Which? | Red | Blue",
                Step::Ask { question: "Which?".into(), options: vec!["Red".into(), "Blue".into()] },
            ),
            ("ask Name?", Step::Ask { question: "Name?".into(), options: vec![] }),
            (
                "open https://a.b/c sign in there",
                Step::Open { url: "https://a.b/c".into(), words: "sign in there".into() },
            ),
            ("wait 0.5", Step::Wait { seconds: 0.5 }),
            ("tool t {\"a\":1}", Step::Tool { name: "t".into(), arguments }),
            ("fail no", Step::Fail("no".into())),
            ("done ok", Step::Done("ok".into())),
            ("wait soon", Step::Malformed("A `wait` step is written `wait <seconds>`.".into())),
            ("wait -1", Step::Malformed("A `wait` step is written `wait <seconds>`.".into())),
            ("say", Step::Malformed("A `say` step is written `say <text>`.".into())),
            (
                "tool t [1]",
                Step::Malformed("A `tool` step is written `tool <name> <json>`.".into()),
            ),
            ("fix the bug", Step::Other("fix the bug".into())),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line), [expected], "{line}");
        }
        assert_eq!(parse("\n \n"), []);
    }
}
