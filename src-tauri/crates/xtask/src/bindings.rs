//! The TypeScript bindings: written from the Rust types on demand, compared in tests.

use crate::tool::Tool;
use crate::workspace::{BUILD_FLAGS, root};
use anyhow::Result;

/// Tells the bindings test to write the file instead of comparing it.
const UPDATE: &str = "NIGHTSHIFT_UPDATE_BINDINGS";

pub fn update() -> Result<()> {
    Tool::cargo(root())
        .arg("test")
        .args(BUILD_FLAGS)
        .args(["--test", "bindings"])
        .env(UPDATE, "1")
        .run()
}
