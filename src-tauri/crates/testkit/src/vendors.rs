//! The pinned vendors' agents that tests drive.
//!
//! Promise: a machine without them fails the test and says how to install them, unless the setup
//! has recorded that it could not get them: then the test says loudly that it is skipped.

use std::path::{Path, PathBuf};

/// Where the setup writes why the agents could not be installed.
pub const UNAVAILABLE_FILE: &str = "tests/vendor/.unavailable";

/// The directory of the agents' programs, among them a `node` that is new enough for all of them;
/// none when the test is to be skipped.
///
/// Panics when they are not there and nobody has recorded why.
pub fn programs() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let programs = root.join("tests/vendor/node_modules/.bin");
    if ["claude-agent-acp", "codex-acp", "gemini"].iter().all(|name| programs.join(name).exists()) {
        return Some(programs);
    }
    match std::fs::read_to_string(root.join(UNAVAILABLE_FILE)) {
        Ok(why) => {
            eprintln!("SKIPPED: the vendors' agents are not installed: {}", why.trim());
            None
        }
        Err(_) => panic!("the vendors' agents are not installed; run `cargo xtask setup`"),
    }
}

/// Beside the programs: Claude Code itself, which its adapter brings along.
const CLAUDE_CODE: &str = "../@anthropic-ai/claude-agent-sdk-linux-";

/// `path` with the agents' programs in front, Claude Code's own among them.
pub fn path_with(programs: &Path, path: &str) -> String {
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let programs = programs.display();
    format!("{programs}:{programs}/{CLAUDE_CODE}{machine}:{path}")
}

/// What Claude Code's terminal asks at its first start in `directory` is answered in `home`.
pub fn greet_claude(home: &Path, directory: &Path) -> std::io::Result<()> {
    let known = serde_json::json!({
        "hasCompletedOnboarding": true, "theme": "dark",
        "customApiKeyResponses": {"approved": ["scripted"], "rejected": []},
        "projects": {directory.to_string_lossy(): {"hasTrustDialogAccepted": true}},
    });
    std::fs::write(home.join(".claude.json"), known.to_string())
}
