//! Chat completions as OpenAI defined them: gateways, vendors, and models on the user's own machine.
//!
//! Sources: OpenAI's public reference; Ollama's notes on its compatibility.

use crate::call::Call;
use crate::evaluator::{Ask, Completion};
use crate::http::{Post, post};
use crate::keys::Key;
use crate::trouble::{Trouble, TroubleKind};
use crate::usage::Usage;
use serde_json::{Value, json};

/// Below this nobody drops the beginning of a prompt.
const SURELY_READ_TOKENS: u64 = 4_000;
/// Our estimate is high; but not this much.
const ESTIMATE_FACTOR: u64 = 4;

#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub base_url: String,
    pub key: Option<Key>,
}

impl Chat {
    pub fn complete(
        &self,
        model: &str,
        max_tokens: u32,
        ask: &Ask<'_>,
        call: &Call<'_>,
    ) -> Result<Completion, Trouble> {
        let url = self.url();
        let mut messages = vec![json!({"role": "system", "content": ask.prompt.system})];
        messages.extend(ask.messages());
        let mut body = json!({
            "model": model,
            "messages": messages,
            "stream": false,
            "max_tokens": max_tokens,
            "response_format": {"type": "json_object"},
        });
        loop {
            let headers = match &self.key {
                Some(key) => vec![("authorization", format!("Bearer {}", key.value()))],
                None => Vec::new(),
            };
            let request = Post { url: &url, headers, key: self.key.as_ref(), body: &body };
            match post(&request, call) {
                Ok(answer) => return read(&answer, ask.prompt.size()),
                // Ends: each time something is taken out that does not come back.
                Err(trouble) if without(&mut body, &trouble.message) => {}
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// A bare host means the usual path.
    fn url(&self) -> String {
        let base = self.base_url.trim_end_matches('/');
        let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
        format!("{base}{}/chat/completions", if has_path { "" } else { "/v1" })
    }
}

/// Takes out of `body` what the server says it does not know; models and servers differ. False when
/// it was about something else.
fn without(body: &mut Value, said: &str) -> bool {
    let Some(body) = body.as_object_mut() else { return false };
    if said.contains("max_tokens")
        && said.contains("max_completion_tokens")
        && let Some(most) = body.remove("max_tokens")
    {
        body.insert("max_completion_tokens".to_owned(), most);
        return true;
    }
    said.contains("response_format") && body.remove("response_format").is_some()
}

fn read(answer: &Value, estimate: u64) -> Result<Completion, Trouble> {
    let choice = &answer["choices"][0];
    let text = match &choice["message"]["content"] {
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        content => content.as_str().unwrap_or_default().to_owned(),
    };
    let count = |name: &str| answer["usage"][name].as_u64().unwrap_or(0);
    let usage = Usage {
        input_tokens: count("prompt_tokens"),
        output_tokens: count("completion_tokens"),
        cost_usd_micros: None,
    };
    let read = usage.input_tokens;
    if read > 0 && estimate > SURELY_READ_TOKENS && estimate / ESTIMATE_FACTOR > read {
        let message = format!(
            "the model read {read} tokens of a question of about {estimate}: its server dropped the rest"
        );
        let mut trouble = Trouble::new(TroubleKind::ContextOverflow, message);
        trouble.usage = usage;
        return Err(trouble);
    }
    let stopped = match choice["finish_reason"].as_str() {
        Some("length") => Some("it was cut off; set `max_tokens` in [judge] higher"),
        Some("content_filter") => Some("the server's filter refused it"),
        _ => None,
    };
    Ok(Completion { text, usage, stopped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_host_means_the_usual_path() {
        for (base, expected) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
            ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1/chat/completions"),
            ("https://gateway.example/v1/", "https://gateway.example/v1/chat/completions"),
            ("https://gateway.example/llm", "https://gateway.example/llm/chat/completions"),
        ] {
            let chat = Chat { base_url: base.into(), key: None };
            assert_eq!(chat.url(), expected);
        }
    }

    #[test]
    fn a_prompt_that_was_silently_cut_is_told() {
        let answer = |tokens: u64| json!({"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": tokens, "completion_tokens": 1}});
        assert!(read(&answer(9_000), 20_000).is_ok());
        assert!(read(&answer(0), 20_000).is_ok());
        assert!(read(&answer(10), 3_000).is_ok());
        let trouble = read(&answer(2_048), 20_000).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::ContextOverflow);
        assert_eq!(trouble.usage.input_tokens, 2_048);
    }
}
