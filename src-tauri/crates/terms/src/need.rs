//! What a session waits for: a permission or a question, its options, and answers to it.

use crate::id::NeedId;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    Permission,
    Question,
}

/// What choosing an option means. Permission options are chosen by kind, never by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum OptionKind {
    AllowOnce,
    AllowAlways,
    RejectOnce,
    RejectAlways,
    /// One of a question's choices.
    Choice,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct NeedOption {
    /// The agent's own option id or choice value.
    pub id: String,
    pub label: String,
    pub kind: OptionKind,
}

/// One open request for input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Need {
    pub id: NeedId,
    pub kind: NeedKind,
    /// The question as a person reads it: `Run: cargo test`, `Which colour?`.
    pub question: String,
    /// More to read before answering (a command, a path, a diff as text); may be empty.
    #[serde(default)]
    pub detail: String,
    pub options: Vec<NeedOption>,
    /// Whether free text is an answer too.
    pub free_text: bool,
    pub since: Millis,
    /// Bytes of the request that neither `question` nor `detail` shows. While there are any, nothing quick
    /// allows it: no digit, no button, no notification, no "always".
    #[serde(default)]
    pub unshown_bytes: u32,
    /// The answer that was given and is on its way to the agent.
    #[serde(default)]
    pub answered: Option<Answer>,
}

/// An answer as the user gives it, from window, peek or CLI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// The option with this id.
    Option { id: String },
    /// The first option that allows (once before always).
    Allow,
    /// The first option that rejects (once before always).
    Deny,
    /// Free text.
    Text { text: String },
}

/// Ids of questions that closed a turn begin so; no request of the agent is open for them.
pub const TURN_NEED_PREFIX: &str = "turn-";

impl Need {
    /// Its turn is over: no request of the agent waits for the answer.
    pub fn closed_a_turn(&self) -> bool {
        self.id.0.starts_with(TURN_NEED_PREFIX)
    }

    /// Turns an answer into one that names an option or is free text, or says why it cannot be.
    pub fn resolve(&self, answer: &Answer) -> Result<Answer, String> {
        let by_kind = |first: OptionKind, second: OptionKind, word: &str| {
            let find = |kind| self.options.iter().find(|o| o.kind == kind);
            find(first)
                .or_else(|| find(second))
                .map(|o| Answer::Option { id: o.id.clone() })
                .ok_or_else(|| format!("this {} cannot be answered with `{word}`", self.noun()))
        };
        match answer {
            Answer::Option { id } => {
                let known = self.options.iter().any(|o| &o.id == id);
                let no = || format!("this {} has no option `{id}`", self.noun());
                known.then(|| answer.clone()).ok_or_else(no)
            }
            Answer::Allow => by_kind(OptionKind::AllowOnce, OptionKind::AllowAlways, "allow"),
            Answer::Deny => by_kind(OptionKind::RejectOnce, OptionKind::RejectAlways, "deny"),
            Answer::Text { text } => self.resolve_text(text),
        }
    }

    fn resolve_text(&self, text: &str) -> Result<Answer, String> {
        let wanted = text.trim();
        if let Some(o) = self.options.iter().find(|o| o.label.eq_ignore_ascii_case(wanted)) {
            return Ok(Answer::Option { id: o.id.clone() });
        }
        if self.free_text && !wanted.is_empty() {
            return Ok(Answer::Text { text: text.to_owned() });
        }
        Err(format!("this {} takes one of its {} options", self.noun(), self.options.len()))
    }

    pub fn noun(&self) -> &'static str {
        match self.kind {
            NeedKind::Permission => "permission request",
            NeedKind::Question => "question",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission() -> Need {
        let option =
            |id: &str, label: &str, kind| NeedOption { id: id.into(), label: label.into(), kind };
        Need {
            id: NeedId("5".into()),
            kind: NeedKind::Permission,
            question: "Run: make".into(),
            detail: String::new(),
            options: vec![
                option("r", "No", OptionKind::RejectOnce),
                option("aa", "Always", OptionKind::AllowAlways),
                option("a", "Yes", OptionKind::AllowOnce),
            ],
            free_text: false,
            since: Millis(1),
            unshown_bytes: 0,
            answered: None,
        }
    }

    #[test]
    fn answers_resolve_by_kind_and_never_by_position() {
        let need = permission();
        for (answer, expected) in [
            (Answer::Allow, Some("a")),
            (Answer::Deny, Some("r")),
            (Answer::Text { text: " yes ".into() }, Some("a")),
            (Answer::Option { id: "aa".into() }, Some("aa")),
            (Answer::Option { id: "zz".into() }, None),
            (Answer::Text { text: "maybe".into() }, None),
        ] {
            let got = need.resolve(&answer).ok();
            let expected = expected.map(|id| Answer::Option { id: id.into() });
            assert_eq!(got, expected, "{answer:?}");
        }
    }
}
