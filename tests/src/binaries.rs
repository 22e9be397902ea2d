//! Where the programs under test are: beside the test's own program.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// `nightshift` or `nightshift-desktop` of the same build.
pub fn find(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("the test does not know its own path")?;
    let profile = own.ancestors().nth(2).context("the test is not in a target directory")?;
    let path = profile.join(name);
    if !path.exists() {
        bail!("{} is missing; run the window tests through `cargo xtask test`", path.display());
    }
    Ok(path)
}
