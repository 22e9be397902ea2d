//! `POST /v1/github/{id}`: what GitHub tells.
//!
//! Promise: nothing of a body is read as anything but bytes before its signature is right.

use crate::answer::{self, error};
use crate::app::{App, find, kept, one, shown};
use crate::limits::GITHUB_MAX_BYTES;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use nightshift_protocol::calls;
use nightshift_protocol::intake::{Attempt, EventCall, IntakeAct, IntakeResult, Refusal, Secret};
use nightshift_routines::github::{Event, Received, from_webhook};
use ring::hmac::{HMAC_SHA256, Key, verify};
use serde_json::{Value, json};
use std::sync::Arc;

const SIGNATURE: &str = "x-hub-signature-256";
const EVENT: &str = "x-github-event";
const DELIVERY: &str = "x-github-delivery";
/// Never the signature.
const KEPT: [&str; 5] = [EVENT, DELIVERY, "x-github-hook-id", "user-agent", "content-type"];
/// In hexadecimal.
const SIGNATURE_CHARS: usize = 64;

pub async fn webhook(
    State(app): State<Arc<App>>,
    Path(routine): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match take(&app, &routine, &headers, body).await {
        Ok(response) => response,
        Err((refused, body)) => {
            note(&app, routine, &headers, ("rejected", refused.status, &refused.message), body);
            error(&refused)
        }
    }
}

fn note(
    app: &Arc<App>,
    routine: String,
    headers: &HeaderMap,
    (verdict, status, reason): (&str, u16, &str),
    body: String,
) {
    app.tell(Attempt {
        routine,
        kind: "webhook".to_owned(),
        verdict: verdict.to_owned(),
        status,
        reason: reason.to_owned(),
        headers: kept(headers, &KEPT),
        body,
    });
}

async fn take(
    app: &Arc<App>,
    routine: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, (Refusal, String)> {
    let unread = |refused| (refused, String::new());
    let serving = app.serving();
    let known = find(&serving, routine).filter(|routine| !routine.secrets.is_empty());
    let known = known.ok_or_else(|| unread(answer::not_found()))?;
    let signature = one(headers, SIGNATURE).and_then(signature);
    let signature = signature.ok_or_else(|| {
        unread(answer::unauthenticated("a signature is missing: `X-Hub-Signature-256`"))
    })?;
    let body = app.body(headers, body, GITHUB_MAX_BYTES).await.map_err(unread)?;
    if !is_signed(&known.secrets, &body.bytes, &signature) {
        return Err(unread(answer::unauthenticated("the signature is wrong")));
    }
    let shown = shown(&body.bytes);
    let (name, received) =
        read(headers, &body.bytes).map_err(|refused| (refused, shown.clone()))?;
    drop(body);
    let event = match received {
        Received::Event(event) => event,
        Received::Ping => return Ok(said("ping", None)),
        Received::Other(other) => {
            let reason = format!("`{other}` starts no routine");
            note(app, routine.to_owned(), headers, ("ignored", 200, &reason), shown);
            return Ok(said("ignored", None));
        }
    };
    tracing::debug!("{name} for {routine}");
    Ok(hand_over(app, routine, headers, &event, shown).await)
}

async fn hand_over(
    app: &Arc<App>,
    routine: &str,
    headers: &HeaderMap,
    event: &Event,
    body: String,
) -> Response {
    let Ok(event) = serde_json::to_value(event) else {
        return error(&answer::refusal(500, "api_error", "the event cannot be handed on"));
    };
    let call = EventCall {
        routine: Some(routine.to_owned()),
        event,
        guid: one(headers, DELIVERY).map(str::to_owned),
        headers: kept(headers, &KEPT),
        body,
    };
    match app.client.ask(calls::Intake { act: IntakeAct::Event(Box::new(call)) }).await {
        Ok(IntakeResult::Event { verdict, occurrence }) => said(&verdict, occurrence.as_deref()),
        Ok(_) => error(&answer::refusal(500, "api_error", "the answer is not understood")),
        // GitHub shows it as failed and lets it be sent again.
        Err(fault) => error(&answer::of_fault(&fault)),
    }
}

fn said(verdict: &str, occurrence: Option<&str>) -> Response {
    Json(json!({ "verdict": verdict, "occurrence": occurrence })).into_response()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<(String, Received), Refusal> {
    let name = one(headers, EVENT);
    let name = name.ok_or_else(|| answer::invalid("a header is missing: `X-GitHub-Event`"))?;
    let kind = one(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let message = "content-type: choose `application/json` in the settings of the webhook";
        return Err(answer::invalid(message));
    }
    let payload: Value = serde_json::from_slice(body)
        .map_err(|e| answer::invalid(format!("the body is not JSON: {e}")))?;
    let received =
        from_webhook(name, &payload).map_err(|malformed| answer::invalid(malformed.to_string()))?;
    Ok((name.to_owned(), received))
}

/// The bytes of `sha256=<64 digits>`.
fn signature(value: &str) -> Option<Vec<u8>> {
    let digits = value.trim().strip_prefix("sha256=")?;
    if digits.len() != SIGNATURE_CHARS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..SIGNATURE_CHARS).step_by(2).map(byte).collect()
}

/// Whether one of the secrets has signed these bytes. All are tried, each as long.
pub fn is_signed(secrets: &[Secret], body: &[u8], signature: &[u8]) -> bool {
    secrets.iter().fold(false, |signed, secret| {
        let key = Key::new(HMAC_SHA256, secret.0.as_bytes());
        verify(&key, body, signature).is_ok() || signed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As GitHub's documentation of webhooks has it.
    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn the_documented_signature_is_right_for_its_bytes_and_secret_alone() {
        let secret = |text: &str| Secret(text.to_owned());
        let documented = signature(DOCUMENTED).unwrap();
        let right = secret("It's a Secret to Everybody");
        assert!(is_signed(std::slice::from_ref(&right), b"Hello, World!", &documented));
        assert!(is_signed(&[secret("new"), right.clone()], b"Hello, World!", &documented));
        assert!(is_signed(&[right.clone(), secret("new")], b"Hello, World!", &documented));
        assert!(!is_signed(&[right], b"Hello, World?", &documented));
        assert!(!is_signed(&[secret("other")], b"Hello, World!", &documented));
        assert!(!is_signed(&[], b"Hello, World!", &documented));
    }

    #[test]
    fn a_signature_is_64_digits_with_its_name() {
        for wrong in ["", "sha256=", "sha1=757107ea", &DOCUMENTED[..70], &DOCUMENTED[7..]] {
            assert_eq!(signature(wrong), None, "{wrong}");
        }
        assert_eq!(signature(&format!("{}é", &DOCUMENTED[..69])), None);
        assert!(signature(&DOCUMENTED.to_uppercase().replace("SHA", "sha")).is_some());
    }
}
