//! Qwen Code with `--acp`.
//!
//! It starts in a mode that asks nothing, and fails a second prompt while one runs.

use crate::family::{Family, vendor};
use crate::own_call::OwnCall;
use crate::registry::AgentSpec;
use serde_json::Value;

pub fn spec() -> AgentSpec {
    let mut spec = vendor(
        Family::Qwen,
        "qwen",
        "Qwen Code",
        &["qwen", "--acp"],
        &["default", "auto-edit", "yolo", "plan"],
        "@qwen-code/qwen-code",
    );
    spec.sign_in = "OPENAI_API_KEY, or `qwen`".to_owned();
    spec.unasked_modes = vec!["yolo".to_owned()];
    spec
}

/// It names tools of servers `mcp__<server>__<tool>`, and its own never so.
pub fn own_call(call: &Value, server: &str) -> Option<OwnCall> {
    let name = call["_meta"]["toolName"].as_str()?;
    let tool = name.strip_prefix("mcp__")?.strip_prefix(server)?.strip_prefix("__")?;
    OwnCall::new(tool, call["rawInput"].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asking_mode_is_set_explicitly() {
        assert_eq!(spec().default_mode.as_deref(), Some("default"));
    }
}
