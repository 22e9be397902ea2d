//! What one line of an agent may hold: few values, short ids, no more options than a person chooses from.
//!
//! Promise: judged before anything is made of the line; whatever passes costs a bounded amount of memory
//! and fits the row, the board and every frame that shows it.
//! Must not know: what is asked, who is told that a line was refused.

use crate::wire::Message;
use serde_json::Value;

/// Longest id, mode, model or method: real ones have some forty bytes. They are kept, compared and sent
/// again with every word about the thing they name.
pub const ID_MAX_BYTES: usize = 256;
/// Longest value that a form lets be chosen: some agents use the whole label.
const CHOICE_MAX_BYTES: usize = 1024;
/// Options of one permission request; more cannot be chosen from by hand.
pub const OPTIONS_MAX: usize = 64;
/// Longest explanation of a question's options.
pub const ABOUT_MAX_BYTES: usize = 16 * 1024;
/// Questions of one form.
const FIELDS_MAX: usize = 64;
/// Values in one line. Each costs many times its bytes once it is read; the largest real lines, whole
/// files in a diff, have a few hundred.
const VALUES_MAX: usize = 200_000;
/// What tools were given and gave is theirs: nothing in it names anything of the protocol.
const FOREIGN: [&str; 6] = ["rawInput", "rawOutput", "_meta", "content", "prompt", "data"];

/// Whether reading this line would take far more memory than it has bytes.
pub fn is_too_complex(line: &[u8]) -> bool {
    let (mut values, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' | b':' if !in_text => values += 1,
            _ => {}
        }
    }
    values > VALUES_MAX
}

/// What of a message is over its bound; none when nothing is.
pub fn excess(message: &Message) -> Option<String> {
    match message {
        Message::Call { id, method, params } => {
            id_excess("id", id).or_else(|| text_excess("method", method)).or_else(|| {
                let options = params["options"].as_array().map_or(0, Vec::len);
                let fields = params["requestedSchema"]["properties"].as_object();
                let fields = fields.map_or(0, serde_json::Map::len);
                count_excess("options", options, OPTIONS_MAX)
                    .or_else(|| count_excess("questions", fields, FIELDS_MAX))
                    .or_else(|| below(params))
            })
        }
        Message::Notify { method, params } => {
            text_excess("method", method).or_else(|| below(params))
        }
        Message::Answer { id, outcome } => {
            let result = outcome.as_ref().ok().and_then(below);
            id_excess("id", id).or(result)
        }
    }
}

/// The first thing over its bound in a value. No deeper than the parser reads.
fn below(value: &Value) -> Option<String> {
    match value {
        Value::Array(values) => values.iter().find_map(below),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if FOREIGN.contains(&name.as_str()) {
                return None;
            }
            let own = match name.as_str() {
                "const" => value.as_str().and_then(choice_excess),
                "enum" => {
                    value.as_array()?.iter().filter_map(Value::as_str).find_map(choice_excess)
                }
                name if names(name) => id_excess(name, value),
                name => text_excess("name", name),
            };
            own.or_else(|| below(value))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Whether a field of the protocol holds the id of something.
fn names(field: &str) -> bool {
    matches!(
        field,
        "id" | "value"
            | "currentValue"
            | "kind"
            | "status"
            | "category"
            | "sessionUpdate"
            | "stopReason"
            | "currency"
            | "mode"
            | "type"
    ) || field.ends_with("Id")
}

fn id_excess(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text_excess(name, text),
        // An id may be a number; what holds more is looked at as what it is.
        Value::Number(number) => text_excess(name, &number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text_excess(name: &str, text: &str) -> Option<String> {
    over(name, text.len(), ID_MAX_BYTES, "bytes")
}

fn choice_excess(text: &str) -> Option<String> {
    over("choice", text.len(), CHOICE_MAX_BYTES, "bytes")
}

fn count_excess(name: &str, count: usize, max: usize) -> Option<String> {
    over(name, count, max, "entries")
}

fn over(name: &str, has: usize, max: usize, unit: &str) -> Option<String> {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    (has > max).then(|| format!("`{name}` has {has} {unit}; the limit is {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;
    use serde_json::json;

    fn judged(line: &Value) -> Option<String> {
        excess(&wire::parse(line.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn security_09_no_id_of_an_agent_is_longer_than_its_bound() {
        let long = "x".repeat(ID_MAX_BYTES + 1);
        let update =
            |update: Value| json!({"method": "session/update", "params": {"update": update}});
        let asks = |params: Value| json!({"id": 1, "method": "session/request_permission", "params": params});
        for line in [
            json!({"id": long, "method": "session/request_permission", "params": {}}),
            json!({"id": 1, "method": long, "params": {}}),
            json!({"method": long}),
            json!({"id": "ns-new-1", "result": {"sessionId": long}}),
            json!({"id": "ns-new-1", "result": {"modes": {"currentModeId": long}}}),
            json!({"id": "ns-new-1", "result": {"modes": {"availableModes": [{"id": long}]}}}),
            json!({"id": "ns-new-1", "result": {"models": {"availableModels": [{"modelId": long}]}}}),
            json!({"id": "ns-new-1", "result": {"configOptions": [{"options": [{"value": long}]}]}}),
            json!({"id": "ns-new-1", "result": {"authMethods": [{"id": long}]}}),
            json!({"id": "ns-prompt-1", "result": {"stopReason": long}}),
            update(json!({"sessionUpdate": "tool_call", "toolCallId": long})),
            update(json!({"sessionUpdate": "agent_message_chunk", "messageId": long})),
            update(json!({"sessionUpdate": long})),
            update(json!({"sessionUpdate": "current_mode_update", "currentModeId": long})),
            update(json!({"sessionUpdate": "usage_update", "cost": {"currency": long}})),
            update(json!({"sessionUpdate": "tool_call", "toolCallId": "t", "kind": long})),
            asks(json!({"options": [{"optionId": long, "name": "Yes", "kind": "allow_once"}]})),
            asks(json!({"toolCall": {"toolCallId": long}})),
            json!({"method": "$/cancel_request", "params": {"requestId": long}}),
            json!({"id": 2, "method": "elicitation/create", "params":
                {"requestedSchema": {"properties": {long.clone(): {"type": "string"}}}}}),
            json!({"id": 2, "method": "elicitation/create", "params": {"requestedSchema":
                {"properties": {"q": {"enum": ["x".repeat(CHOICE_MAX_BYTES + 1)]}}}}}),
        ] {
            let why = judged(&line).unwrap_or_else(|| panic!("{line}"));
            assert!(why.contains("the limit is") && why.len() < 200, "{why}");
        }
    }

    #[test]
    fn security_09_lists_of_an_agent_are_as_long_as_a_person_reads() {
        let option = |n: usize| json!({"optionId": n.to_string(), "kind": "allow_once"});
        let asks = |count: usize| json!({"id": 1, "method": "m", "params": {"options": Vec::from_iter((0..count).map(option))}});
        assert_eq!(judged(&asks(OPTIONS_MAX)), None);
        assert!(judged(&asks(OPTIONS_MAX + 1)).unwrap().contains("65 entries"));
        let fields: serde_json::Map<String, Value> =
            (0..=FIELDS_MAX).map(|n| (n.to_string(), json!({}))).collect();
        let form =
            json!({"id": 1, "method": "m", "params": {"requestedSchema": {"properties": fields}}});
        assert!(judged(&form).unwrap().contains("`questions`"));
    }

    #[test]
    fn what_tools_are_given_and_give_may_be_long() {
        let long = "x".repeat(100_000);
        for update in [
            json!({"toolCallId": "t", "rawInput": {"id": long, "value": long}}),
            json!({"toolCallId": "t", "rawOutput": [{"optionId": long}]}),
            json!({"toolCallId": "t", "content": [{"type": "diff", "newText": long}]}),
            json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": long}}),
            json!({"toolCallId": "t", "title": long}),
            json!({"toolCallId": "t", "_meta": {"id": long}}),
        ] {
            let line = json!({"method": "session/update", "params": {"update": update}});
            assert_eq!(judged(&line), None, "{line}");
        }
    }

    #[test]
    fn security_15_a_line_of_countless_values_is_not_read() {
        let empty = |count: usize| format!("[{}]", vec!["[]"; count].join(","));
        assert!(!is_too_complex(empty(VALUES_MAX / 3).as_bytes()));
        assert!(is_too_complex(empty(VALUES_MAX).as_bytes()));
        let text = json!({"text": "[{,:\\\"".repeat(VALUES_MAX)}).to_string();
        assert!(!is_too_complex(text.as_bytes()), "what stands in a text is a text");
    }
}
