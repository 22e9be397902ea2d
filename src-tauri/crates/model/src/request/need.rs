//! What a session waits for: a permission or a question, its options, and answers to it.

use crate::counted::{are, counted};
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

/// Typed, it allows once what is not shown whole.
pub const ALLOW_WORD: &str = "allow";

/// Ids of questions that closed a turn begin so; no request of the agent is open for them.
pub const TURN_NEED_PREFIX: &str = "turn-";

/// Ids of questions whether a repository is trusted begin so. Their session has no process: it
/// starts with the answer.
pub const TRUST_NEED_PREFIX: &str = "trust-";

impl Need {
    /// It is asked before the session starts.
    pub fn asks_for_trust(&self) -> bool {
        self.id.0.starts_with(TRUST_NEED_PREFIX)
    }

    /// Its turn is over: no request of the agent waits for the answer.
    pub fn closed_a_turn(&self) -> bool {
        self.id.0.starts_with(TURN_NEED_PREFIX)
    }

    /// All of the request can be read in it.
    pub fn is_whole(&self) -> bool {
        self.unshown_bytes == 0
    }

    /// Whether this option may be chosen by one key, one click or its number. What is not shown whole can
    /// be denied so, and allowed by nothing but the typed word.
    pub fn quick(&self, option: &NeedOption) -> bool {
        let denies = matches!(option.kind, OptionKind::RejectOnce | OptionKind::RejectAlways);
        self.is_whole() || denies
    }

    /// Counts what the request holds and does not show; "always" is not offered for what nobody can read.
    #[must_use]
    pub fn missing(mut self, unshown_bytes: u32) -> Need {
        self.unshown_bytes = unshown_bytes;
        let is_whole = self.is_whole();
        self.only_once(!is_whole)
    }

    /// Without "always", where `only`.
    #[must_use]
    pub fn only_once(mut self, only: bool) -> Need {
        if only {
            self.options.retain(|option| option.kind != OptionKind::AllowAlways);
        }
        self
    }

    /// Turns the user's answer into one that names an option or is free text, or says why it cannot be.
    pub fn resolve(&self, answer: &Answer) -> Result<Answer, String> {
        if let (false, NeedKind::Permission, Answer::Text { text }) =
            (self.is_whole(), self.kind, answer)
            && text.trim().eq_ignore_ascii_case(ALLOW_WORD)
        {
            return self.once();
        }
        let has = |kind| self.options.iter().any(|option| option.kind == kind);
        let only_for_good = !has(OptionKind::AllowOnce) && has(OptionKind::AllowAlways);
        if matches!(answer, Answer::Allow) && only_for_good && !self.asks_for_trust() {
            // The word is for this one time; a rule is chosen as such.
            return Err(format!(
                "this {} can only be allowed for good; choose that option by its number",
                self.noun()
            ));
        }
        let named = self.named(answer)?;
        let Answer::Option { id } = &named else { return Ok(named) };
        let option = self.options.iter().find(|option| option.id == *id);
        // The words of a choice were typed; a permission takes the one word.
        let typed = self.kind == NeedKind::Question && matches!(answer, Answer::Text { .. });
        if typed || option.is_some_and(|option| self.quick(option)) {
            return Ok(named);
        }
        let (noun, bytes) = (self.noun(), self.unshown_bytes);
        Err(match self.kind {
            _ if self.asks_for_trust() => self.trusted_elsewhere(),
            NeedKind::Permission => format!(
                "{} of this {noun} {} not shown; only the typed word `{ALLOW_WORD}` allows it",
                counted(bytes, "byte"),
                are(bytes)
            ),
            NeedKind::Question => format!(
                "{} of this {noun} {} not shown; only the typed words of a choice answer it",
                counted(bytes, "byte"),
                are(bytes)
            ),
        })
    }

    /// What is longer than a request is trusted where all of it is printed.
    fn trusted_elsewhere(&self) -> String {
        let bytes = self.unshown_bytes;
        format!(
            "{} of it {} not shown; only `nightshift trust add` trusts it",
            counted(bytes, "byte"),
            are(bytes)
        )
    }

    /// What the typed word chooses where not all is shown.
    fn once(&self) -> Result<Answer, String> {
        let once = self.options.iter().find(|option| option.kind == OptionKind::AllowOnce);
        let no = || match self.asks_for_trust() {
            true => self.trusted_elsewhere(),
            false => format!("this {} cannot be allowed once", self.noun()),
        };
        once.map(|option| Answer::Option { id: option.id.clone() }).ok_or_else(no)
    }

    /// What an answer names, whoever gives it and however. For answers that were taken before.
    pub fn named(&self, answer: &Answer) -> Result<Answer, String> {
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
    fn security_04_what_is_not_shown_whole_takes_no_quick_answer() {
        let need = Need { unshown_bytes: 7, ..permission() };
        let option = |id: &str| Answer::Option { id: id.into() };
        let text = |text: &str| Answer::Text { text: text.into() };
        for (answer, expected) in [
            (option("a"), None),
            (option("aa"), None),
            (Answer::Allow, None),
            (text("yes"), None),
            (text("Always"), None),
            (text(" Allow "), Some("a")),
            (option("r"), Some("r")),
            (Answer::Deny, Some("r")),
            (text("no"), Some("r")),
        ] {
            let got = need.resolve(&answer);
            assert_eq!(got.clone().ok(), expected.map(option), "{answer:?}");
            assert!(got.is_ok() || got.unwrap_err().contains("7 bytes"), "{answer:?}");
            let whole = Need { unshown_bytes: 0, ..need.clone() };
            let by_word = answer == text(" Allow ");
            assert!(whole.resolve(&answer).is_ok() || by_word, "{answer:?}");
        }
        let quick = |need: &Need| need.options.iter().filter(|option| need.quick(option)).count();
        assert_eq!((quick(&need), quick(&permission())), (1, 3));
        let unknown = NeedOption { id: "x".into(), label: "x".into(), kind: OptionKind::Choice };
        assert!(!need.quick(&unknown), "nobody knows what it does");
        let kinds = Vec::from_iter(permission().missing(7).options.into_iter().map(|o| o.kind));
        assert_eq!(kinds, [OptionKind::RejectOnce, OptionKind::AllowOnce]);
        assert_eq!(permission().missing(0), permission());
    }

    #[test]
    fn security_04_the_word_never_allows_for_good() {
        let mut need = permission().missing(1);
        need.options.retain(|option| option.kind != OptionKind::AllowOnce);
        assert!(need.resolve(&Answer::Text { text: "allow".into() }).is_err());
        let mut whole = permission();
        whole.options.retain(|option| option.kind != OptionKind::AllowOnce);
        assert!(whole.resolve(&Answer::Allow).unwrap_err().contains("for good"));
        let chosen = Answer::Option { id: "aa".into() };
        assert_eq!(whole.resolve(&chosen), Ok(chosen.clone()), "by its number");
    }

    #[test]
    fn security_04_a_question_that_is_cut_takes_typed_words() {
        let choice = NeedOption { id: "c".into(), label: "Red".into(), kind: OptionKind::Choice };
        let need = Need {
            kind: NeedKind::Question,
            options: vec![choice],
            unshown_bytes: 1,
            ..permission()
        };
        let by_id = Answer::Option { id: "c".into() };
        assert!(need.resolve(&by_id).is_err());
        assert_eq!(need.resolve(&Answer::Text { text: "red".into() }), Ok(by_id));
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
