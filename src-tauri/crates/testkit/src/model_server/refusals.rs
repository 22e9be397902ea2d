//! How the vendors' interfaces refuse a request, by HTTP status.
//!
//! Sources: the public error references of the Anthropic, OpenAI and Gemini interfaces, and what
//! their own agents do with each.

use serde_json::{Value, json};

/// The usage limit that status 429 is about.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Seconds since the epoch.
    pub resets_s: u64,
    pub is_over: bool,
}

pub struct Refusal {
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

/// Without it clients try again and again before they tell anybody.
const NO_RETRY: (&str, &str) = ("x-should-retry", "false");
const TOO_LONG: &str = "prompt is too long: 210000 tokens > 200000 maximum";
const NO_CREDIT: &str = "Your credit balance is too low to access the Anthropic API. Please go to \
    Plans & Billing to upgrade or purchase credits.";

fn no_retry() -> Vec<(&'static str, String)> {
    vec![(NO_RETRY.0, NO_RETRY.1.to_owned())]
}

pub fn anthropic(status: u16, limit: Limit) -> Refusal {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", NO_CREDIT),
        429 => ("rate_limit_error", "This request would exceed your account's rate limit."),
        529 => ("overloaded_error", "Overloaded"),
        404 => ("not_found_error", "model: scripted"),
        413 => ("invalid_request_error", TOO_LONG),
        _ => ("invalid_request_error", "scripted failure"),
    };
    let mut headers = no_retry();
    if status == 429 {
        let resets = limit.resets_s.to_string();
        headers.extend([
            ("anthropic-ratelimit-unified-status", "rejected".to_owned()),
            ("anthropic-ratelimit-unified-reset", resets),
            ("anthropic-ratelimit-unified-representative-claim", "five_hour".to_owned()),
        ]);
    }
    let error = json!({"type": kind, "message": message});
    Refusal { headers, body: json!({"type": "error", "error": error}) }
}

pub fn openai(status: u16, limit: Limit) -> Refusal {
    let error = match status {
        401 => json!({"type": "invalid_request_error", "code": "invalid_api_key",
            "message": "Incorrect API key provided: scripted."}),
        402 => json!({"type": "insufficient_quota", "code": "insufficient_quota",
            "message": "You exceeded your current quota, please check your plan and billing details."}),
        429 => json!({"type": "usage_limit_reached", "plan_type": "plus",
            "message": "The usage limit has been reached", "resets_at": limit.resets_s}),
        503 | 529 => json!({"type": "server_error", "code": "server_is_overloaded",
            "message": "The server is overloaded"}),
        404 => json!({"type": "invalid_request_error", "code": "model_not_found",
            "message": "The model `scripted` does not exist or you do not have access to it."}),
        413 => json!({"type": "invalid_request_error", "code": "context_length_exceeded",
            "message": "This model's maximum context length is 8192 tokens."}),
        _ => json!({"type": "invalid_request_error", "message": "scripted failure"}),
    };
    Refusal { headers: no_retry(), body: json!({"error": error}) }
}

pub fn gemini(status: u16, limit: Limit) -> Refusal {
    let (name, message) = match status {
        401 => ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        402 => ("FAILED_PRECONDITION", "Your prepayment credits are depleted."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        503 => ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        _ => ("INVALID_ARGUMENT", "scripted failure"),
    };
    let mut error = json!({"code": status, "status": name, "message": message});
    if status == 429 {
        let quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
        let now_s = nightshift_platform::clock::now().0 / 1000;
        let delay = format!("{}s", limit.resets_s.saturating_sub(now_s));
        error["details"] = json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"quotaId": quota, "quotaMetric":
                    "generativelanguage.googleapis.com/generate_content_free_tier_requests"}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
        ]);
    }
    Refusal { headers: Vec::new(), body: json!({"error": error}) }
}
