//! opencode with `acp`.
//!
//! Its modes are agents (`build`, `plan`) and not permissions: none is set by default, and its own
//! configuration is told to ask.

use crate::family::{Family, vendor};
use crate::registry::AgentSpec;

const ASK: &str = r#"{"edit":"ask","bash":"ask","webfetch":"ask"}"#;

pub fn spec() -> AgentSpec {
    let command = ["opencode", "acp"];
    let mut spec = vendor(Family::Opencode, "opencode", "opencode", &command, &[], "opencode-ai");
    spec.sign_in = "`opencode auth login`".to_owned();
    spec.env.insert("OPENCODE_PERMISSION".to_owned(), ASK.to_owned());
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_by_its_own_configuration() {
        let asked: serde_json::Value =
            serde_json::from_str(&spec().env["OPENCODE_PERMISSION"]).unwrap_or_default();
        assert_eq!(asked["bash"], "ask");
        assert_eq!(spec().default_mode, None);
    }
}
