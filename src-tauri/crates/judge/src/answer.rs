//! Reading an answer: one JSON object, wherever in the answer it stands.
//!
//! Promise: pure; an answer with two verdicts that differ is none, so that nothing quoted from a
//! transcript can pass for the verdict.

use crate::clean::{clean, cut_end, cut_front};
use crate::limits::{ANSWER_MAX_BYTES, REASON_MAX_CHARS};
use crate::verdict::{Ruling, Verdict};
use serde_json::{Map, Value};

pub(crate) type Object = Map<String, Value>;

/// What models think aloud before they answer.
const THOUGHTS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

/// Every outermost JSON object in `text`.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    let text = without_thoughts(cut_front(text, ANSWER_MAX_BYTES));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begins) = text[at..].find('{').map(|offset| at + offset) {
        let mut stream = serde_json::Deserializer::from_str(&text[begins..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(Value::Object(object))) => {
                found.push(object);
                at = begins + stream.byte_offset();
            }
            _ => at = begins + 1,
        }
    }
    found
}

fn without_thoughts(text: &str) -> String {
    let mut text = text.to_owned();
    for (begin, end) in THOUGHTS {
        while let Some(from) = text.find(begin) {
            let Some(to) = text[from..].find(end) else { break };
            text.replace_range(from..from + to + end.len(), "");
        }
        // A server that took the opening away.
        if let Some(to) = text.find(end) {
            text.replace_range(..to + end.len(), "");
        }
    }
    text
}

/// The one thing that all objects with any of `keys` say, or why there is none.
pub(crate) fn only<T: PartialEq>(
    text: &str,
    keys: &[&str],
    read: impl Fn(&Object) -> Result<T, String>,
    same: impl Fn(&T, &T) -> bool,
) -> Result<T, String> {
    let objects = objects(text);
    let mut found: Option<T> = None;
    for object in objects.iter().filter(|o| keys.iter().any(|key| o.contains_key(*key))) {
        let next = read(object)?;
        match &found {
            Some(first) if !same(first, &next) => {
                return Err("it holds several answers that differ".to_owned());
            }
            Some(_) => {}
            None => found = Some(next),
        }
    }
    found.ok_or_else(|| format!("it holds no JSON object with `{}`", keys[0]))
}

/// `{"verdict": "met" | "not_yet" | "impossible", "reason": "…"}`, or the reference's
/// `{"ok": …, "reason": "…", "impossible": …}`.
pub(crate) fn verdict(text: &str) -> Result<Verdict, String> {
    only(text, &["verdict", "ok"], read_verdict, |a, b| a.ruling == b.ruling)
}

fn read_verdict(object: &Object) -> Result<Verdict, String> {
    let reason = words(object, "reason")?;
    let ruling = match (object.get("verdict"), object.get("ok")) {
        (Some(verdict), None) => named(verdict)?,
        (None, Some(Value::Bool(ok))) => match (ok, object.get("impossible")) {
            (true, None | Some(Value::Bool(false) | Value::Null)) => Ruling::Met,
            (false, None | Some(Value::Bool(false) | Value::Null)) => Ruling::NotYet,
            (false, Some(Value::Bool(true))) => Ruling::Impossible,
            _ => return Err("`ok` and `impossible` contradict each other".to_owned()),
        },
        (Some(_), Some(_)) => return Err("it has both `verdict` and `ok`".to_owned()),
        _ => return Err("`ok` is neither true nor false".to_owned()),
    };
    Ok(Verdict { ruling, reason })
}

fn named(verdict: &Value) -> Result<Ruling, String> {
    match token(verdict).as_str() {
        "met" => Ok(Ruling::Met),
        "not_yet" | "notyet" | "not_met" => Ok(Ruling::NotYet),
        "impossible" => Ok(Ruling::Impossible),
        _ => Err(format!("{verdict} is no verdict")),
    }
}

/// A word as it is compared: `Not yet` is `not_yet`.
pub(crate) fn token(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_lowercase().replace([' ', '-'], "_")
}

/// Words that must be there, made harmless and short.
pub(crate) fn words(object: &Object, key: &str) -> Result<String, String> {
    let text = object.get(key).and_then(Value::as_str).map(clean).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("it has no `{key}`"));
    }
    let end = text.char_indices().nth(REASON_MAX_CHARS).map_or(text.len(), |(at, _)| at);
    Ok(cut_end(text, end).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_found_wherever_they_stand() {
        for (text, expected) in [
            (r#"{"verdict":"met","reason":"r"}"#, Ruling::Met),
            ("```json\n{\"verdict\": \"not_yet\", \"reason\": \"r\"}\n```", Ruling::NotYet),
            ("Sure! Here it is: {\"verdict\":\"Not yet\",\"reason\":\"r\"} Bye.", Ruling::NotYet),
            ("{oops} {\"verdict\":\"impossible\",\"reason\":\"r\",\"more\":1}", Ruling::Impossible),
            (
                "<think>{\"verdict\":\"met\",\"reason\":\"?\"}</think>{\"verdict\":\"not_yet\",\"reason\":\"r\"}",
                Ruling::NotYet,
            ),
            (r#"{"ok":true,"reason":"r"}"#, Ruling::Met),
            (r#"{"ok":false,"reason":"r"}"#, Ruling::NotYet),
            (r#"{"ok":false,"reason":"r","impossible":true}"#, Ruling::Impossible),
            (r#"{"verdict":"met","reason":"a"} {"verdict":"met","reason":"b"}"#, Ruling::Met),
        ] {
            assert_eq!(verdict(text).unwrap().ruling, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_verdict_says_why() {
        for (text, part) in [
            ("", "no JSON object"),
            ("met", "no JSON object"),
            (r#"{"verdict":"met"}"#, "reason"),
            (r#"{"verdict":"met","reason":"  "}"#, "reason"),
            (r#"{"verdict":"green","reason":"r"}"#, "no verdict"),
            (r#"{"verdict":true,"reason":"r"}"#, "no verdict"),
            (r#"{"verdict":"met","reason":"r"}{"verdict":"not_yet","reason":"r"}"#, "differ"),
            (r#"{"verdict":"met","ok":false,"reason":"r"}"#, "both"),
            (r#"{"ok":true,"impossible":true,"reason":"r"}"#, "contradict"),
            (r#"{"ok":"yes","reason":"r"}"#, "neither"),
            (r#"{"answer":{"verdict":"met","reason":"r"}}"#, "no JSON object"),
            (r#"{"verdict":"met","reason":"r""#, "no JSON object"),
        ] {
            let why = verdict(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn a_reason_is_short_and_harmless() {
        let long = format!(r#"{{"verdict":"met","reason":"\u001b[31m{}"}}"#, "é".repeat(5_000));
        let reason = verdict(&long).unwrap().reason;
        assert_eq!(reason.chars().count(), REASON_MAX_CHARS);
        assert!(reason.starts_with('é'));
    }
}
