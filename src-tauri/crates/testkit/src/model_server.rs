//! A scripted model on loopback: drives real agents without a model, an account or a bill.
//!
//! A prompt that holds `@@bash <command>@@`, `@@write <path>@@`, `@@ask@@`, `@@slow <words>@@`,
//! `@@tool <name> <JSON>@@`, `@@status <http status>@@` or `@@fail@@` makes it do just that, in order,
//! each once, by calling the agent's own tool of that kind, or for `tool` that of an MCP server; then
//! it answers with text. Refusals by status look like the
//! vendors' own (a usage limit with its reset time, overload, sign-in, credit). Speaks the streaming Anthropic Messages, OpenAI Responses and
//! Chat, and Gemini interfaces, as far as agents need them.
//!
//! A rule set by `answer` comes before all scripts: it sees the request as it came in and says what the
//! model says to it, or how it fails.
//!
//! Promise: binds loopback only, on a free port; ends with its owner.
//! Must not know: any agent's protocol with its host.

mod dialects;
mod http;
mod refusals;
mod rule;
mod script;

use http::{Request, Stream};
use nightshift_platform::clock;
use refusals::Limit;
pub use rule::{Asked, Saying};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A limit lasts this long unless the test says otherwise.
const LIMIT_LASTS_S: u64 = 3_600;

/// When the usage limit ends that `@@status 429@@` meets.
#[derive(Clone, Copy)]
enum LimitEnds {
    /// After the test: at this time, in seconds since the epoch.
    At(u64),
    /// When the test says so. Until then each refusal says that it ends in so many seconds.
    Soon {
        in_s: u64,
    },
    Over,
}

impl LimitEnds {
    fn now(self) -> Limit {
        let now_s = clock::now().0 / 1000;
        match self {
            LimitEnds::At(resets_s) => Limit { resets_s, is_over: false },
            LimitEnds::Soon { in_s } => Limit { resets_s: now_s + in_s, is_over: false },
            LimitEnds::Over => Limit { resets_s: now_s, is_over: true },
        }
    }
}

fn limit_now(limit: &Mutex<LimitEnds>) -> Limit {
    limit.lock().map_or(LimitEnds::Over, |limit| *limit).now()
}

/// What a test wants to be said to a request; none where the script decides.
type Rule = Arc<dyn Fn(&Asked) -> Option<Saying> + Send + Sync>;

/// Serves until dropped.
pub struct ModelServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    rule: Arc<Mutex<Option<Rule>>>,
    limit: Arc<Mutex<LimitEnds>>,
    ending: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl ModelServer {
    pub fn start() -> io::Result<ModelServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ending = Arc::new(AtomicBool::new(false));
        let ends = LimitEnds::At(clock::now().0 / 1000 + LIMIT_LASTS_S);
        let limit = Arc::new(Mutex::new(ends));
        let rule = Arc::new(Mutex::new(None));
        let (log, stop, rules) = (Arc::clone(&asked), Arc::clone(&ending), Arc::clone(&rule));
        let limits = Arc::clone(&limit);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (log, limits) = (Arc::clone(&log), Arc::clone(&limits));
                let rules = Arc::clone(&rules);
                // Agents keep several connections; each is short and ends with its client.
                std::thread::spawn(move || {
                    // A client that goes away in the middle is what cancelling looks like.
                    serve(stream, &log, &rules, limit_now(&limits)).ok();
                });
            }
        });
        Ok(ModelServer { address, asked, rule, limit, ending, listener: Some(listener) })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When usage limits end, in seconds since the epoch: an hour after the start of the server.
    pub fn resets_s(&self) -> u64 {
        limit_now(&self.limit).resets_s
    }

    /// From now on a limit does not end before `limit_ends`, and says each time that it ends in
    /// `in_s` seconds: a request meets it however long the machine takes to send it.
    pub fn limit_resets_in(&self, in_s: u64) {
        self.set_limit(LimitEnds::Soon { in_s });
    }

    pub fn limit_ends(&self) {
        self.set_limit(LimitEnds::Over);
    }

    fn set_limit(&self, ends: LimitEnds) {
        if let Ok(mut limit) = self.limit.lock() {
            *limit = ends;
        }
    }

    /// From now on requests are answered by `rule`; those for which it has nothing, by their script.
    pub fn answer(&self, rule: impl Fn(&Asked) -> Option<Saying> + Send + Sync + 'static) {
        if let Ok(mut set) = self.rule.lock() {
            *set = Some(Arc::new(rule));
        }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().map(|all| all.clone()).unwrap_or_default()
    }

    /// The variables that point the agent with this registry id here, over a clean environment
    /// with `home` as its home. Agents that want a file get it written below `home`.
    pub fn environment(&self, agent: &str, home: &Path) -> io::Result<BTreeMap<String, String>> {
        let url = self.url();
        let mut env = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), home.to_string_lossy().into_owned()),
        ]);
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        match agent {
            "gemini" => {
                set("GOOGLE_GEMINI_BASE_URL", &url);
                set("GEMINI_API_KEY", "scripted");
            }
            "claude" => {
                set("ANTHROPIC_BASE_URL", &url);
                set("ANTHROPIC_API_KEY", "scripted");
                // Refusals are what a test wants to see, and not ten attempts.
                set("CLAUDE_CODE_MAX_RETRIES", "0");
            }
            "claude-subscription" => {
                set("ANTHROPIC_BASE_URL", &url);
                set("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-scripted");
                set("CLAUDE_CODE_MAX_RETRIES", "0");
            }
            // Not signed in to anything.
            "nobody" => {}
            "codex" => {
                set("SCRIPTED_API_KEY", "scripted");
                let config = home.join(".codex/config.toml");
                std::fs::create_dir_all(home.join(".codex"))?;
                std::fs::write(config, codex_config(&url))?;
            }
            _ => {
                set("OPENAI_BASE_URL", &format!("{url}/v1"));
                set("OPENAI_API_KEY", "scripted");
                set("OPENAI_MODEL", "scripted");
            }
        }
        Ok(env)
    }
}

fn codex_config(url: &str) -> String {
    format!(
        "model = \"scripted\"\nmodel_provider = \"scripted\"\n\n[model_providers.scripted]\n\
         name = \"Scripted\"\nbase_url = \"{url}/v1\"\nwire_api = \"responses\"\n\
         env_key = \"SCRIPTED_API_KEY\"\nrequest_max_retries = 0\nstream_max_retries = 0\n"
    )
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to end.
        TcpStream::connect(self.address).ok();
        if let Some(listener) = self.listener.take() {
            listener.join().ok();
        }
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    rules: &Mutex<Option<Rule>>,
    limit: Limit,
) -> io::Result<()> {
    let (request, mut stream) = http::read(stream)?;
    let Request { method, path, headers, body } = request;
    let path = path.split('?').next().unwrap_or_default().to_owned();
    if method == "HEAD" {
        return stream.json(200, &json!({}));
    }
    if method == "GET" {
        let models = json!([{"id": "scripted", "object": "model", "type": "model",
            "display_name": "scripted", "created_at": "2025-01-01T00:00:00Z"}]);
        return stream.json(200, &json!({"object": "list", "data": models, "has_more": false}));
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let asked = Asked { path: path.clone(), headers, body: body.clone() };
    if let Ok(mut log) = log.lock() {
        log.push(asked.clone());
    }
    let rule = rules.lock().ok().and_then(|rule| rule.clone());
    let saying = rule.and_then(|rule| rule(&asked));
    let words = match saying {
        None => None,
        Some(Saying::Words(words)) => Some(words),
        Some(Saying::Slow(words)) => {
            stream.is_slow = true;
            Some(words)
        }
        Some(Saying::Refuse(status)) if path.ends_with("/messages") => {
            return stream.refuse(status, &refusals::anthropic(status, limit));
        }
        Some(Saying::Refuse(status)) => {
            return stream.refuse(status, &refusals::openai(status, limit));
        }
        Some(Saying::Json(status, body)) => return stream.json(status, &body),
        Some(Saying::Page(status, text)) => return stream.page(status, &text),
        Some(Saying::Redirect(to)) => return stream.redirect(&to),
        Some(Saying::Hang) => return stream.hang(),
    };
    answer(&path, &body, words, limit, &mut stream)
}

fn answer(
    path: &str,
    body: &Value,
    words: Option<String>,
    limit: Limit,
    stream: &mut Stream,
) -> io::Result<()> {
    if path.contains("countTokens") {
        return stream.json(200, &json!({"totalTokens": 100}));
    }
    if path.ends_with("/count_tokens") {
        return stream.json(200, &json!({"input_tokens": 100}));
    }
    if path.ends_with("/messages") {
        return dialects::anthropic(body, words, limit, stream);
    }
    if path.ends_with("/responses") {
        return dialects::responses(body, words, limit, stream);
    }
    if path.ends_with("/chat/completions") {
        return dialects::chat(body, words, limit, stream);
    }
    if path.to_lowercase().contains("generatecontent") {
        return dialects::gemini(body, words, limit, path.contains("stream"), stream);
    }
    stream.json(404, &json!({"error": {"message": format!("no such path: {path}")}}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn post(server: &ModelServer, path: &str, body: &Value) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let body = body.to_string();
        let length = body.len();
        write!(stream, "POST {path} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn every_dialect_calls_the_tool_once_and_then_answers() {
        let server = ModelServer::start().unwrap();
        let prompt = "please @@bash echo hi@@";
        let schema = json!({"type": "object", "properties": {"command": {"type": "string"}}});
        let cases = [
            (
                "/v1/messages",
                json!({"stream": true, "tools": [{"name": "Bash", "input_schema": schema}],
                "messages": [{"role": "user", "content": prompt}]}),
                json!({"stream": true, "tools": [{"name": "Bash", "input_schema": schema}],
                "messages": [{"role": "user", "content": prompt}, {"role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": "hi"}]}]}),
            ),
            (
                "/v1/responses",
                json!({"tools": [{"type": "function", "name": "shell", "parameters": schema}],
                "input": [{"role": "user", "content": [{"type": "input_text", "text": prompt}]}]}),
                json!({"tools": [{"type": "function", "name": "shell", "parameters": schema}],
                "input": [{"role": "user", "content": [{"type": "input_text", "text": prompt}]},
                {"type": "function_call_output", "output": "hi"}]}),
            ),
            (
                "/v1/chat/completions",
                json!({"stream": true,
                "tools": [{"function": {"name": "bash", "parameters": schema}}],
                "messages": [{"role": "user", "content": prompt}]}),
                json!({"stream": true,
                "tools": [{"function": {"name": "bash", "parameters": schema}}],
                "messages": [{"role": "user", "content": prompt}, {"role": "tool",
                "content": "hi"}]}),
            ),
            (
                "/v1beta/models/scripted:streamGenerateContent",
                json!({"tools": [{"functionDeclarations": [
                {"name": "run_shell_command", "parametersJsonSchema": schema}]}],
                "contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
                json!({"tools": [{"functionDeclarations": [
                {"name": "run_shell_command", "parametersJsonSchema": schema}]}],
                "contents": [{"role": "user", "parts": [{"text": prompt}]},
                {"role": "user", "parts": [{"functionResponse": {}}]}]}),
            ),
        ];
        for (path, first, second) in cases {
            let called = post(&server, path, &first);
            assert!(called.contains("echo hi"), "{path}: {called}");
            let ended = post(&server, path, &second);
            assert!(!ended.contains("echo hi"), "{path}: {ended}");
            assert!(ended.contains("done"), "{path}: {ended}");
        }
        assert_eq!(server.asked().len(), 8);
    }

    #[test]
    fn a_failure_is_an_error_of_the_interface() {
        let server = ModelServer::start().unwrap();
        let body = json!({"messages": [{"role": "user", "content": "@@fail@@"}]});
        let answer = post(&server, "/v1/messages", &body);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}
