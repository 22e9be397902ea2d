//! The events that can start a routine, and how a definition names them (`pull_request.opened`, `release.*`).
//!
//! Source of the actions: GitHub's "Webhook events and payloads".

use crate::definition::nearest_word;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    PullRequest,
    Release,
    Issues,
    IssueComment,
    PullRequestReview,
    CheckSuite,
    WorkflowRun,
    Push,
}

const ALL: [EventKind; 8] = [
    EventKind::PullRequest,
    EventKind::Release,
    EventKind::Issues,
    EventKind::IssueComment,
    EventKind::PullRequestReview,
    EventKind::CheckSuite,
    EventKind::WorkflowRun,
    EventKind::Push,
];

const PULL_REQUEST: &[&str] = &[
    "assigned",
    "auto_merge_disabled",
    "auto_merge_enabled",
    "closed",
    "converted_to_draft",
    "demilestoned",
    "dequeued",
    "edited",
    "enqueued",
    "labeled",
    "locked",
    "milestoned",
    "opened",
    "ready_for_review",
    "reopened",
    "review_request_removed",
    "review_requested",
    "synchronize",
    "unassigned",
    "unlabeled",
    "unlocked",
];
const RELEASE: &[&str] =
    &["created", "deleted", "edited", "prereleased", "published", "released", "unpublished"];
const ISSUES: &[&str] = &[
    "assigned",
    "closed",
    "deleted",
    "demilestoned",
    "edited",
    "labeled",
    "locked",
    "milestoned",
    "opened",
    "pinned",
    "reopened",
    "transferred",
    "unassigned",
    "unlabeled",
    "unlocked",
    "unpinned",
];

impl EventKind {
    /// As in the header `X-GitHub-Event`.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::PullRequest => "pull_request",
            EventKind::Release => "release",
            EventKind::Issues => "issues",
            EventKind::IssueComment => "issue_comment",
            EventKind::PullRequestReview => "pull_request_review",
            EventKind::CheckSuite => "check_suite",
            EventKind::WorkflowRun => "workflow_run",
            EventKind::Push => "push",
        }
    }

    /// None: such an event starts no routine.
    pub fn of_name(name: &str) -> Option<EventKind> {
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The actions a definition may name; none for an event without actions.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            EventKind::PullRequest => PULL_REQUEST,
            EventKind::Release => RELEASE,
            EventKind::Issues => ISSUES,
            EventKind::IssueComment => &["created", "deleted", "edited"],
            EventKind::PullRequestReview => &["dismissed", "edited", "submitted"],
            EventKind::CheckSuite | EventKind::WorkflowRun => &["completed"],
            EventKind::Push => &[],
        }
    }

    /// Somebody speaks to the agent in it, so a trigger has to say whose words it takes.
    pub fn is_speech(self) -> bool {
        matches!(self, EventKind::IssueComment | EventKind::PullRequestReview)
    }
}

/// One entry of `events`. As text `kind.action`, `kind.*` for all actions, or `push`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventPattern {
    pub kind: EventKind,
    /// None: any action.
    pub action: Option<String>,
}

impl EventPattern {
    pub fn takes(&self, kind: EventKind, action: Option<&str>) -> bool {
        self.kind == kind && (self.action.is_none() || self.action.as_deref() == action)
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match &self.action {
            Some(action) => write!(f, ".{action}"),
            None if self.kind.actions().is_empty() => Ok(()),
            None => f.write_str(".*"),
        }
    }
}

impl TryFrom<String> for EventPattern {
    type Error = String;

    fn try_from(text: String) -> Result<EventPattern, String> {
        pattern(&text)
    }
}

impl From<EventPattern> for String {
    fn from(pattern: EventPattern) -> String {
        pattern.to_string()
    }
}

/// The error is one sentence that names the nearest event.
pub fn pattern(text: &str) -> Result<EventPattern, String> {
    let (name, action) = match text.split_once('.') {
        Some((name, action)) => (name, Some(action)),
        None => (text, None),
    };
    let names = ALL.map(EventKind::name);
    let Some(kind) = EventKind::of_name(name) else {
        let hint = match nearest_word(name, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", names.join(", ")),
        };
        return Err(format!("`{name}` is no event that starts a routine; {hint}"));
    };
    let actions = kind.actions();
    match action {
        None if actions.is_empty() => Ok(EventPattern { kind, action: None }),
        None => {
            Err(format!("`{name}` needs an action; write `{name}.{}` or `{name}.*`", actions[0]))
        }
        Some(_) if actions.is_empty() => Err(format!("`{name}` has no actions; write `{name}`")),
        Some("*") => Ok(EventPattern { kind, action: None }),
        Some(action) if actions.contains(&action) => {
            Ok(EventPattern { kind, action: Some(action.to_owned()) })
        }
        Some(action) => {
            let hint = match nearest_word(action, actions) {
                Some(near) => format!("did you mean `{name}.{near}`?"),
                None => format!("known are {}", actions.join(", ")),
            };
            Err(format!("`{name}` has no action `{action}` here; {hint}"))
        }
    }
}
