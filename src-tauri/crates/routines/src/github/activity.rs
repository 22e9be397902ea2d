//! Entries of the REST API's list of a repository's events (`GET /repos/{owner}/{repo}/events`), which polling reads.
//!
//! Source: GitHub's "GitHub event types". An entry holds what the webhook would have brought, under other names.
//! Promise: what it gives has the webhook's key. GitHub leaves parts of the objects out at times; whoever polls puts
//! the whole object in its place, or the event counts as one of a fork, whose code nobody knows.

use super::event::{Malformed, Received, from_webhook};
use super::kinds::EventKind;
use serde_json::{Map, Value};

const TYPES: [(&str, EventKind); 6] = [
    ("PullRequestEvent", EventKind::PullRequest),
    ("ReleaseEvent", EventKind::Release),
    ("IssuesEvent", EventKind::Issues),
    ("IssueCommentEvent", EventKind::IssueComment),
    ("PullRequestReviewEvent", EventKind::PullRequestReview),
    ("PushEvent", EventKind::Push),
];

/// Check suites and workflow runs are not in this list; they have lists of their own (`Source`).
pub fn from_activity(entry: &Value) -> Result<Received, Malformed> {
    let name = entry.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == name) else {
        return Ok(Received::Other(name.chars().take(NAME_MAX_CHARS).collect()));
    };
    let mut payload = entry.get("payload").and_then(Value::as_object).cloned().unwrap_or_default();
    let named = |from: &str, name: &str, to: &str| {
        let value = entry.get(from).and_then(|from| from.get(name)).cloned().unwrap_or_default();
        Value::Object(Map::from_iter([(to.to_owned(), value)]))
    };
    payload.insert("repository".to_owned(), named("repo", "name", "full_name"));
    payload.insert("sender".to_owned(), named("actor", "login", "login"));
    match kind {
        EventKind::Push => {
            payload.insert("pusher".to_owned(), named("actor", "login", "name"));
            let head = payload.get("head").cloned().unwrap_or_default();
            payload.entry("after").or_insert(head);
        }
        EventKind::PullRequestReview => {
            let action = match payload.get("action").and_then(Value::as_str) {
                Some("created") => "submitted",
                Some("updated") => "edited",
                Some(other) => other,
                None => "submitted",
            };
            let action = Value::from(action);
            payload.insert("action".to_owned(), action);
        }
        EventKind::PullRequest | EventKind::Release | EventKind::Issues => {}
        EventKind::IssueComment | EventKind::CheckSuite | EventKind::WorkflowRun => {}
    }
    from_webhook(kind.name(), &Value::Object(payload))
}

/// Of types that start no routine; the longest that GitHub has is 30.
const NAME_MAX_CHARS: usize = 100;
