//! Where things are: the workspace root, the target directory, members and their dependencies.

use crate::tool::Tool;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Flags of every cargo call that builds: one feature set, so that nothing is compiled twice.
pub const BUILD_FLAGS: [&str; 1] = ["--workspace"];

#[derive(Deserialize)]
pub struct Workspace {
    pub target_directory: PathBuf,
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    #[serde(default)]
    pub version: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// None for ordinary ones, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Workspace {
    pub fn load() -> Result<Workspace> {
        let json = Tool::cargo(root())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()?;
        serde_json::from_str(&json).context("`cargo metadata` gave JSON of another shape")
    }

    pub fn version(&self, package: &str) -> Result<String> {
        let found = self.packages.iter().find(|known| known.name == package);
        Ok(found.with_context(|| format!("no package {package}"))?.version.clone())
    }

    /// A binary of the development profile.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.target_directory.join("debug").join(name)
    }
}

/// The directory of the root manifest.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(3).unwrap_or(own)
}

/// Files that git tracks or would track, relative to the root.
pub fn files() -> Result<Vec<String>> {
    let listed = Tool::new("git", root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()?;
    let exists = |path: &&str| !path.is_empty() && root().join(path).is_file();
    Ok(listed.split('\0').filter(exists).map(str::to_owned).collect())
}
