//! The words of what an agent asks: the question of a form, what its options mean, labels that are long.
//!
//! Promise: nothing of them is dropped: what has no room in a question is read in the detail.
//! Must not know: how an answer is told to the agent.

use crate::acp::words::one_line;
use nightshift_model::Need;
use nightshift_model::naming;
use nightshift_model::visible::visible;
use nightshift_vendors::request_text::{self, Shown};
use serde_json::Value;

/// Longest question shown.
pub const QUESTION_MAX_BYTES: usize = 4 * 1024;

/// Labels that have no room on a button: what such an option does is read before it is chosen.
pub fn long_labels(options: &[Value]) -> String {
    let long = options.iter().filter_map(|raw| raw["name"].as_str()).filter_map(|name| {
        let whole = naming::one_line(name, usize::MAX);
        (whole != one_line(name)).then(|| format!("option: {whole}"))
    });
    long.collect::<Vec<_>>().join("\n")
}

/// What the options mean, where they say it.
pub fn descriptions(schema: &Value) -> String {
    let options = schema["oneOf"].as_array().or_else(|| schema["items"]["anyOf"].as_array());
    let line = |o: &Value| {
        let label = o["title"].as_str().or_else(|| o["const"].as_str())?;
        let more = o["description"].as_str().filter(|d| !d.is_empty())?;
        Some(naming::one_line(&format!("{label}: {more}"), usize::MAX))
    };
    let lines: Vec<String> = options.into_iter().flatten().filter_map(line).collect();
    lines.join("\n")
}

/// What a property of a form says for itself.
#[derive(Clone, Debug)]
pub enum Own {
    /// A question of its own.
    Question(String),
    /// A name for what is asked.
    Name(String),
}

impl Own {
    pub fn of(name: &str, schema: &Value) -> Own {
        match (schema["description"].as_str(), schema["title"].as_str()) {
            (Some(question), _) => Own::Question(question.to_owned()),
            (None, title) => Own::Name(title.unwrap_or(name).to_owned()),
        }
    }
}

/// The question of a need; `own` is given when the form asks for several things.
pub fn question(message: &str, own: Option<Own>) -> String {
    match own {
        None => message.to_owned(),
        Some(Own::Question(question)) => question,
        Some(Own::Name(name)) => format!("{message} — {name}"),
    }
}

/// `need` with this question; one that is too long for a question is read in the detail.
pub fn asking(need: Need, text: &str) -> Need {
    let text = text.trim();
    let whole = visible(text);
    let shown = match whole.len() <= QUESTION_MAX_BYTES {
        true => Shown { question: whole.into_owned(), ..Shown::default() }.and(&need.detail),
        false => request_text::plain(text, &need.detail),
    };
    Need { question: shown.question, detail: shown.detail, ..need }.missing(shown.unshown_bytes)
}
