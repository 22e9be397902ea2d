//! Answers, and errors in the form of the reference.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nightshift_protocol::Fault;
use nightshift_protocol::intake::Refusal;
use serde_json::json;

pub fn refusal(status: u16, kind: &str, message: impl Into<String>) -> Refusal {
    Refusal { status, kind: kind.to_owned(), message: message.into(), retry_after_s: None }
}

pub fn invalid(message: impl Into<String>) -> Refusal {
    refusal(400, "invalid_request_error", message)
}

pub fn unauthenticated(message: &str) -> Refusal {
    refusal(401, "authentication_error", message)
}

pub fn not_found() -> Refusal {
    refusal(404, "not_found_error", "there is no such routine")
}

pub fn too_large(max_bytes: usize) -> Refusal {
    refusal(413, "request_too_large", format!("the body is larger than {max_bytes} bytes"))
}

pub fn too_often(retry_after_s: u64) -> Refusal {
    let refused = refusal(429, "rate_limit_error", "too many requests; try again later");
    Refusal { retry_after_s: Some(retry_after_s.max(1)), ..refused }
}

pub fn overloaded(message: &str) -> Refusal {
    Refusal { retry_after_s: Some(5), ..refusal(503, "overloaded_error", message) }
}

/// What the supervisor could not do. It is told here and not to whoever called.
pub fn of_fault(fault: &Fault) -> Refusal {
    tracing::warn!("the supervisor: {fault}");
    overloaded("it cannot be taken now; try again later")
}

/// As it goes out.
pub fn error(refused: &Refusal) -> Response {
    let body = json!({
        "type": "error",
        "error": { "type": refused.kind, "message": refused.message },
    });
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = refused.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
