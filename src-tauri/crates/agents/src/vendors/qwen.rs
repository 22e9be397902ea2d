//! Qwen Code with `--acp`.
//!
//! It starts in a mode that asks nothing, and fails a second prompt while one runs.

use super::{Family, vendor};
use crate::registry::AgentSpec;

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
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asking_mode_is_set_explicitly() {
        assert_eq!(spec().default_mode.as_deref(), Some("default"));
    }
}
