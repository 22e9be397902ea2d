//! One event of GitHub's, as far as routines need it, from a webhook's payload or from objects of the REST API.
//!
//! Promises: the same event has the same key both ways, also when the object has changed since; what others wrote is
//! cut to bounds; a payload that lacks what every event has is refused with the name of what is missing.
//! Must not know: signatures, headers, HTTP.

use super::kinds::EventKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// GitHub's own bound for bodies.
const BODY_MAX_CHARS: usize = 65_536;
const TITLE_MAX_CHARS: usize = 1_000;
/// Logins, branches, hashes.
const WORD_MAX_CHARS: usize = 300;
const URL_MAX_CHARS: usize = 2_000;
/// As many as GitHub lets one have on an issue.
const LABELS_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    /// None for a push.
    pub action: Option<String>,
    /// `owner/name` as GitHub writes it.
    pub repository: String,
    /// GitHub's id of the object; of a push the commit it leads to.
    pub object_id: String,
    /// What tells this happening from others to the same object with the same action; see `Event::key`.
    pub version: String,
    /// Of the pull request or issue.
    pub number: Option<u64>,
    /// The page to look at.
    pub url: Option<String>,
    /// Who made the pull request, issue, comment, review or release; who pushed.
    pub author: Option<String>,
    /// Who caused this event. Only webhooks say it.
    pub actor: Option<String>,
    /// How its author stands to the repository, in capitals.
    pub author_association: Option<String>,
    pub title: Option<String>,
    pub body: Option<String>,
    pub base: Option<String>,
    pub head: Option<String>,
    pub head_sha: Option<String>,
    pub labels: Vec<String>,
    pub draft: Option<bool>,
    pub merged: Option<bool>,
    /// Its code comes from another repository. A fork that is gone counts.
    pub fork: bool,
    /// Wall milliseconds.
    pub updated_ms: Option<i64>,
}

/// What a webhook brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    Event(Box<Event>),
    /// GitHub tries the address.
    Ping,
    /// An event or action that starts no routine; its name.
    Other(String),
}

/// Why a payload is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload of `{event}` has no `{missing}`")]
pub struct Malformed {
    pub event: String,
    pub missing: &'static str,
}

impl Event {
    /// Unique for what happened: repository, event, action, object, version.
    pub fn key(&self) -> String {
        let action = self.action.as_deref().unwrap_or_default();
        let repository = self.repository.to_lowercase();
        format!("{repository} {}.{action} {} {}", self.kind.name(), self.object_id, self.version)
    }

    /// `owner/name#7` where it is about a pull request: such runs are serialised.
    pub fn pull_request(&self) -> Option<String> {
        let about = matches!(self.kind, EventKind::PullRequest | EventKind::PullRequestReview);
        let number = self.number.filter(|_| about)?;
        Some(format!("{}#{number}", self.repository.to_lowercase()))
    }
}

/// From the body of a webhook; `event` is its header `X-GitHub-Event`.
pub fn from_webhook(event: &str, payload: &Value) -> Result<Received, Malformed> {
    if event == "ping" {
        return Ok(Received::Ping);
    }
    let other = |action: Option<&str>| {
        let name = action.map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"));
        Ok(Received::Other(clip(&name, WORD_MAX_CHARS)))
    };
    let action = payload.get("action").and_then(Value::as_str);
    let Some(kind) = EventKind::of_name(event) else { return other(action) };
    if !kind.actions().is_empty() && !action.is_some_and(|action| kind.actions().contains(&action))
    {
        return other(action);
    }
    let missing = |missing| Malformed { event: event.to_owned(), missing };
    let repository =
        text(payload, &["repository", "full_name"]).ok_or_else(|| missing("repository"))?;
    let object = match kind {
        EventKind::Push => payload,
        _ => payload.get(object_name(kind)).ok_or_else(|| missing(object_name(kind)))?,
    };
    if kind == EventKind::Push && object.get("deleted") == Some(&Value::Bool(true)) {
        return other(Some("deleted"));
    }
    let beside = match kind {
        EventKind::IssueComment => payload.get("issue"),
        EventKind::PullRequestReview => payload.get("pull_request"),
        _ => None,
    };
    let detail = text(payload, &["label", "name"])
        .or_else(|| text(payload, &["assignee", "login"]))
        .or_else(|| text(payload, &["requested_reviewer", "login"]))
        .or_else(|| text(payload, &["requested_team", "slug"]));
    let source =
        Source { kind, action, repository: &repository, object, beside, detail: detail.as_deref() };
    let mut event = source.event()?;
    event.actor = text(payload, &["sender", "login"]);
    Ok(Received::Event(Box::new(event)))
}

/// An object of the REST API and what was seen to happen to it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub kind: EventKind,
    pub action: Option<&'a str>,
    /// `owner/name`
    pub repository: &'a str,
    /// The pull request, release, issue, comment, review, check suite or workflow run; of a push
    /// `{ref, after, head_commit?, pusher?}`.
    pub object: &'a Value,
    /// The issue of a comment, the pull request of a review.
    pub beside: Option<&'a Value>,
    /// The label, assignee or reviewer that came or went.
    pub detail: Option<&'a str>,
}

impl Source<'_> {
    pub fn event(&self) -> Result<Event, Malformed> {
        let object = self.object;
        let missing = |missing| Malformed { event: self.kind.name().to_owned(), missing };
        let push = self.kind == EventKind::Push;
        let object_id = if push { text(object, &["after"]) } else { number_text(object, "id") };
        let object_id = object_id.ok_or_else(|| missing(if push { "after" } else { "id" }))?;
        let about = self.beside.unwrap_or(object);
        let updated = ["updated_at", "submitted_at", "published_at", "created_at"];
        let updated = updated.iter().find_map(|name| text(object, &[name]));
        let updated = updated.or_else(|| text(object, &["head_commit", "timestamp"]));
        let mut event = Event {
            kind: self.kind,
            action: self.action.map(str::to_owned),
            repository: clip(self.repository, WORD_MAX_CHARS),
            object_id,
            version: self.version(updated.as_deref()),
            number: about.get("number").and_then(Value::as_u64),
            url: long(object, "html_url", URL_MAX_CHARS)
                .or_else(|| long(about, "html_url", URL_MAX_CHARS)),
            author: text(object, &["user", "login"])
                .or_else(|| text(object, &["author", "login"]))
                .or_else(|| text(object, &["actor", "login"]))
                .or_else(|| text(object, &["pusher", "name"])),
            actor: None,
            author_association: text(object, &["author_association"])
                .map(|name| name.to_uppercase()),
            title: long(about, "title", TITLE_MAX_CHARS)
                .or_else(|| long(about, "name", TITLE_MAX_CHARS)),
            body: long(object, "body", BODY_MAX_CHARS),
            base: text(about, &["base", "ref"]),
            head: text(about, &["head", "ref"]).or_else(|| text(object, &["head_branch"])),
            head_sha: text(about, &["head", "sha"]).or_else(|| text(object, &["head_sha"])),
            labels: labels(about),
            draft: about.get("draft").and_then(Value::as_bool),
            merged: merged(about),
            fork: self.is_fork(about),
            updated_ms: updated
                .and_then(|at| at.parse::<Timestamp>().ok())
                .map(Timestamp::as_millisecond),
        };
        self.complete(&mut event);
        Ok(event)
    }

    /// What single kinds have elsewhere.
    fn complete(&self, event: &mut Event) {
        let object = self.object;
        match self.kind {
            EventKind::Push => {
                let branch = text(object, &["ref"])
                    .map(|name| name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned());
                event.base = branch;
                event.head_sha = Some(event.object_id.clone());
                event.url = long(object, "compare", URL_MAX_CHARS);
                let message = object
                    .get("head_commit")
                    .and_then(|commit| long(commit, "message", BODY_MAX_CHARS));
                event.title =
                    message.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
                event.body = message;
            }
            EventKind::Release => {
                event.base = text(object, &["target_commitish"]);
                event.title = event.title.take().or_else(|| text(object, &["tag_name"]));
            }
            EventKind::CheckSuite | EventKind::WorkflowRun => {
                let first = object.get("pull_requests").and_then(|all| all.get(0));
                event.number = first.and_then(|pull| pull.get("number")).and_then(Value::as_u64);
                event.base = first.and_then(|pull| text(pull, &["base", "ref"]));
            }
            EventKind::PullRequest | EventKind::Issues => {}
            EventKind::IssueComment | EventKind::PullRequestReview => {}
        }
    }

    /// Chosen so that an object seen later still gives it: what happens to an object only once needs none; the
    /// rest has its own time or the commit.
    fn version(&self, updated: Option<&str>) -> String {
        let object = self.object;
        let updated = updated.unwrap_or_default();
        let detail = self.detail.unwrap_or_default();
        match (self.kind, self.action.unwrap_or_default()) {
            (EventKind::Push, _) => text(object, &["ref"]).unwrap_or_default(),
            (EventKind::PullRequest | EventKind::Issues, "opened") => String::new(),
            (EventKind::IssueComment, "created") => String::new(),
            (EventKind::PullRequestReview, "submitted" | "dismissed") => String::new(),
            (EventKind::Release, "created" | "released" | "prereleased") => String::new(),
            (EventKind::Release, "published") => {
                text(object, &["published_at"]).unwrap_or_default()
            }
            (EventKind::PullRequest, "synchronize") => {
                text(object, &["head", "sha"]).unwrap_or_default()
            }
            (EventKind::PullRequest | EventKind::Issues, "closed") => {
                text(object, &["closed_at"]).unwrap_or_default()
            }
            (EventKind::WorkflowRun, _) => number_text(object, "run_attempt").unwrap_or_default(),
            (_, _) if detail.is_empty() => updated.to_owned(),
            (_, _) => format!("{updated} {detail}"),
        }
    }

    fn is_fork(&self, about: &Value) -> bool {
        match self.kind {
            EventKind::PullRequest | EventKind::PullRequestReview => {
                let from = text(about, &["head", "repo", "full_name"]);
                from.is_none_or(|from| !from.eq_ignore_ascii_case(self.repository))
            }
            EventKind::WorkflowRun => {
                let from = text(self.object, &["head_repository", "full_name"]);
                from.is_none_or(|from| !from.eq_ignore_ascii_case(self.repository))
            }
            // Commits of forks have no branch here.
            EventKind::CheckSuite => text(self.object, &["head_branch"]).is_none(),
            EventKind::Release | EventKind::Issues | EventKind::IssueComment | EventKind::Push => {
                false
            }
        }
    }
}

fn object_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::PullRequest => "pull_request",
        EventKind::Release => "release",
        EventKind::Issues => "issue",
        EventKind::IssueComment => "comment",
        EventKind::PullRequestReview => "review",
        EventKind::CheckSuite => "check_suite",
        EventKind::WorkflowRun => "workflow_run",
        EventKind::Push => "after",
    }
}

fn clip(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

/// Short text at a path. Empty is none.
fn text(value: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, name| value.get(name))?;
    found.as_str().filter(|text| !text.is_empty()).map(|text| clip(text, WORD_MAX_CHARS))
}

fn long(value: &Value, name: &str, max_chars: usize) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(|text| clip(text, max_chars))
}

fn number_text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_u64().map(|number| number.to_string())
}

fn labels(value: &Value) -> Vec<String> {
    let all = value.get("labels").and_then(Value::as_array);
    let names = all.into_iter().flatten().filter_map(|label| text(label, &["name"]));
    names.take(LABELS_MAX).collect()
}

/// Lists of the REST API leave `merged` out and give `merged_at`.
fn merged(value: &Value) -> Option<bool> {
    let flag = value.get("merged").and_then(Value::as_bool);
    flag.or_else(|| value.get("merged_at").map(|at| !at.is_null()))
}
