//! The Anthropic Messages interface.
//!
//! Source: its public reference, version 2023-06-01. No tools, no streaming: one short answer.

use crate::call::Call;
use crate::evaluator::{Ask, Completion};
use crate::http::{Post, post};
use crate::keys::Key;
use crate::trouble::Trouble;
use crate::usage::Usage;
use serde_json::{Value, json};

const VERSION: &str = "2023-06-01";

#[derive(Clone, Debug)]
pub(crate) struct Messages {
    pub base_url: String,
    pub key: Option<Key>,
}

impl Messages {
    pub fn complete(
        &self,
        model: &str,
        max_tokens: u32,
        ask: &Ask<'_>,
        call: &Call<'_>,
    ) -> Result<Completion, Trouble> {
        let base = self.base_url.trim_end_matches('/');
        let path = if base.ends_with("/v1") { "/messages" } else { "/v1/messages" };
        let mut headers = vec![("anthropic-version", VERSION.to_owned())];
        if let Some(key) = &self.key {
            headers.push(match key.is_token {
                true => ("authorization", format!("Bearer {}", key.value())),
                false => ("x-api-key", key.value().to_owned()),
            });
        }
        let body = json!({
            "model": model,
            "max_tokens": max_tokens,
            "system": ask.prompt.system,
            "messages": ask.messages(),
        });
        let url = format!("{base}{path}");
        let answer = post(&Post { url: &url, headers, key: self.key.as_ref(), body: &body }, call)?;
        Ok(read(&answer))
    }
}

fn read(answer: &Value) -> Completion {
    let blocks = answer["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = blocks.iter().filter(|block| block["type"] == "text");
    let text = texts.filter_map(|block| block["text"].as_str()).collect();
    let count = |name: &str| answer["usage"][name].as_u64().unwrap_or(0);
    let usage = Usage {
        input_tokens: count("input_tokens")
            + count("cache_creation_input_tokens")
            + count("cache_read_input_tokens"),
        output_tokens: count("output_tokens"),
        cost_usd_micros: None,
    };
    let stopped = match answer["stop_reason"].as_str() {
        Some("max_tokens") => Some("it was cut off; set `max_tokens` in [judge] higher"),
        Some("refusal") => Some("the model refused to answer"),
        _ => None,
    };
    Completion { text, usage, stopped }
}
