//! One request with a JSON body and its answer.
//!
//! Promise: ends at the deadline or when the call is called off; no redirect is followed, because
//! that would hand the key to somebody else; answers are bounded; proxies are those of the caller's
//! environment, and none is used for this machine.

use crate::call::Call;
use crate::keys::Key;
use crate::limits::{BODY_MAX_BYTES, CONNECT_TIMEOUT, LOOK_PAUSE};
use crate::trouble::{Said, Trouble, TroubleKind, of_status};
use nightshift_model::Millis;
use nightshift_platform::clock;
use serde_json::Value;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use ureq::http::{HeaderMap, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy, ProxyProtocol};

pub(crate) struct Post<'a> {
    pub url: &'a str,
    pub headers: Vec<(&'static str, String)>,
    pub key: Option<&'a Key>,
    pub body: &'a Value,
}

/// The answer's body, when the server did what it was asked.
pub(crate) fn post(post: &Post<'_>, call: &Call<'_>) -> Result<Value, Trouble> {
    let uri: Uri = post.url.parse().map_err(|_| wrong_address(post.url))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
        return Err(wrong_address(post.url));
    }
    let agent = agent(&uri, call, call.left()?);
    let body = post.body.to_string();
    let answered = std::thread::scope(|scope| {
        let (sender, answers) = channel();
        let worker = agent.clone();
        scope.spawn(move || {
            let answer = send(&worker, post, &body);
            // Nobody listens any more when the call was called off.
            sender.send(answer).ok();
        });
        loop {
            match answers.recv_timeout(LOOK_PAUSE) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if call.is_called_off() => {
                    agent.shutdown();
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    });
    call.left()?;
    let lost = || Trouble::new(TroubleKind::Network, "the request ended without an answer");
    let answer = answered.ok_or_else(lost)?.map_err(|error| unreached(&error, &uri, call))?;
    read(answer, post.key)
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

fn agent(uri: &Uri, call: &Call<'_>, left: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(left))
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .proxy(proxy(uri, call))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .user_agent(concat!("nightshift/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn send(agent: &Agent, post: &Post<'_>, body: &str) -> Result<Answer, ureq::Error> {
    let mut request = agent.post(post.url).header("content-type", "application/json");
    for (name, value) in &post.headers {
        request = request.header(*name, value);
    }
    let mut response = request.send(body)?;
    let limit = BODY_MAX_BYTES as u64;
    let text = response.body_mut().with_config().limit(limit).lossy_utf8(true).read_to_string()?;
    let (parts, _) = response.into_parts();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
}

fn read(answer: Answer, key: Option<&Key>) -> Result<Value, Trouble> {
    let Answer { status, headers, text } = answer;
    let text = key.map_or_else(|| text.clone(), |key| key.hidden_in(&text));
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if !(200..300).contains(&status) {
        let resets = resets(&headers, &body);
        return Err(of_status(status, &Said::of(&body, &text), resets));
    }
    if body.is_object() {
        return Ok(body);
    }
    let message = format!("what the evaluator's server answered is not JSON: {text}");
    let hint = "see whether `base_url` in [judge] is right";
    Err(Trouble::new(TroubleKind::NotUnderstood, message).hint(hint))
}

fn wrong_address(url: &str) -> Trouble {
    let message = format!("`{url}` is no address of a server");
    Trouble::new(TroubleKind::NotConfigured, message).hint("set `base_url` in [judge]")
}

fn unreached(error: &ureq::Error, uri: &Uri, call: &Call<'_>) -> Trouble {
    if matches!(error, ureq::Error::Timeout(ureq::Timeout::Global)) {
        return call.too_late();
    }
    let host = uri.authority().map_or("the server", |authority| authority.as_str());
    Trouble::new(TroubleKind::Network, format!("{host} cannot be reached: {error}"))
}

/// As programs of the session would do it.
fn proxy(uri: &Uri, call: &Call<'_>) -> Option<Proxy> {
    let host = uri.host()?;
    if host == "localhost" || host.starts_with("127.") || host.trim_matches(['[', ']']) == "::1" {
        return None;
    }
    let names: &[&str] = match uri.scheme_str() {
        Some("https") => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let address = names.iter().find_map(|name| call.variable(name))?;
    let plain = Proxy::new(address).ok()?;
    let protocol = match plain.protocol() {
        ProxyProtocol::Http => ProxyProtocol::Http,
        ProxyProtocol::Https => ProxyProtocol::Https,
        // Of other kinds we speak none.
        _ => return None,
    };
    let mut builder = Proxy::builder(protocol).host(plain.host()).port(plain.port());
    if let (Some(name), Some(word)) = (plain.username(), plain.password()) {
        builder = builder.username(name).password(word);
    }
    let none = call.variable("no_proxy").or_else(|| call.variable("NO_PROXY")).unwrap_or_default();
    for pattern in none.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
        builder = builder.no_proxy(pattern);
        // A bare domain is meant with everything below it.
        if !pattern.starts_with(['.', '*']) {
            builder = builder.no_proxy(&format!(".{pattern}"));
        }
    }
    builder.build().ok()
}

/// When a limit ends, in any of the ways servers say it.
fn resets(headers: &HeaderMap, body: &Value) -> Option<Millis> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let now = clock::now();
    let in_seconds = |seconds: f64| {
        (seconds.is_finite() && seconds >= 0.0).then(|| Millis(now.0 + (seconds * 1000.0) as u64))
    };
    let at_seconds = |seconds: f64| (seconds > 0.0).then_some(Millis((seconds * 1000.0) as u64));
    let at_text = |text: &str| {
        let at: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Millis)
    };
    header("anthropic-ratelimit-unified-reset")
        .and_then(|text| text.parse().ok().and_then(at_seconds))
        .or_else(|| header("retry-after")?.parse().ok().and_then(in_seconds))
        .or_else(|| body["error"]["resets_at"].as_f64().and_then(at_seconds))
        .or_else(|| body["error"]["resets_in_seconds"].as_f64().and_then(in_seconds))
        .or_else(|| {
            let names = ["requests", "tokens", "input-tokens", "output-tokens"];
            let all = names
                .iter()
                .filter_map(|name| at_text(header(&format!("anthropic-ratelimit-{name}-reset"))?));
            all.max()
        })
}
