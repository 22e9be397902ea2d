//! What was told of each tool call of the running turn, as the agent told it: a request may hold only
//! the id of a call that an update described.
//!
//! Promise: what was told and is not kept is counted, so that nobody takes a part for the whole.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Calls remembered at once; those that have ended make room.
const CALLS_MAX: usize = 256;
/// Longest field remembered. A request is read whole whatever its length: this is for what was told before.
const FIELD_MAX_BYTES: usize = 512 * 1024;
/// All that is remembered, so that many busy sessions stay small.
const ALL_MAX_BYTES: usize = 4 * 1024 * 1024;
/// What says nothing of what a call is about: its number is its key, the rest tells how it goes on.
const ASIDE: [&str; 4] = [ID, "sessionUpdate", "status", "rawOutput"];
/// Fields that every agent's calls have.
const USUAL: [&str; 6] = ["title", "kind", "rawInput", "locations", "_meta", "content"];
const ID: &str = "toolCallId";
/// What it gets; a request that holds it needs no earlier word.
const INPUT: &str = "rawInput";

#[derive(Debug, Default)]
pub struct Calls {
    known: BTreeMap<String, Known>,
    bytes: usize,
    /// Bytes of words that may have been about any call.
    missed: usize,
}

#[derive(Debug, Default)]
struct Known {
    fields: Map<String, Value>,
    /// Bytes of each field.
    sizes: BTreeMap<String, usize>,
    /// Bytes of the fields that are not kept.
    lost: BTreeMap<String, usize>,
}

/// All that was told of a call.
#[derive(Debug)]
pub struct Told {
    pub call: Value,
    /// Bytes of it that are not in `call`.
    pub lost_bytes: usize,
}

impl Calls {
    /// An update's word about a call.
    pub fn heard(&mut self, raw: &Value) {
        let id = raw["toolCallId"].as_str().unwrap_or_default();
        match raw["status"].as_str() {
            Some("completed" | "failed") => self.forget(id),
            _ if !id.is_empty() => self.keep(id, &telling(raw)),
            _ => {}
        }
    }

    /// Whether a word about a call tells something else of it than what is known.
    pub fn is_news(&self, raw: &Value) -> bool {
        let known = raw["toolCallId"].as_str().and_then(|id| self.known.get(id));
        let is_known = |(key, value): &(&str, &Value)| {
            known.and_then(|known| known.fields.get(*key)) == Some(*value)
        };
        !telling(raw).iter().all(is_known)
    }

    /// All that is known of a call that is asked about, with what the request itself says.
    pub fn asked(&mut self, raw: &Value) -> Told {
        let told = self.told(raw, &telling(raw));
        self.heard(raw);
        told
    }

    fn told(&self, raw: &Value, fresh: &[(&str, &Value)]) -> Told {
        let known = raw["toolCallId"].as_str().and_then(|id| self.known.get(id));
        let is_fresh = |key: &str| fresh.iter().any(|(name, _)| *name == key);
        let mut call = known.map(|known| known.fields.clone()).unwrap_or_default();
        call.extend(fresh.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())));
        // By its own number a part of it is told from what it does.
        call.extend(raw.get(ID).map(|id| (ID.to_owned(), id.clone())));
        let lost = known.map(|known| known.lost.iter()).into_iter().flatten();
        let lost: usize = lost.filter(|(key, _)| !is_fresh(key)).map(|(_, bytes)| *bytes).sum();
        let missed = if is_fresh(INPUT) { 0 } else { self.missed };
        Told { call: Value::Object(call), lost_bytes: lost.saturating_add(missed) }
    }

    fn keep(&mut self, id: &str, fresh: &[(&str, &Value)]) {
        if !self.known.contains_key(id) && self.known.len() >= CALLS_MAX {
            let bytes: usize = fresh.iter().map(|(_, value)| value.to_string().len()).sum();
            self.miss(bytes);
            return;
        }
        let known = self.known.entry(id.to_owned()).or_default();
        for (key, value) in fresh {
            // What was told before is no longer so, kept or not.
            known.fields.remove(*key);
            known.lost.remove(*key);
            self.bytes -= known.sizes.remove(*key).unwrap_or_default();
            let size = key.len() + value.to_string().len();
            if size > FIELD_MAX_BYTES || self.bytes + size > ALL_MAX_BYTES {
                match USUAL.contains(key) {
                    true => drop(known.lost.insert((*key).to_owned(), size)),
                    // Their names are an agent's own: they are counted and not remembered.
                    false => self.missed = self.missed.saturating_add(size),
                }
                continue;
            }
            known.fields.insert((*key).to_owned(), (*value).clone());
            known.sizes.insert((*key).to_owned(), size);
            self.bytes += size;
        }
    }

    fn forget(&mut self, id: &str) {
        if let Some(known) = self.known.remove(id) {
            self.bytes -= known.sizes.values().sum::<usize>();
        }
    }

    /// Something was said that nobody has read: a request that leans on earlier words may lack it.
    pub fn miss(&mut self, bytes: usize) {
        self.missed = self.missed.saturating_add(bytes.max(1));
    }

    /// What was under way is over.
    pub fn clear(&mut self) {
        *self = Calls::default();
    }
}

fn telling(raw: &Value) -> Vec<(&str, &Value)> {
    let told = raw.as_object().into_iter().flatten();
    let told = told.filter(|(key, value)| !ASIDE.contains(&key.as_str()) && !value.is_null());
    told.map(|(key, value)| (key.as_str(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(bytes: usize) -> Value {
        json!({"command": "x".repeat(bytes)})
    }

    #[test]
    fn security_04_what_is_not_kept_of_a_call_is_counted_and_never_stale() {
        let mut calls = Calls::default();
        calls.heard(&json!({"toolCallId": "a", "rawInput": {"command": "ls"}}));
        let asked = json!({"toolCallId": "a", "title": "go"});
        let told = calls.asked(&asked);
        assert_eq!((&told.call["rawInput"], told.lost_bytes), (&json!({"command": "ls"}), 0));
        calls.heard(&json!({"toolCallId": "a", "rawInput": input(FIELD_MAX_BYTES)}));
        let told = calls.asked(&asked);
        assert!(told.lost_bytes > FIELD_MAX_BYTES && told.call["rawInput"].is_null());
        let whole = calls.asked(&json!({"toolCallId": "a", "rawInput": input(FIELD_MAX_BYTES)}));
        assert_eq!(whole.lost_bytes, 0, "a request that holds it is whole");
        calls.heard(&json!({"toolCallId": "a", "rawInput": {"command": "pwd"}}));
        assert_eq!(calls.asked(&asked).lost_bytes, 0);
    }

    #[test]
    fn security_04_many_calls_and_missed_lines_leave_no_part_that_looks_whole() {
        let mut calls = Calls::default();
        let call = |n: usize| json!({"toolCallId": n.to_string(), "rawInput": {"command": "ls"}});
        (0..=CALLS_MAX).for_each(|n| calls.heard(&call(n)));
        assert!(calls.asked(&json!({"toolCallId": CALLS_MAX.to_string()})).lost_bytes > 0);
        calls.clear();
        for n in 0..CALLS_MAX * 3 {
            calls.heard(&call(n));
            calls.heard(&json!({"toolCallId": n.to_string(), "status": "completed"}));
        }
        assert_eq!((calls.known.len(), calls.bytes, calls.missed), (0, 0, 0));
        calls.heard(&call(1));
        calls.miss(70);
        assert_eq!(calls.asked(&json!({"toolCallId": "1"})).lost_bytes, 70);
        assert_eq!(calls.asked(&call(1)).lost_bytes, 0);
        calls.clear();
        for n in 0..64 {
            calls.heard(
                &json!({"toolCallId": n.to_string(), "rawInput": input(FIELD_MAX_BYTES - 100)}),
            );
        }
        assert!(calls.bytes <= ALL_MAX_BYTES);
        assert!(calls.asked(&json!({"toolCallId": "63"})).lost_bytes > 0);
    }

    #[test]
    fn security_04_fields_that_nobody_knows_are_bounded_too() {
        let mut calls = Calls::default();
        for n in 0..64 {
            let mut call = json!({"toolCallId": "a"});
            call[format!("{n}{}", "k".repeat(FIELD_MAX_BYTES / 2))] = json!("x".repeat(100));
            calls.heard(&call);
        }
        let known = &calls.known["a"];
        assert!(calls.bytes <= ALL_MAX_BYTES && known.lost.is_empty());
        assert!(calls.asked(&json!({"toolCallId": "a"})).lost_bytes > FIELD_MAX_BYTES);
    }

    #[test]
    fn security_04_a_call_without_an_id_borrows_from_no_other() {
        let mut calls = Calls::default();
        calls.heard(&json!({"rawInput": {"command": "ls"}}));
        assert!(calls.asked(&json!({"title": "x"})).call["rawInput"].is_null());
    }
}
