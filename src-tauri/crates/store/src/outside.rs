//! What the ledger keeps of events from outside: the tokens and secrets by which they are known, and what became of
//! each that came.
//!
//! Promise: plain data; fields of later versions have defaults; a secret is never shown by `Debug`.
//! Must not know: HTTP, who checks a token.

pub use nightshift_protocol::intake::Secret;
use nightshift_routines::github::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long what came from outside is kept.
pub const DELIVERIES_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Deliveries kept of one routine: whoever knows its address may send as many as they like.
pub const DELIVERIES_MAX: i64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// For the fire endpoint. Its SHA-256 is kept.
    Fire,
    /// By which GitHub signs. Kept as it is: a signature cannot be checked without it.
    Webhook,
}

/// A token of one routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// `tok_…`
    pub id: String,
    pub routine: String,
    pub kind: TokenKind,
    /// By kind: the hash in hexadecimal, or the secret.
    pub secret: Secret,
    /// Counts as well until then (wall milliseconds): a rotation is under way.
    #[serde(default)]
    pub previous: Option<(Secret, i64)>,
    pub created_ms: i64,
    #[serde(default)]
    pub rotated_ms: Option<i64>,
    #[serde(default)]
    pub last_used_ms: Option<i64>,
}

/// What was made of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    /// The same has come before.
    Duplicate,
    /// No trigger takes it.
    Ignored,
    Rejected,
    RateLimited,
}

/// One attempt to bring an event, whatever became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// In the order in which they came; 0 before it is stored.
    #[serde(skip)]
    pub n: i64,
    /// `dlv_…`
    pub id: String,
    pub routine: String,
    /// Wall milliseconds.
    pub at_ms: i64,
    /// `api`, `webhook` or `poll`.
    pub kind: String,
    pub verdict: Verdict,
    /// As it was answered; none for what was polled.
    #[serde(default)]
    pub status: Option<u16>,
    /// Why it was not taken, in one sentence.
    #[serde(default)]
    pub reason: Option<String>,
    /// Those that matter; never a token or a signature.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The beginning of what came.
    #[serde(default)]
    pub body: String,
    /// What a fire said, whole: it can be replayed.
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub event: Option<Box<Event>>,
    /// Whoever sent it showed the right token or signature: it can be replayed.
    #[serde(default)]
    pub checked: bool,
    /// GitHub's id of the delivery.
    #[serde(default)]
    pub guid: Option<String>,
    /// The occurrence that it made, or that it repeats.
    #[serde(default)]
    pub occurrence: Option<String>,
}

/// What one commit changes of this.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutsideWrite {
    /// New ones, and those that changed.
    pub tokens: Vec<TokenRow>,
    /// Ids of tokens that are taken away.
    pub revoked: Vec<String>,
    pub deliveries: Vec<DeliveryRow>,
    /// Single words by name; none takes one away.
    pub remembered: Vec<(String, Option<String>)>,
}
