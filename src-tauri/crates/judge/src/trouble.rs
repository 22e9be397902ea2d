//! Why there is no verdict, told apart by what it asks of somebody.
//!
//! Sources: the public error references of the Anthropic and OpenAI interfaces, Ollama's answers, and
//! what agents' programs print.

use crate::clean::line;
use crate::limits::SAID_MAX_CHARS;
use crate::usage::Usage;
use nightshift_model::Millis;
use serde_json::Value;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Nobody is set up to judge, or the settings cannot be meant so.
    NotConfigured,
    /// The agent's program is not installed.
    ProgramMissing,
    SignIn,
    Credit,
    /// The allowance is used up for now.
    Limit,
    /// The servers take no more for the moment, or have a fault of their own.
    Overloaded,
    /// The question is longer than the model takes, even when shortened.
    ContextOverflow,
    ModelMissing,
    Network,
    Timeout,
    /// Refused for a reason of another kind, which the message says.
    Refused,
    /// Twice answered with something other than a verdict.
    NotUnderstood,
    CalledOff,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// When it ends by itself, where somebody said so.
    pub resets: Option<Millis>,
    /// What was spent until then.
    pub usage: Usage,
}

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint.as_str() {
            "" => write!(f, "{}", self.message),
            hint => write!(f, "{}; {hint}", self.message),
        }
    }
}

impl Trouble {
    pub(crate) fn new(kind: TroubleKind, message: impl AsRef<str>) -> Trouble {
        let message = line(message.as_ref(), SAID_MAX_CHARS);
        let hint = kind.hint().to_owned();
        Trouble { kind, message, hint, resets: None, usage: Usage::default() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Trouble {
        self.hint = hint.into();
        self
    }

    pub(crate) fn resets(mut self, resets: Option<Millis>) -> Trouble {
        self.resets = resets;
        self
    }

    /// Nothing will change unless somebody does something: a goal is cleared.
    pub fn clears_goal(&self) -> bool {
        match self.kind {
            TroubleKind::NotConfigured
            | TroubleKind::ProgramMissing
            | TroubleKind::SignIn
            | TroubleKind::Credit
            | TroubleKind::ContextOverflow
            | TroubleKind::ModelMissing => true,
            TroubleKind::Limit
            | TroubleKind::Overloaded
            | TroubleKind::Network
            | TroubleKind::Timeout
            | TroubleKind::Refused
            | TroubleKind::NotUnderstood
            | TroubleKind::CalledOff => false,
        }
    }

    /// It may be over by itself: worth asking again later.
    pub fn passes(&self) -> bool {
        matches!(
            self.kind,
            TroubleKind::Limit
                | TroubleKind::Overloaded
                | TroubleKind::Network
                | TroubleKind::Timeout
        )
    }
}

impl TroubleKind {
    /// As people read it, in front of a message.
    pub fn title(self) -> &'static str {
        match self {
            TroubleKind::NotConfigured => "no evaluator",
            TroubleKind::ProgramMissing => "evaluator not installed",
            TroubleKind::SignIn => "evaluator not signed in",
            TroubleKind::Credit => "evaluator without credit",
            TroubleKind::Limit => "evaluator's usage limit",
            TroubleKind::Overloaded => "evaluator overloaded",
            TroubleKind::ContextOverflow => "too long for the evaluator",
            TroubleKind::ModelMissing => "evaluator's model missing",
            TroubleKind::Network => "evaluator not reached",
            TroubleKind::Timeout => "evaluator too slow",
            TroubleKind::Refused => "evaluator refused",
            TroubleKind::NotUnderstood => "evaluator not understood",
            TroubleKind::CalledOff => "called off",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            TroubleKind::NotConfigured | TroubleKind::ProgramMissing => {
                "set `provider` in the settings' table [judge]"
            }
            TroubleKind::SignIn => "sign in, or give a valid key in the environment or the keyring",
            TroubleKind::Credit => "add credit, or choose another provider in [judge]",
            TroubleKind::Limit | TroubleKind::Overloaded => "it is asked again later",
            TroubleKind::ContextOverflow => "set `window_tokens` in [judge] lower",
            TroubleKind::ModelMissing => "set `model` in [judge]",
            TroubleKind::Network => "see whether `base_url` in [judge] and the network are right",
            TroubleKind::Timeout | TroubleKind::Refused | TroubleKind::CalledOff => "",
            TroubleKind::NotUnderstood => "set another `model` in [judge]",
        }
    }
}

/// What a server's refusal says about itself.
#[derive(Debug, Default)]
pub(crate) struct Said {
    kind: String,
    pub message: String,
}

impl Said {
    /// Of the shapes that servers use: an object `error`, a string `error`, or a bare message.
    pub fn of(body: &Value, text: &str) -> Said {
        let error = &body["error"];
        let words = |value: &Value| value.as_str().map(str::to_owned);
        let kinds = [&error["type"], &error["code"], &body["code"]];
        let kind = kinds.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
        let message = words(&error["message"])
            .or_else(|| words(error))
            .or_else(|| words(&body["message"]))
            .or_else(|| words(&body["detail"]))
            .unwrap_or_else(|| text.to_owned());
        Said { kind, message }
    }
}

/// The trouble that a status and its words mean.
pub(crate) fn of_status(status: u16, said: &Said, resets: Option<Millis>) -> Trouble {
    let words = format!("{} {}", said.kind, said.message).to_lowercase();
    let kind = match status {
        _ if is_credit(&words) => TroubleKind::Credit,
        402 => TroubleKind::Credit,
        401 | 403 => TroubleKind::SignIn,
        413 => TroubleKind::ContextOverflow,
        400..=422 if is_overflow(&words) => TroubleKind::ContextOverflow,
        400..=422 if is_missing_model(&words) => TroubleKind::ModelMissing,
        429 => TroubleKind::Limit,
        300..=399 | 404 | 405 => TroubleKind::NotConfigured,
        408 | 500.. => TroubleKind::Overloaded,
        _ => TroubleKind::Refused,
    };
    let message = match said.message.trim() {
        "" => format!("the evaluator's server answered with status {status}"),
        said => format!("the evaluator's server answered with status {status}: {said}"),
    };
    let trouble = Trouble::new(kind, message).resets(resets);
    if kind == TroubleKind::NotConfigured {
        return trouble.hint("see whether `base_url` in [judge] is right");
    }
    trouble
}

/// The trouble in what a program printed, where it is one of those we know.
pub(crate) fn of_words(words: &str) -> Option<TroubleKind> {
    let words = words.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if is_credit(&words) {
        Some(TroubleKind::Credit)
    } else if is_overflow(&words) {
        Some(TroubleKind::ContextOverflow)
    } else if has(&SIGN_IN) {
        Some(TroubleKind::SignIn)
    } else if is_missing_model(&words) {
        Some(TroubleKind::ModelMissing)
    } else if has(&LIMIT) {
        Some(TroubleKind::Limit)
    } else if has(&OVERLOADED) {
        Some(TroubleKind::Overloaded)
    } else if has(&NETWORK) {
        Some(TroubleKind::Network)
    } else {
        None
    }
}

const SIGN_IN: [&str; 10] = [
    "auth method",
    "invalid api key",
    "invalid x-api-key",
    "incorrect api key",
    "/login",
    "not logged in",
    "unauthorized",
    "authentication",
    "please set an auth method",
    "api key not valid",
];
const LIMIT: [&str; 7] = [
    "usage limit",
    "rate limit",
    "rate_limit",
    "hit your limit",
    "quota",
    "too many requests",
    "would exceed your account",
];
const OVERLOADED: [&str; 5] = ["overloaded", "at capacity", "529", "503", "internal server error"];
const NETWORK: [&str; 8] = [
    "connection error",
    "connection refused",
    "econnrefused",
    "enotfound",
    "could not resolve",
    "network error",
    "stream disconnected",
    "error sending request",
];

fn is_credit(words: &str) -> bool {
    ["credit balance", "billing_error", "insufficient_quota", "insufficient balance", "no credit"]
        .iter()
        .any(|part| words.contains(part))
}

fn is_overflow(words: &str) -> bool {
    [
        "prompt is too long",
        "input is too long",
        "context_length_exceeded",
        "context length",
        "context window",
        "maximum context",
        "exceeds the maximum number of tokens",
        "request_too_large",
    ]
    .iter()
    .any(|part| words.contains(part))
}

fn is_missing_model(words: &str) -> bool {
    // "Unsupported parameter: … is not supported with this model" is about something else.
    let about = words.contains("model") && !words.contains("parameter");
    let gone = [
        "not found",
        "not_found",
        "does not exist",
        "may not exist",
        "not exist",
        "no such model",
        "is not supported",
        "invalid model",
        "unknown model",
        "not a valid model",
    ];
    about && gone.iter().any(|part| words.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_are_told_apart() {
        let error =
            |kind: &str, message: &str| json!({"error": {"type": kind, "message": message}});
        for (status, body, expected) in [
            (401, error("authentication_error", "invalid x-api-key"), TroubleKind::SignIn),
            (403, error("permission_error", "no"), TroubleKind::SignIn),
            (402, error("billing_error", "pay"), TroubleKind::Credit),
            (
                400,
                error("invalid_request_error", "Your credit balance is too low"),
                TroubleKind::Credit,
            ),
            (429, error("insufficient_quota", "check your plan"), TroubleKind::Credit),
            (429, error("rate_limit_error", "slow down"), TroubleKind::Limit),
            (529, error("overloaded_error", "Overloaded"), TroubleKind::Overloaded),
            (500, json!(null), TroubleKind::Overloaded),
            (413, error("request_too_large", "too big"), TroubleKind::ContextOverflow),
            (
                400,
                error("invalid_request_error", "prompt is too long: 9 > 8"),
                TroubleKind::ContextOverflow,
            ),
            (
                400,
                json!({"error": {"code": "context_length_exceeded", "message": "no"}}),
                TroubleKind::ContextOverflow,
            ),
            (404, error("not_found_error", "model: claude-x"), TroubleKind::ModelMissing),
            (
                404,
                json!({"error": "model 'x' not found, try pulling it first"}),
                TroubleKind::ModelMissing,
            ),
            (
                400,
                json!({"error": {"code": "model_not_found", "message": "no"}}),
                TroubleKind::ModelMissing,
            ),
            (404, json!({"message": "no route"}), TroubleKind::NotConfigured),
            (308, json!(null), TroubleKind::NotConfigured),
            (400, error("invalid_request_error", "odd"), TroubleKind::Refused),
        ] {
            let trouble = of_status(status, &Said::of(&body, ""), None);
            assert_eq!(trouble.kind, expected, "{status} {body}");
            assert!(trouble.message.contains(&status.to_string()), "{trouble}");
        }
    }

    #[test]
    fn programs_words_are_told_apart() {
        for (words, expected) in [
            ("Invalid API key · Please run /login", Some(TroubleKind::SignIn)),
            ("Credit balance is too low", Some(TroubleKind::Credit)),
            ("You've hit your usage limit. Try again at 3pm", Some(TroubleKind::Limit)),
            ("API Error: 529 Overloaded", Some(TroubleKind::Overloaded)),
            ("Prompt is too long", Some(TroubleKind::ContextOverflow)),
            (
                "The model x may not exist or you may not have access",
                Some(TroubleKind::ModelMissing),
            ),
            ("API Error: Connection error.", Some(TroubleKind::Network)),
            ("segmentation fault", None),
        ] {
            assert_eq!(of_words(words), expected, "{words}");
        }
    }
}
