//! The vendors' streaming interfaces: reading a conversation, writing what the model does.
//!
//! Sources: the public references of Anthropic Messages, OpenAI Responses and Chat Completions and
//! Gemini generateContent; only what agents read is sent.

use super::http::Stream;
use super::refusals::{self, Limit};
use super::script::{Act, Progress, Tools};
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Pause between the words of a slow answer, so that it can be cancelled in the middle.
const SLOW_WORD: Duration = Duration::from_millis(50);
/// More texts than this in one answer are a slow one.
const QUICK_TEXTS_MAX: usize = 4;

fn fresh(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}_{:012}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The text of a message's content: a string, or parts that hold some.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        parts => {
            let texts = list(parts).iter().filter_map(|p| p["text"].as_str());
            Vec::from_iter(texts).join("\n")
        }
    }
}

/// The status with which the request is refused, if it is.
fn refused(acts: &[Act]) -> Option<u16> {
    acts.iter().find_map(|act| match act {
        Act::Refuse(status) => Some(*status),
        Act::Text(_) | Act::Tool { .. } => None,
    })
}

/// Slow answers come word by word.
fn pace(acts: &[Act]) {
    if acts.len() > QUICK_TEXTS_MAX {
        std::thread::sleep(SLOW_WORD);
    }
}

/// With `words` the model says just that, whatever the script.
pub fn anthropic(
    body: &Value,
    words: Option<String>,
    limit: Limit,
    stream: &mut Stream,
) -> io::Result<()> {
    let mut progress = Progress::new(limit.is_over);
    for message in list(&body["messages"]).iter().filter(|m| m["role"] == "user") {
        // Prompts that failed come again in front of the next, each as a part of its own.
        match &message["content"] {
            Value::String(text) => progress.user(text),
            parts => list(parts).iter().filter_map(|p| p["text"].as_str()).for_each(|text| {
                progress.user(text);
            }),
        }
        let results = list(&message["content"]).iter().filter(|p| p["type"] == "tool_result");
        results.for_each(|_| progress.result());
    }
    let tools: Tools = list(&body["tools"])
        .iter()
        .filter_map(|t| Some((t["name"].as_str()?.to_owned(), t["input_schema"].clone())))
        .collect();
    let acts = match words {
        Some(words) => vec![Act::Text(words)],
        None => progress.next(&tools),
    };
    if let Some(status) = refused(&acts) {
        return stream.refuse(status, &refusals::anthropic(status, limit));
    }
    let called = acts.iter().any(|a| matches!(a, Act::Tool { .. }));
    let stop = if called { "tool_use" } else { "end_turn" };
    let mut message = json!({
        "id": fresh("msg"), "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 100, "output_tokens": 1,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
    });
    if body["stream"] != json!(true) {
        message["content"] = acts.iter().map(anthropic_block).collect();
        message["stop_reason"] = json!(stop);
        message["usage"]["output_tokens"] = json!(42);
        return stream.json(200, &message);
    }
    stream.begin()?;
    stream.event(&json!({"type": "message_start", "message": message}))?;
    for (index, act) in acts.iter().enumerate() {
        pace(&acts);
        let mut block = anthropic_block(act);
        let delta = match act {
            Act::Tool { input, .. } => {
                block["input"] = json!({});
                json!({"type": "input_json_delta", "partial_json": input.to_string()})
            }
            _ => {
                let text = block["text"].take();
                block["text"] = json!("");
                json!({"type": "text_delta", "text": text})
            }
        };
        let start = json!({"type": "content_block_start", "index": index, "content_block": block});
        stream.event(&start)?;
        stream.event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))?;
        stream.event(&json!({"type": "content_block_stop", "index": index}))?;
    }
    stream.event(&json!({
        "type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null},
        "usage": {"output_tokens": 42},
    }))?;
    stream.event(&json!({"type": "message_stop"}))
}

fn anthropic_block(act: &Act) -> Value {
    match act {
        Act::Text(text) => json!({"type": "text", "text": text}),
        Act::Tool { name, input } => {
            json!({"type": "tool_use", "id": fresh("toolu"), "name": name, "input": input})
        }
        Act::Refuse(_) => Value::Null,
    }
}

pub fn responses(
    body: &Value,
    words: Option<String>,
    limit: Limit,
    stream: &mut Stream,
) -> io::Result<()> {
    let mut progress = Progress::new(limit.is_over);
    for item in list(&body["input"]) {
        if item["role"] == "user" {
            progress.user(&text_of(&item["content"]));
        }
        if item["type"].as_str().is_some_and(|t| t.ends_with("_output")) {
            progress.result();
        }
    }
    let acts = match words {
        Some(words) => vec![Act::Text(words)],
        None => progress.next(&responses_tools(body)),
    };
    if let Some(status) = refused(&acts) {
        return stream.refuse(status, &refusals::openai(status, limit));
    }
    let response = |status: &str, output: &[Value]| {
        json!({"id": "resp_scripted", "object": "response", "status": status, "output": output,
            "usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 42, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 142}})
    };
    stream.begin()?;
    let created = response("in_progress", &[]);
    stream.event(&json!({"type": "response.created", "response": created}))?;
    let mut output = Vec::new();
    for (index, act) in acts.iter().enumerate() {
        pace(&acts);
        let item = responses_item(act, body);
        let mut begun = item.clone();
        begun["status"] = json!("in_progress");
        if let Act::Text(_) = act {
            begun["content"] = json!([]);
        }
        stream.event(&json!({"type": "response.output_item.added", "output_index": index,
            "item": begun}))?;
        if let Act::Text(text) = act {
            let at = |kind: &str, more: Value| {
                let mut event = json!({"type": kind, "item_id": item["id"], "output_index": index,
                    "content_index": 0});
                if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
                    event.extend(more);
                }
                event
            };
            stream.event(&at("response.output_text.delta", json!({"delta": text})))?;
            stream.event(&at("response.output_text.done", json!({"text": text})))?;
        }
        stream.event(&json!({"type": "response.output_item.done", "output_index": index,
            "item": item}))?;
        output.push(item);
    }
    let completed = response("completed", &output);
    stream.event(&json!({"type": "response.completed", "response": completed}))
}

/// Tools by name; those of an MCP server are in a namespace, written `namespace::name` here.
fn responses_tools(body: &Value) -> Tools {
    let mut tools = Tools::new();
    for tool in list(&body["tools"]) {
        let Some(name) = tool["name"].as_str().or_else(|| tool["type"].as_str()) else { continue };
        let inner = list(&tool["tools"]).iter().filter(|_| tool["type"] == "namespace");
        let inner = inner.filter_map(|t| Some((t["name"].as_str()?, &t["parameters"])));
        tools.extend(inner.map(|(own, schema)| (format!("{name}::{own}"), schema.clone())));
        if tool["type"] != "namespace" {
            tools.insert(name.to_owned(), tool["parameters"].clone());
        }
    }
    tools
}

fn responses_item(act: &Act, body: &Value) -> Value {
    match act {
        Act::Text(text) => json!({
            "type": "message", "id": fresh("msg"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }),
        Act::Tool { name, input } => {
            let custom = list(&body["tools"])
                .iter()
                .any(|t| t["type"] == "custom" && t["name"] == name.as_str());
            let call = fresh("call");
            let text = input.as_str().map_or_else(|| input.to_string(), str::to_owned);
            let (kind, key) = match custom {
                true => ("custom_tool_call", "input"),
                false => ("function_call", "arguments"),
            };
            let (space, name) = match name.split_once("::") {
                Some((space, name)) => (Some(space), name),
                None => (None, name.as_str()),
            };
            let mut item = json!({"type": kind, "id": fresh("fc"), "call_id": call, "name": name,
                key: text, "status": "completed"});
            if let Some(space) = space {
                item["namespace"] = json!(space);
            }
            item
        }
        Act::Refuse(_) => Value::Null,
    }
}

pub fn chat(
    body: &Value,
    words: Option<String>,
    limit: Limit,
    stream: &mut Stream,
) -> io::Result<()> {
    let mut progress = Progress::new(limit.is_over);
    for message in list(&body["messages"]) {
        match message["role"].as_str() {
            Some("user") => progress.user(&text_of(&message["content"])),
            Some("tool") => progress.result(),
            _ => {}
        }
    }
    let named = |t: &Value| {
        let function = &t["function"];
        Some((function["name"].as_str()?.to_owned(), function["parameters"].clone()))
    };
    let tools: Tools = list(&body["tools"]).iter().filter_map(named).collect();
    let acts = match words {
        Some(words) => vec![Act::Text(words)],
        None => progress.next(&tools),
    };
    if let Some(status) = refused(&acts) {
        return stream.refuse(status, &refusals::openai(status, limit));
    }
    let called = acts.iter().any(|a| matches!(a, Act::Tool { .. }));
    let finish = if called { "tool_calls" } else { "stop" };
    let prompt = prompt_tokens(body);
    let usage =
        json!({"prompt_tokens": prompt, "completion_tokens": 42, "total_tokens": prompt + 42});
    let id = fresh("chatcmpl");
    if body["stream"] != json!(true) {
        let texts = acts.iter().filter_map(|a| match a {
            Act::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let mut message = json!({"role": "assistant", "content": Vec::from_iter(texts).concat()});
        if called {
            message["tool_calls"] = chat_calls(&acts);
        }
        let choice = json!({"index": 0, "message": message, "finish_reason": finish});
        return stream.json(
            200,
            &json!({"id": id, "object": "chat.completion", "created": 1,
            "model": body["model"], "choices": [choice], "usage": usage}),
        );
    }
    let chunk = |choices: Value| {
        json!({"id": id, "object": "chat.completion.chunk", "created": 1, "model": body["model"],
            "choices": choices})
    };
    let data = |value: Value| format!("data: {value}\n\n");
    let delta = |delta: Value, finish: Value| {
        data(chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}])))
    };
    stream.begin()?;
    stream.raw(&delta(json!({"role": "assistant", "content": ""}), Value::Null))?;
    for act in &acts {
        pace(&acts);
        if let Act::Text(text) = act {
            stream.raw(&delta(json!({"content": text}), Value::Null))?;
        }
    }
    if called {
        stream.raw(&delta(json!({"tool_calls": chat_calls(&acts)}), Value::Null))?;
    }
    stream.raw(&delta(json!({}), json!(finish)))?;
    let mut last = chunk(json!([]));
    last["usage"] = usage;
    stream.raw(&data(last))?;
    stream.raw("data: [DONE]\n\n")
}

/// As many as a model would count, a hundred at least: who sent more is told if some was not read.
fn prompt_tokens(body: &Value) -> usize {
    (body["messages"].to_string().len() / 4).max(100)
}

fn chat_calls(acts: &[Act]) -> Value {
    let calls = acts.iter().filter_map(|act| match act {
        Act::Tool { name, input } => Some((name, input.to_string())),
        Act::Text(_) | Act::Refuse(_) => None,
    });
    calls
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({"index": index, "id": fresh("call"), "type": "function",
                "function": {"name": name, "arguments": arguments}})
        })
        .collect()
}

pub fn gemini(
    body: &Value,
    words: Option<String>,
    limit: Limit,
    streaming: bool,
    stream: &mut Stream,
) -> io::Result<()> {
    let mut progress = Progress::new(limit.is_over);
    for content in list(&body["contents"]) {
        for part in list(&content["parts"]) {
            if content["role"] == "user"
                && let Some(text) = part["text"].as_str()
            {
                progress.user(text);
            }
            if !part["functionResponse"].is_null() {
                progress.result();
            }
        }
    }
    let declared = list(&body["tools"]).iter().flat_map(|t| list(&t["functionDeclarations"]));
    let tools: Tools = declared
        .filter_map(|f| {
            let schema = match &f["parametersJsonSchema"] {
                Value::Null => &f["parameters"],
                schema => schema,
            };
            Some((f["name"].as_str()?.to_owned(), schema.clone()))
        })
        .collect();
    let mut acts = progress.next(&tools);
    if let Some(filled) = gemini_structured(&body["generationConfig"]) {
        acts = vec![Act::Text(filled.to_string())];
    }
    if let Some(words) = words {
        acts = vec![Act::Text(words)];
    }
    if let Some(status) = refused(&acts) {
        return stream.refuse(status, &refusals::gemini(status, limit));
    }
    let parts: Vec<Value> = acts.iter().map(gemini_part).collect();
    if !streaming {
        return stream.json(200, &gemini_chunk(&parts, true));
    }
    stream.begin()?;
    for part in parts {
        pace(&acts);
        stream.raw(&format!("data: {}\n\n", gemini_chunk(&[part], false)))?;
    }
    stream.raw(&format!("data: {}\n\n", gemini_chunk(&[json!({"text": ""})], true)))
}

fn gemini_part(act: &Act) -> Value {
    match act {
        Act::Text(text) => json!({"text": text}),
        Act::Tool { name, input } => json!({"functionCall": {"name": name, "args": input}}),
        Act::Refuse(_) => Value::Null,
    }
}

fn gemini_chunk(parts: &[Value], last: bool) -> Value {
    let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
    if last {
        candidate["finishReason"] = json!("STOP");
    }
    json!({"candidates": [candidate], "modelVersion": "scripted", "responseId": fresh("r"),
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 42,
            "totalTokenCount": 142}})
}

/// An answer to a question of the agent's own (which model to take, who speaks next): every
/// property of the schema it gave, filled in.
fn gemini_structured(config: &Value) -> Option<Value> {
    let schema = match (&config["responseJsonSchema"], &config["responseSchema"]) {
        (Value::Null, Value::Null) => return None,
        (Value::Null, schema) | (schema, _) => schema,
    };
    let filled = schema["properties"].as_object()?.iter().map(|(name, property)| {
        let kind = property["type"].as_str().unwrap_or_default().to_lowercase();
        let value = match (name.as_str(), kind.as_str(), list(&property["enum"]).first()) {
            ("next_speaker", ..) => json!("user"),
            ("model_choice", ..) => json!("flash"),
            (_, _, Some(first)) => first.clone(),
            (_, "string", None) => json!("scripted"),
            (_, "boolean", None) => json!(false),
            (_, "array", None) => json!([]),
            _ => json!(1),
        };
        (name.clone(), value)
    });
    Some(Value::Object(filled.collect()))
}
