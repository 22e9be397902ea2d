//! What two requests must have in common for a rule about one to decide the other: everything that was told of the
//! call, but for a short list.
//!
//! Promise: each field that is passed over stands here with its reason; whatever else differs, known or not, makes
//! another request. Paths below the session's directory are compared from there.
//! Must not know: what a request is about in words, which requests may have a rule at all.

use crate::file_names::below;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

/// What is longer is compared by its digest: rules are kept, a thousand of them.
const WHOLE_MAX_BYTES: usize = 16 * 1024;

/// Fields of a call that are passed over, each with its reason.
pub(crate) const CALL: [(&str, &str); 5] = [
    ("toolCallId", "the number of the call"),
    ("sessionUpdate", "which message told of it"),
    ("status", "how far it has come"),
    ("rawOutput", "what came of it, and nothing that it gets"),
    ("rawInput", "compared field by field"),
];
/// Fields of a command's or a file tool's input that are passed over.
pub(crate) const INPUT: [(&str, &str); 9] = [
    ("call_id", "the number of the call"),
    ("callId", "the number of the call"),
    ("turn_id", "the number of the turn"),
    ("turnId", "the number of the turn"),
    ("approval_id", "the number of the request"),
    ("approvalId", "the number of the request"),
    ("description", "the model's words for its reader, new with every call"),
    ("justification", "the model's words for its reader, new with every call"),
    ("reason", "the model's words for its reader, new with every call"),
];
/// Fields of `_meta` at any depth that are passed over.
pub(crate) const META: [(&str, &str); 1] =
    [("parentToolUseId", "the number of the call that started the subagent")];
/// Of `INPUT`, words: where a title or a text is nothing but one of them, it is passed over too.
const WORDS: [&str; 3] = ["description", "justification", "reason"];

pub(crate) const DIRECTORIES: [&str; 5] =
    ["cwd", "workdir", "directory", "dir_path", "working_directory"];
pub(crate) const PATHS: [&str; 13] = [
    "file_path",
    "filePath",
    "filepath",
    "path",
    "absolute_path",
    "abs_path",
    "notebook_path",
    "source",
    "destination",
    "from",
    "to",
    "old_path",
    "new_path",
];

pub(crate) fn is_passed_over(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(passed, _)| *passed == name)
}

/// All that matters of a call, in one form. `is_known`: it is a command or works on files, so that its input's fields
/// are known; of other tools all of it counts as it stands. None where it cannot be told exactly.
pub(crate) fn exactly(call: &Value, cwd: &str, is_known: bool) -> Option<String> {
    let mut all = Map::new();
    let input = call["rawInput"].as_object();
    for (name, value) in input.into_iter().flatten() {
        let is_word = is_known && is_passed_over(&INPUT, name) && is_scalar(value);
        if is_word {
            continue;
        }
        // Nobody could tell it from a field of the call.
        if name.starts_with(OF_CALL) {
            return None;
        }
        let value = if is_known { field(name, value, cwd)? } else { value.clone() };
        all.insert(name.clone(), value);
    }
    let words: Vec<&str> = WORDS
        .iter()
        .filter(|_| is_known)
        .filter_map(|name| input?.get(*name)?.as_str())
        .map(str::trim)
        .collect();
    let id = call["toolCallId"].as_str().unwrap_or_default();
    let told = call.as_object().into_iter().flatten();
    for (name, value) in told.filter(|(name, _)| !is_passed_over(&CALL, name)) {
        let value = match (name.as_str(), value) {
            ("title", Value::String(title)) if words.contains(&title.trim()) => continue,
            ("title", Value::String(title)) => json!(here(title, cwd)),
            ("content", Value::Array(parts)) => {
                let parts = parts.iter().filter(|part| !says_only(part, &words));
                field(name, &without_id(&parts.cloned().collect(), id), cwd)?
            }
            ("_meta", meta) => without_id(meta, id),
            (_, value) => field(name, value, cwd)?,
        };
        if !is_nothing(&value) {
            all.insert(format!("{OF_CALL}{name}"), value);
        }
    }
    let mut all = Value::Object(all);
    // In which order an agent gives its fields means nothing.
    all.sort_all_objects();
    let all = all.to_string();
    Some(if all.len() > WHOLE_MAX_BYTES { sha256(&all) } else { all })
}

/// By its SHA-256 (FIPS 180-4).
fn sha256(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// How the name of a call's own field begins, beside those of its input.
const OF_CALL: &str = "the call's ";

/// Of a whole field of a call: an agent that says so says nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A list or an object may hold what nobody expects in it: another path, another command.
pub(crate) fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// Where a way up leads depends on where it begins.
pub(crate) fn climbs(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// A field with its paths as from where the session works. None where one climbs.
fn field(name: &str, value: &Value, cwd: &str) -> Option<Value> {
    let is_directory = DIRECTORIES.contains(&name);
    Some(match value {
        Value::String(path) if is_directory || PATHS.contains(&name) => {
            if climbs(path) {
                return None;
            }
            let is_here = is_directory && path == cwd;
            json!(if is_here { "." } else { below(path, cwd) })
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| field("", item, cwd)).collect::<Option<_>>()?)
        }
        Value::Object(fields) => {
            let files = name == "changes";
            let inner = fields.iter().map(|(name, value)| {
                let own = if files { below(name, cwd) } else { name };
                Some((own.to_owned(), field(if files { "" } else { name }, value, cwd)?))
            });
            let inner = inner.collect::<Option<Map<_, _>>>()?;
            // Two names for one file are not one change.
            if inner.len() != fields.len() {
                return None;
            }
            Value::Object(inner)
        }
        other => other.clone(),
    })
}

/// A title, with paths as from where the session works.
fn here(title: &str, cwd: &str) -> String {
    let start = format!("{cwd}/");
    let (mut out, mut rest) = (String::new(), title);
    while let Some(at) = rest.find(&start).filter(|_| !cwd.is_empty()) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let begins = out.chars().last().is_none_or(|c| c.is_whitespace() || "`'\"(".contains(c));
        let kept = if begins { "" } else { &start };
        out.push_str(kept);
        rest = &found[start.len()..];
    }
    out + rest
}

/// Whether a part shown is only text, and that text one of `words`.
fn says_only(part: &Value, words: &[&str]) -> bool {
    let plain = |value: &Value, names: [&str; 2]| {
        let fields = value.as_object();
        fields.is_some_and(|fields| fields.keys().all(|name| names.contains(&name.as_str())))
    };
    let text = part["content"]["text"].as_str();
    part["type"] == "content"
        && plain(part, ["type", "content"])
        && part["content"]["type"] == "text"
        && plain(&part["content"], ["type", "text"])
        && text.is_some_and(|text| words.contains(&text.trim()))
}

/// Without the call's own number, and without what is passed over in `_meta`.
fn without_id(value: &Value, id: &str) -> Value {
    let is_id = |value: &Value| !id.is_empty() && value.as_str() == Some(id);
    match value {
        Value::Array(items) => items.iter().map(|item| without_id(item, id)).collect(),
        Value::Object(fields) => {
            let is_number = |name: &str, value: &Value| {
                is_id(value) || (is_passed_over(&META, name) && is_scalar(value))
            };
            let kept = fields.iter().filter(|(name, value)| !is_number(name, value));
            let inner = kept.filter_map(|(name, value)| {
                let inner = without_id(value, id);
                let emptied = is_nothing(&inner) && !is_nothing(value);
                (!emptied).then(|| (name.clone(), inner))
            });
            Value::Object(inner.collect())
        }
        other => other.clone(),
    }
}
