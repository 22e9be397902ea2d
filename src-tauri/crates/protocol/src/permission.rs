//! What the user allowed or rejected for good: rules, and what a request must be for one to hold.
//!
//! Must not know: how a request tells what it is about, where rules are kept.

use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

/// What a request is about. Two requests with the same subject would do the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The kind of tool, with the vendor's own name for it where that is told: `execute Bash`.
    pub tool: String,
    /// The command, or the files, a line each, as a person reads it.
    pub what: String,
    /// All of it that matters, for comparing.
    pub exactly: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PermissionVerdict {
    Allow,
    Reject,
}

/// One answer of the user's that holds from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct PermissionRule {
    pub id: String,
    pub at: Millis,
    /// The session that was answered. In it the rule holds wherever it works.
    pub session: String,
    /// Registry id of the agent that asked: it holds for no other.
    pub agent: String,
    /// The repository's main checkout, or the directory of a session without one: it holds for every
    /// session there.
    pub project: String,
    /// Which repository or directory that was: it does not hold for another that is made at the same path. None in
    /// rules of older versions, which hold for any there.
    #[serde(default)]
    pub identity: Option<String>,
    pub verdict: PermissionVerdict,
    pub subject: Subject,
}

impl PermissionRule {
    /// Whether it decides this request. `project`: where the session works, and which one that is.
    pub fn decides(
        &self,
        session: &str,
        agent: &str,
        (project, identity): (&str, Option<&str>),
        subject: &Subject,
    ) -> bool {
        let is_it = self.identity.is_none() || self.identity.as_deref() == identity;
        let there = is_it && (self.session == session || self.project == project);
        let same = self.subject.tool == subject.tool && self.subject.exactly == subject.exactly;
        self.agent == agent && there && same
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PermissionAct {
    List,
    /// Takes away the rule with this id or unique beginning of one; the answer holds it.
    Revoke {
        id: String,
    },
}
