//! What a session has used so far, as its agent counts it.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens in the model's context now.
    pub used: u32,
    /// Tokens that fit.
    pub size: u32,
    /// What the session has cost, where the agent says so.
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// An amount of money, exact to a millionth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    #[specta(type = u32)]
    pub micros: u64,
    /// ISO 4217.
    pub currency: String,
}
