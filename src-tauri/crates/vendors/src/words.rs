//! Errors that agents hand on as words only: what trouble they are about, and what to show of them.
//!
//! Promise: a kind is named only for words that vendors use for nothing else.

use nightshift_model::TroubleKind;
use serde_json::Value;

/// Words by which an error is recognised, in lower case; the first that fits decides, so credit
/// comes before limits, which mention it.
const KNOWN: [(&str, TroubleKind); 33] = [
    ("credit balance is too low", TroubleKind::Credit),
    ("credits are depleted", TroubleKind::Credit),
    ("insufficient credit", TroubleKind::Credit),
    ("insufficient_quota", TroubleKind::Credit),
    ("insufficient balance", TroubleKind::Credit),
    ("payment required", TroubleKind::Credit),
    ("check your plan and billing", TroubleKind::Credit),
    ("usage limit", TroubleKind::UsageLimit),
    ("rate limit", TroubleKind::UsageLimit),
    ("rate_limit", TroubleKind::UsageLimit),
    ("too many requests", TroubleKind::UsageLimit),
    ("quota exceeded", TroubleKind::UsageLimit),
    ("exhausted your daily quota", TroubleKind::UsageLimit),
    ("exceeded your current quota", TroubleKind::UsageLimit),
    ("overloaded", TroubleKind::Overloaded),
    ("at capacity", TroubleKind::Overloaded),
    ("service unavailable", TroubleKind::Overloaded),
    ("invalid api key", TroubleKind::SignIn),
    ("incorrect api key", TroubleKind::SignIn),
    ("invalid x-api-key", TroubleKind::SignIn),
    ("api key not valid", TroubleKind::SignIn),
    ("authentication_error", TroubleKind::SignIn),
    ("token has expired", TroubleKind::SignIn),
    ("token expired", TroubleKind::SignIn),
    ("401 unauthorized", TroubleKind::SignIn),
    ("prompt is too long", TroubleKind::Context),
    ("context_length_exceeded", TroubleKind::Context),
    ("maximum context length", TroubleKind::Context),
    ("context window exceeded", TroubleKind::Context),
    ("exceeds the context window", TroubleKind::Context),
    ("model_not_found", TroubleKind::Model),
    ("model not found", TroubleKind::Model),
    ("model does not exist", TroubleKind::Model),
];

pub fn kind_of(message: &str) -> Option<TroubleKind> {
    let message = message.to_lowercase();
    KNOWN.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
}

/// What protocol libraries put in front of every error.
const PREFIX: &str = "Internal error: ";

/// The message inside an interface's error that was handed over as JSON; else the text as it is.
pub fn message_of(text: &str) -> String {
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let start = text.find('{').unwrap_or(text.len());
    let body: Value = serde_json::from_str(&text[start..]).unwrap_or_default();
    let inner = body["error"]["message"].as_str().or_else(|| body["message"].as_str());
    inner.filter(|m| !m.trim().is_empty()).map_or_else(|| text.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_known_by_their_words() {
        for (message, expected) in [
            ("429 Rate limit reached for requests", Some(TroubleKind::UsageLimit)),
            (
                "You exceeded your current quota, please check your plan and billing details.",
                Some(TroubleKind::Credit),
            ),
            ("529 Overloaded", Some(TroubleKind::Overloaded)),
            ("Incorrect API key provided: sk", Some(TroubleKind::SignIn)),
            ("400 scripted failure", None),
            ("the limit of files", None),
        ] {
            assert_eq!(kind_of(message), expected, "{message}");
        }
    }

    #[test]
    fn the_message_inside_json_is_shown() {
        for (text, expected) in [
            (r#"{"error":{"code":401,"message":"no key"}}"#, "no key"),
            (r#"400 {"message":"bad"}"#, "bad"),
            ("plain {words}", "plain {words}"),
            ("Internal error: disk full", "disk full"),
            ("", ""),
        ] {
            assert_eq!(message_of(text), expected);
        }
    }
}
