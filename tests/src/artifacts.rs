//! Pictures of the window that a test leaves behind for people.

use anyhow::Result;
use std::path::{Path, PathBuf};

/// `tests/artifacts/<name>.png`.
pub fn save(name: &str, png: &[u8]) -> Result<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    std::fs::create_dir_all(&directory)?;
    let path = directory.join(format!("{name}.png"));
    std::fs::write(&path, png)?;
    Ok(path)
}
