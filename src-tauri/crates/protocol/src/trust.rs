//! Repositories that the user trusts to run what they bring along.

use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

/// One thing that a repository would run, or that would widen what an agent may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TrustItem {
    pub path: String,
    pub does: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TrustedRepository {
    /// The main checkout, or the directory where there is no repository.
    pub repository: String,
    /// Since when; none where it is not trusted.
    pub since: Option<Millis>,
    pub items: Vec<TrustItem>,
    /// All of it, every character to be seen; empty in a list.
    #[serde(default)]
    pub text: String,
    /// Of what `text` shows; empty in a list.
    #[serde(default)]
    pub hash: String,
    /// It is trusted exactly as it is now. In a list nobody has looked.
    #[serde(default)]
    pub current: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TrustAct {
    List,
    /// What the repository of this directory would run, whole.
    Show {
        dir: String,
    },
    /// Trusts it, where it is still what `Show` gave under this hash.
    Add {
        dir: String,
        hash: String,
    },
    Revoke {
        dir: String,
    },
}
