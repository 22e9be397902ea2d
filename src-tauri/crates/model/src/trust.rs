//! Whether the repository of a session is trusted to run what it brings along.

use serde::{Deserialize, Serialize};

/// The option that trusts, from then on.
pub const TRUST: &str = "trust";
/// The option that starts without it, once.
pub const WITHOUT: &str = "without";

/// What the user said of exactly what was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum TrustDecision {
    Trust,
    /// For this session: no scripts, and its agent takes up nothing of the repository.
    Without,
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// The main checkout, or the directory where there is no repository.
    pub repository: String,
    /// Of everything that it would run.
    pub hash: String,
    /// None while it is asked, and where nobody had to be asked.
    #[serde(default)]
    pub decision: Option<TrustDecision>,
    /// Why its agent takes up nothing of the repository; none where it is trusted.
    #[serde(default)]
    pub untrusted: Option<String>,
}
