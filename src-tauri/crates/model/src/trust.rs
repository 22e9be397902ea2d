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
    /// Which one it is, told from another that is made at its path later; unknown in rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Of everything that it would run.
    pub hash: String,
    /// None while it is asked, and where nobody had to be asked.
    #[serde(default)]
    pub decision: Option<TrustDecision>,
    /// Why its agent takes up nothing of the repository; none where it is trusted.
    #[serde(default)]
    pub untrusted: Option<String>,
    /// What the user was asked, until that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<TrustQuestion>,
}

/// What a question was about, so that the next one can say what is not as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TrustQuestion {
    /// Everything that was asked about; nothing where that was too much to be kept.
    #[serde(default)]
    pub things: Vec<TrustThing>,
    /// What had changed since it was asked before, in words; none the first time.
    #[serde(default)]
    pub changed: Option<String>,
}

/// One thing that would run or widen rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TrustThing {
    pub path: String,
    /// Of its path and content: the beginning of a hash.
    pub mark: String,
}

impl Trust {
    /// It is about these things of this very repository.
    pub fn is_about(&self, hash: &str, identity: &Option<String>) -> bool {
        self.hash == hash && (self.identity.is_none() || self.identity == *identity)
    }

    /// What had changed when it was asked again.
    pub fn changed(&self) -> Option<&str> {
        self.asked.as_ref()?.changed.as_deref()
    }
}
