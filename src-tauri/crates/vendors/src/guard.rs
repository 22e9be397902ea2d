//! How an agent is started in a repository that nobody trusts: with the user's own settings only.
//!
//! Promise: what an agent cannot be kept from is said, and never started as if it could.

use crate::family::Family;
use crate::registry::{AgentSpec, Protocol, REHEARSAL};
use nightshift_protocol::Environment;
use serde_json::{Value, json};

/// What an agent takes up of a repository although it was told not to, by the names that the parts of
/// a repository have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesUp {
    Nothing,
    Only(&'static [&'static str]),
    /// Nobody knows how it is kept from anything.
    Everything,
}

impl AgentSpec {
    /// What it takes up in spite of `guard_environment`, `guard_arguments` and `guard_meta`.
    pub fn takes_up_untrusted(&self) -> TakesUp {
        match (self.family, &self.protocol) {
            _ if self.id == REHEARSAL => TakesUp::Nothing,
            (Family::Claude | Family::Gemini | Family::Opencode, _) => TakesUp::Nothing,
            (Family::Codex, Protocol::Terminal(_)) => TakesUp::Nothing,
            // `codex-acp` says of every directory that it is trusted.
            (Family::Codex, Protocol::Acp) => TakesUp::Only(&["codex"]),
            // Its folder trust is a file of the user's, and off unless the user turned it on.
            (Family::Qwen, _) => TakesUp::Only(&["qwen", "gemini"]),
            (Family::Plain, _) => TakesUp::Everything,
        }
    }

    /// Variables that count more than those of the agent's entry and of the user.
    pub fn guard_environment(&self) -> Environment {
        let pairs: &[(&str, &str)] = match self.family {
            Family::Gemini => &[("GEMINI_CLI_TRUST_WORKSPACE", "false")],
            // The older name and the newer one.
            Family::Opencode => &[
                ("OPENCODE_DISABLE_PROJECT_CONFIG", "1"),
                ("OPENCODE_CONFIG_PROJECT_DISABLE", "1"),
            ],
            Family::Plain | Family::Claude | Family::Codex | Family::Qwen => &[],
        };
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Arguments that stand before all others. `roots`: the directory and the repository it is of.
    pub fn guard_arguments(&self, roots: &[String]) -> Vec<String> {
        match (self.family, &self.protocol) {
            (Family::Claude, Protocol::Terminal(_)) => {
                ["--setting-sources", "user", "--strict-mcp-config"].map(str::to_owned).to_vec()
            }
            (Family::Codex, Protocol::Terminal(_)) => {
                // A key of its own with a dot in it would be taken for several.
                let tables = roots.iter().map(|root| {
                    // A JSON string of plain text is a TOML one too.
                    format!("{}={{trust_level=\"untrusted\"}}", json!(root))
                });
                let tables = tables.collect::<Vec<_>>().join(",");
                vec!["-c".to_owned(), format!("projects={{{tables}}}")]
            }
            _ => Vec::new(),
        }
    }
}

impl Family {
    /// Adds to `_meta` of the request that opens a session what keeps the agent from the
    /// repository's settings.
    pub(crate) fn guard_meta(self, meta: &mut Option<Value>) {
        if self == Family::Claude {
            let meta = meta.get_or_insert_with(|| json!({}));
            let options = &mut meta["claudeCode"]["options"];
            options["settingSources"] = json!(["user"]);
            options["strictMcpConfig"] = json!(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use std::path::Path;

    fn spec(id: &str) -> AgentSpec {
        Registry::builtin(Path::new("/n")).find(id).unwrap().clone()
    }

    #[test]
    fn security_05_gemini_is_told_that_it_is_not_trusted() {
        let spec = spec("gemini");
        assert_eq!(spec.env["GEMINI_CLI_TRUST_WORKSPACE"], "true");
        let mut env: Environment = spec.env.clone();
        env.extend(spec.guard_environment());
        assert_eq!(env["GEMINI_CLI_TRUST_WORKSPACE"], "false");
        assert_eq!(spec.takes_up_untrusted(), TakesUp::Nothing);
    }

    #[test]
    fn security_05_claude_takes_the_users_settings_only() {
        let trusted = Family::Claude.session_meta(Some("notes"), false).unwrap();
        assert_eq!(trusted["claudeCode"]["options"]["settingSources"], Value::Null);
        let meta = Family::Claude.session_meta(Some("notes"), true).unwrap();
        let options = &meta["claudeCode"]["options"];
        assert_eq!(options["settingSources"], json!(["user"]));
        assert_eq!(options["strictMcpConfig"], true);
        assert!(options["disallowedTools"].is_array() && meta["systemPrompt"].is_object());
        let arguments = spec("claude-tui").guard_arguments(&[]);
        assert_eq!(arguments, ["--setting-sources", "user", "--strict-mcp-config"]);
    }

    #[test]
    fn security_05_codex_is_untrusted_in_its_terminal_and_cannot_be_behind_its_adapter() {
        let roots = ["/a.b/\"c".to_owned(), "/d".to_owned()];
        let arguments = spec("codex-tui").guard_arguments(&roots);
        let expected =
            r#"projects={"/a.b/\"c"={trust_level="untrusted"},"/d"={trust_level="untrusted"}}"#;
        assert_eq!(arguments, ["-c", expected]);
        assert_eq!(spec("codex-tui").takes_up_untrusted(), TakesUp::Nothing);
        assert_eq!(spec("codex").takes_up_untrusted(), TakesUp::Only(&["codex"]));
    }

    #[test]
    fn security_05_an_agent_that_nobody_knows_takes_up_everything() {
        assert_eq!(spec("goose").takes_up_untrusted(), TakesUp::Everything);
        assert_eq!(spec("qwen").takes_up_untrusted(), TakesUp::Only(&["qwen", "gemini"]));
        assert_eq!(spec("rehearsal").takes_up_untrusted(), TakesUp::Nothing);
        let opencode = spec("opencode").guard_environment();
        assert_eq!(opencode["OPENCODE_DISABLE_PROJECT_CONFIG"], "1");
    }
}
