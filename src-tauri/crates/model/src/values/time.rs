//! Points in time as milliseconds since the Unix epoch. The clock itself lives in `platform`.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch. A JSON number on the wire (exact up to 2^53).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    specta::Type,
)]
#[serde(transparent)]
pub struct Millis(#[specta(type = u32)] pub u64);

impl Millis {
    /// Time that has passed since `earlier`; zero when the clock was set back.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
