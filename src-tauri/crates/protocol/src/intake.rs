//! Events from outside: what people ask of tokens and deliveries, and what the intake process and the supervisor tell
//! each other.
//!
//! Promise: a token or a secret is in one reply only, the one to whoever made it, and `Debug` shows none. Times are
//! wall milliseconds. Must not know: HTTP, how anything is checked.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Text that must not be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a client wants of what comes from outside. `routine` is a name or an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutsideAct {
    /// A new token for the routine's fire address. Answered when that can be reached.
    TokenCreate {
        routine: String,
    },
    /// Of one routine, or of all.
    TokenList {
        #[serde(default)]
        routine: Option<String>,
    },
    /// Another token in the place of this one, which ends at once.
    TokenRotate {
        token: String,
    },
    TokenRevoke {
        token: String,
    },
    /// A secret by which GitHub signs what it sends to the routine's webhook.
    SecretCreate {
        routine: String,
    },
    /// A new secret; the old one counts for some days more.
    SecretRotate {
        routine: String,
    },
    SecretRevoke {
        routine: String,
    },
    /// What came, newest first.
    Deliveries {
        routine: String,
        /// The `next` of the page before.
        #[serde(default)]
        before: Option<i64>,
        limit: u32,
    },
    /// What listens.
    Status,
}

impl OutsideAct {
    pub fn only_reads(&self) -> bool {
        matches!(
            self,
            OutsideAct::TokenList { .. } | OutsideAct::Deliveries { .. } | OutsideAct::Status
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutsideResult {
    Made(TokenMade),
    Tokens { tokens: Vec<TokenView> },
    Revoked { id: String },
    Deliveries(DeliveryPage),
    Status(IntakeStatus),
}

/// A token or a secret that was made. This is the only time that it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMade {
    pub id: String,
    /// The routine's name.
    pub routine: String,
    pub token: Secret,
    /// Where it is used.
    pub url: String,
    /// Until then the one before counts too.
    #[serde(default)]
    pub previous_until: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: String,
    pub routine: String,
    /// `fire` or `webhook`.
    pub kind: String,
    pub url: Option<String>,
    pub created_at: i64,
    pub rotated_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// Until then the one before it counts too.
    pub previous_until: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryPage {
    pub deliveries: Vec<DeliveryView>,
    /// For the page after this one; none when this is the last.
    pub next: Option<i64>,
}

/// One attempt to bring an event, whatever became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryView {
    pub id: String,
    pub routine: String,
    pub at: i64,
    /// `api`, `webhook` or `poll`.
    pub kind: String,
    /// `accepted`, `duplicate`, `ignored`, `rejected` or `rate_limited`.
    pub verdict: String,
    /// As it was answered; none for what was polled.
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub headers: BTreeMap<String, String>,
    /// The beginning of what came.
    pub body: String,
    /// What happened on GitHub, as `pull_request.opened`.
    pub event: Option<String>,
    /// The run that it made, or that it repeats.
    pub occurrence: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeStatus {
    /// Address and port; none while nothing listens.
    pub listening: Option<String>,
    pub pid: Option<u32>,
    /// Names of the routines that something from outside may start.
    pub routines: Vec<String>,
    /// Why nothing listens although it should, and what is wrong with polling.
    pub problems: Vec<String>,
}

/// What only the intake process may ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IntakeAct {
    /// What to serve. Answered when it is another than `seen`, which is in force by now.
    Next {
        seen: u64,
    },
    Listening {
        address: String,
    },
    NotListening {
        why: String,
    },
    /// A call with a token. Answered when the session is there, or when there will be none.
    Fire(Box<FireCall>),
    /// Something that was turned away before the supervisor was asked.
    Refused(Box<Attempt>),
    Event(Box<EventCall>),
    /// All that there was to poll until here was handed over.
    Polled {
        repository: String,
        cursor: String,
    },
    /// A repository cannot be polled; none: it can again.
    PollTrouble {
        repository: String,
        why: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireCall {
    /// `trig_…`
    pub routine: String,
    /// SHA-256 of the token, in hexadecimal.
    pub hash: Secret,
    pub text: Option<String>,
    pub idempotency_key: Option<String>,
    pub headers: BTreeMap<String, String>,
    /// The beginning of the body.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub routine: String,
    /// `api` or `webhook`.
    pub kind: String,
    /// `rejected`, `rate_limited` or `ignored`.
    pub verdict: String,
    pub status: u16,
    pub reason: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventCall {
    /// Whose webhook it came to; none: it was polled, and is for all.
    pub routine: Option<String>,
    /// As `nightshift_routines::github::Event` has it.
    pub event: serde_json::Value,
    /// GitHub's id of the delivery.
    pub guid: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IntakeResult {
    Serve(Box<Serving>),
    Fired { fired: Fired },
    Event { verdict: String, occurrence: Option<String> },
    Done,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fired {
    Started { session: String, replayed: bool },
    Refused(Refusal),
}

/// As it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub status: u16,
    /// The error's `type`.
    pub kind: String,
    pub message: String,
    pub retry_after_s: Option<u64>,
}

/// What the intake process serves from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    pub version: u64,
    /// Address and port; port 0 where none was used before.
    pub listen: String,
    pub routines: Vec<ServedRoutine>,
    pub repositories: Vec<PolledRepository>,
    /// Where the REST API of GitHub is.
    pub github_api: String,
}

impl Serving {
    /// Something may be called; else it is only asked for.
    pub fn wants_listener(&self) -> bool {
        self.routines.iter().any(|routine| routine.enabled)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedRoutine {
    pub id: String,
    /// Something from outside starts it. One that is not is served only so that its callers are told why.
    pub enabled: bool,
    /// Of each token its id and SHA-256.
    pub tokens: Vec<(String, Secret)>,
    /// Those that GitHub may sign with.
    pub secrets: Vec<Secret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolledRepository {
    /// `owner/name`
    pub name: String,
    /// As the last `Polled` said; none: it was never polled.
    pub cursor: Option<String>,
    /// Somebody waits for workflow runs, which have a list of their own.
    pub workflow_runs: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tags of one name in one object are not read back.
    #[test]
    fn what_is_said_is_understood() {
        let refusal =
            Refusal { status: 429, kind: "k".into(), message: "m".into(), retry_after_s: Some(1) };
        for fired in
            [Fired::Started { session: "7c5d0a1b".into(), replayed: true }, Fired::Refused(refusal)]
        {
            let said = IntakeResult::Fired { fired };
            let text = serde_json::to_string(&said).unwrap();
            assert_eq!(serde_json::from_str::<IntakeResult>(&text).unwrap(), said);
        }
        let serving = IntakeResult::Serve(Box::default());
        let text = serde_json::to_string(&serving).unwrap();
        assert_eq!(serde_json::from_str::<IntakeResult>(&text).unwrap(), serving);
        let secret = format!("{:?}", Secret("nst_x".into()));
        assert!(!secret.contains("nst_x"));
    }
}
