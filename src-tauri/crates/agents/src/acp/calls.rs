//! What was told of each tool call of the running turn, as the agent told it: a request may hold only
//! the id of a call that an update described.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Calls remembered in one turn; a request about one beyond them tells what it holds itself.
const CALLS_MAX: usize = 256;
/// Longest input remembered.
const INPUT_MAX_BYTES: usize = 64 * 1024;
/// What says what a call is about.
const TELLING: [&str; 5] = ["kind", "rawInput", "locations", "_meta", "content"];

#[derive(Debug, Default)]
pub struct Calls(BTreeMap<String, Map<String, Value>>);

impl Calls {
    /// All that is known of a call after this word about it.
    pub fn heard(&mut self, raw: &Value) -> Value {
        let fresh = TELLING.iter().filter_map(|key| {
            let value = raw.get(*key).filter(|value| !value.is_null())?;
            // Of contents only those of files say what it is about, and of these only which.
            let value = if *key == "content" { diffs(value)? } else { value.clone() };
            (value.to_string().len() <= INPUT_MAX_BYTES).then(|| ((*key).to_owned(), value))
        });
        let id = raw["toolCallId"].as_str().unwrap_or_default();
        if !self.0.contains_key(id) && self.0.len() >= CALLS_MAX {
            return Value::Object(fresh.collect());
        }
        let known = self.0.entry(id.to_owned()).or_default();
        known.extend(fresh);
        Value::Object(known.clone())
    }

    /// What was under way is over.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

fn diffs(content: &Value) -> Option<Value> {
    let parts = content.as_array()?.iter().filter(|part| part["type"] == "diff");
    let paths: Vec<Value> =
        parts.map(|part| json!({"type": "diff", "path": part["path"]})).collect();
    (!paths.is_empty()).then_some(Value::Array(paths))
}
