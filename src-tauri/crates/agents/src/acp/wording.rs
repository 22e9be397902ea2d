//! The words of what an agent asks: the question of a form, what its options mean, labels that are long.
//!
//! Promise: nothing of them is dropped: what has no room in a question is read in the detail.
//! Must not know: how an answer is told to the agent.

use crate::acp::words::one_line;
use nightshift_model::naming;
use nightshift_model::visible::visible;
use nightshift_model::{Need, OptionKind};
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

/// The label, and in our words what it does where that is not what the label begins with.
pub fn said(label: &str, kind: OptionKind) -> String {
    const ALLOWS: [&str; 8] =
        ["allow", "yes", "approve", "accept", "ok", "proceed", "always", "run"];
    const REJECTS: [&str; 8] =
        ["no", "reject", "deny", "decline", "cancel", "never", "don't", "disallow"];
    let first = label.split(|c: char| !c.is_alphanumeric() && c != '\'').next().unwrap_or_default();
    let first = first.to_lowercase();
    let always = label.to_lowercase().contains("always") || label.contains("don't ask again");
    let words = match kind {
        OptionKind::AllowOnce if ALLOWS.contains(&first.as_str()) && !always => {
            return label.to_owned();
        }
        OptionKind::AllowAlways if ALLOWS.contains(&first.as_str()) && always => {
            return label.to_owned();
        }
        OptionKind::RejectOnce if REJECTS.contains(&first.as_str()) => return label.to_owned(),
        OptionKind::RejectAlways if REJECTS.contains(&first.as_str()) => return label.to_owned(),
        OptionKind::Choice => return label.to_owned(),
        OptionKind::AllowOnce => "allows",
        OptionKind::AllowAlways => "always allows",
        OptionKind::RejectOnce => "rejects",
        OptionKind::RejectAlways => "always rejects",
    };
    format!("{label} ({words})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_04_a_label_that_does_not_say_what_its_option_does_is_told_what_it_does() {
        for (label, kind, shown) in [
            ("Yes", OptionKind::AllowOnce, "Yes"),
            ("Allow for this session", OptionKind::AllowOnce, "Allow for this session"),
            ("Always Allow", OptionKind::AllowAlways, "Always Allow"),
            ("No, and tell it why", OptionKind::RejectOnce, "No, and tell it why"),
            ("No", OptionKind::AllowAlways, "No (always allows)"),
            ("Always", OptionKind::RejectOnce, "Always (rejects)"),
            ("Yes, always", OptionKind::AllowOnce, "Yes, always (allows)"),
            ("Yes", OptionKind::AllowAlways, "Yes (always allows)"),
            ("Red", OptionKind::Choice, "Red"),
        ] {
            assert_eq!(said(label, kind), shown, "{label}");
        }
    }
}
