//! `POST /v1/claude_code/routines/{id}/fire`: a call with a token. Its paths, headers, bodies and answers are those of the
//! reference; `Idempotency-Key` is ours.
//!
//! Promise: the token is checked before a byte of the body is read.

use crate::answer::{self, error};
use crate::app::{App, find, kept, one, shown};
use crate::limits::{FIRE_MAX_BYTES, KEY_MAX_CHARS};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use nightshift_protocol::calls;
use nightshift_protocol::intake::{
    Attempt, FireCall, Fired, IntakeAct, IntakeResult, Refusal, Secret, Serving,
};
use nightshift_routines::payload::FIRE_TEXT_MAX_CHARS;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq;

const VERSION: &str = "2023-06-01";
const BETA: &str = "experimental-cc-routine-2026-04-01";
/// Whoever knows the same key is told so.
const REPLAYED: &str = "idempotent-replayed";
/// Never the token.
const KEPT: [&str; 5] =
    ["user-agent", "content-type", "anthropic-version", "anthropic-beta", "idempotency-key"];

pub async fn fire(
    State(app): State<Arc<App>>,
    Path(routine): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let serving = app.serving();
    let checked = match check(&app, &serving, &routine, &headers) {
        Ok(hash) => call(&app, routine.clone(), hash, &headers, body).await,
        Err(refused) => Err(refused),
    };
    let call = match checked {
        Ok(call) => call,
        Err(refused) => return turned_away(&app, routine, &headers, &refused),
    };
    let act = IntakeAct::Fire(Box::new(call));
    match app.client.ask(calls::Intake { act }).await {
        Ok(IntakeResult::Fired { fired: Fired::Started { session, replayed } }) => {
            started(&session, replayed)
        }
        // The supervisor has noted it.
        Ok(IntakeResult::Fired { fired: Fired::Refused(refused) }) => error(&refused),
        Ok(_) => error(&answer::refusal(500, "api_error", "the answer is not understood")),
        Err(fault) => error(&answer::of_fault(&fault)),
    }
}

fn started(session: &str, replayed: bool) -> Response {
    let body = json!({
        "type": "routine_fire",
        "claude_code_session_id": format!("session_{session}"),
        "claude_code_session_url": format!("nightshift://session/{session}"),
    });
    let mut response = Json(body).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn turned_away(
    app: &Arc<App>,
    routine: String,
    headers: &HeaderMap,
    refused: &Refusal,
) -> Response {
    let verdict = if refused.status == 429 { "rate_limited" } else { "rejected" };
    app.tell(Attempt {
        routine,
        kind: "api".to_owned(),
        verdict: verdict.to_owned(),
        status: refused.status,
        reason: refused.message.clone(),
        headers: kept(headers, &KEPT),
        body: String::new(),
    });
    error(refused)
}

/// The hash of the token, once it is one of the routine's.
fn check(
    app: &App,
    serving: &Serving,
    routine: &str,
    headers: &HeaderMap,
) -> Result<Secret, Refusal> {
    let token = bearer(headers)
        .ok_or_else(|| answer::unauthenticated("a token is missing: `Authorization: Bearer …`"))?;
    let hash = hash(token);
    let known = find(serving, routine);
    let wrong = || answer::unauthenticated("the token is not one of this routine");
    let Some(known) = known else {
        // Only whoever has a token is told what there is not.
        let anyones = serving.routines.iter().any(|it| own(&it.tokens, &hash).is_some());
        return Err(if anyones { answer::not_found() } else { wrong() });
    };
    let id = own(&known.tokens, &hash).ok_or_else(wrong)?;
    app.count(&id)?;
    check_versions(headers)?;
    Ok(hash)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = one(headers, AUTHORIZATION.as_str())?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn hash(token: &str) -> Secret {
    let digest = digest(&SHA256, token.as_bytes());
    Secret(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The id of the token with this hash. All are compared, each as long.
fn own(tokens: &[(String, Secret)], hash: &Secret) -> Option<String> {
    let same = |known: &Secret| bool::from(known.0.as_bytes().ct_eq(hash.0.as_bytes()));
    let found =
        tokens.iter().fold(None, |found, (id, known)| if same(known) { Some(id) } else { found });
    found.cloned()
}

fn check_versions(headers: &HeaderMap) -> Result<(), Refusal> {
    match one(headers, "anthropic-version") {
        Some(version) if version.trim() == VERSION => {}
        Some(_) => return Err(answer::invalid(format!("anthropic-version: only {VERSION}"))),
        None => return Err(answer::invalid("anthropic-version: header is required")),
    }
    let betas = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    if betas.flat_map(|value| value.split(',')).any(|beta| beta.trim() == BETA) {
        return Ok(());
    }
    Err(answer::invalid(format!("anthropic-beta: it must contain `{BETA}`")))
}

async fn call(
    app: &App,
    routine: String,
    hash: Secret,
    headers: &HeaderMap,
    body: Body,
) -> Result<FireCall, Refusal> {
    let idempotency_key = key(headers)?;
    let body = app.body(headers, body, FIRE_MAX_BYTES).await?;
    let text = text(headers, &body.bytes)?;
    let (headers, body) = (kept(headers, &KEPT), shown(&body.bytes));
    Ok(FireCall { routine, hash, text, idempotency_key, headers, body })
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    if !headers.contains_key("idempotency-key") {
        return Ok(None);
    }
    let fits = |key: &&str| {
        let visible = key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        !key.trim().is_empty() && key.len() <= KEY_MAX_CHARS && visible
    };
    match one(headers, "idempotency-key").filter(fits) {
        Some(key) => Ok(Some(key.trim().to_owned())),
        None => Err(answer::invalid(format!(
            "idempotency-key: one value of at most {KEY_MAX_CHARS} visible characters"
        ))),
    }
}

/// What the body says; unknown fields are for others.
fn text(headers: &HeaderMap, body: &[u8]) -> Result<Option<String>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let kind = one(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(answer::invalid("content-type: a body is `application/json`"));
    }
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|e| answer::invalid(format!("the body is not JSON: {e}")))?;
    let Value::Object(fields) = parsed else {
        return Err(answer::invalid("the body is not a JSON object"));
    };
    match fields.get("text") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > FIRE_TEXT_MAX_CHARS => {
            Err(answer::invalid(format!("text: at most {FIRE_TEXT_MAX_CHARS} characters")))
        }
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(answer::invalid("text: a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn the_beta_may_be_one_of_a_list() {
        for (betas, good) in [
            (vec![BETA], true),
            (vec!["other, experimental-cc-routine-2026-04-01"], true),
            (vec!["other", BETA], true),
            (vec!["experimental-cc-routine-2026-04-010"], false),
            (vec!["other"], false),
            (vec![], false),
        ] {
            let mut all = headers(&[("anthropic-version", VERSION)]);
            for beta in &betas {
                all.append("anthropic-beta", HeaderValue::from_str(beta).unwrap());
            }
            assert_eq!(check_versions(&all).is_ok(), good, "{betas:?}");
        }
        let only_beta = headers(&[("anthropic-beta", BETA)]);
        assert_eq!(check_versions(&only_beta).unwrap_err().status, 400);
    }

    #[test]
    fn a_body_is_optional_and_its_unknown_fields_are_passed_over() {
        let json = headers(&[("content-type", "application/json; charset=utf-8")]);
        let none = HeaderMap::new();
        let long = format!("{{\"text\":\"{}\"}}", "é".repeat(FIRE_TEXT_MAX_CHARS + 1));
        let most = format!("{{\"text\":\"{}\"}}", "é".repeat(FIRE_TEXT_MAX_CHARS));
        for (headers, body, expected) in [
            (&none, "", Ok(None)),
            (&json, "", Ok(None)),
            (&json, "{}", Ok(None)),
            (&json, "{\"text\":null}", Ok(None)),
            (&json, "{\"text\":\"hi\",\"more\":[1]}", Ok(Some("hi".to_owned()))),
            (&none, "{}", Err(())),
            (&json, "{", Err(())),
            (&json, "[]", Err(())),
            (&json, "{\"text\":1}", Err(())),
            (&json, long.as_str(), Err(())),
        ] {
            assert_eq!(text(headers, body.as_bytes()).map_err(|_| ()), expected);
        }
        assert!(text(&json, most.as_bytes()).unwrap().is_some());
    }

    #[test]
    fn a_token_stands_in_one_header_after_its_scheme() {
        for (value, token) in [
            ("Bearer nst_a", Some("nst_a")),
            ("bearer  nst_a ", Some("nst_a")),
            ("Basic nst_a", None),
            ("Bearer ", None),
            ("nst_a", None),
        ] {
            assert_eq!(bearer(&headers(&[("authorization", value)])), token, "{value}");
        }
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert_eq!(bearer(&twice), None);
    }

    #[test]
    fn a_key_is_one_short_visible_word() {
        let key = |value: &str| key(&headers(&[("idempotency-key", value)]));
        assert_eq!(key(" a-1 ").unwrap().as_deref(), Some("a-1"));
        assert!(key("").is_err() && key(&"a".repeat(KEY_MAX_CHARS + 1)).is_err());
        let twice = headers(&[("idempotency-key", "a"), ("idempotency-key", "b")]);
        assert!(super::key(&twice).is_err());
    }
}
