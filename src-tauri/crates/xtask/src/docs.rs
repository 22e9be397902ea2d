//! The generated documents: the command line's reference and the list of keys. Compared in tests.

use crate::tool::Tool;
use crate::workspace::{BUILD_FLAGS, root};
use crate::{debian, node};
use anyhow::Result;

/// Tells the tests to write the files instead of comparing them.
const UPDATE: &str = "NIGHTSHIFT_UPDATE_DOCS";

pub fn update() -> Result<()> {
    debian::install(debian::TO_RUN)?;
    node::install_ui()?;
    node::build_ui_if_stale()?;
    Tool::cargo(root())
        .arg("test")
        .args(BUILD_FLAGS)
        .args(["--bin", "nightshift", "reference"])
        .env(UPDATE, "1")
        .run()?;
    Tool::new("npx", &root().join("ui"))
        .args(["vitest", "run", "src/actions/sheet.test.ts"])
        .env(UPDATE, "1")
        .run()
}
