//! Pictures of the window that a test leaves behind for people.

use anyhow::Result;
use std::path::{Path, PathBuf};

/// `tests/artifacts/<name>.png`; the directory is there.
pub fn path(name: &str) -> Result<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    std::fs::create_dir_all(&directory)?;
    Ok(directory.join(format!("{name}.png")))
}
