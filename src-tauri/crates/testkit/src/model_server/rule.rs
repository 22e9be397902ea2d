//! What a test sees of a request, and what it may have said to it.

use serde_json::{Value, json};

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The instructions: `system`, or messages of that role.
    pub fn system(&self) -> String {
        let mut texts = Vec::new();
        strings(&self.body["system"], &mut texts);
        strings(&self.body["instructions"], &mut texts);
        for message in self.body["messages"].as_array().into_iter().flatten() {
            if message["role"] == "system" || message["role"] == "developer" {
                strings(&message["content"], &mut texts);
            }
        }
        texts.join("\n")
    }

    /// Every word that a model would read, instructions included.
    pub fn text(&self) -> String {
        let mut texts = vec![self.system()];
        for part in ["messages", "input", "contents"] {
            for message in self.body[part].as_array().into_iter().flatten() {
                if message["role"] != "system" {
                    strings(message, &mut texts);
                }
            }
        }
        texts.join("\n")
    }

    /// Whether somebody is asked for a verdict on a goal, and not an agent for work.
    pub fn is_for_a_verdict(&self) -> bool {
        let text = self.text();
        text.contains("\"verdict\"") && !text.contains("\"provable\"")
    }
}

/// Every text below `value`, in order.
fn strings(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, texts)),
        Value::Object(fields) => {
            let contents = fields.iter().filter(|(key, _)| *key != "role" && *key != "type");
            contents.for_each(|(_, item)| strings(item, texts));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is said to a request.
#[derive(Clone, Debug)]
pub enum Saying {
    /// The model's words, in the shape of the interface that was asked.
    Words(String),
    /// A refusal as the vendor's own, by HTTP status.
    Refuse(u16),
    /// Just this, by HTTP status.
    Json(u16, Value),
    /// Something that is no JSON.
    Page(u16, String),
    /// Another address.
    Redirect(String),
    /// The model's words, a few bytes at a time.
    Slow(String),
    /// Nothing, until the client goes.
    Hang,
}

impl Saying {
    /// A judge's answer: `met`, `not_yet` or `impossible`.
    pub fn verdict(verdict: &str, reason: &str) -> Saying {
        Saying::Words(json!({"verdict": verdict, "reason": reason}).to_string())
    }
}
