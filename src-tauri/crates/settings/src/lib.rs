//! The settings file: one TOML file, written by hand, read at start and when it has changed.
//!
//! Promises: what cannot be read is told with its line and column, and the last good settings stay;
//! what is not known is told and left alone; what is not set has a default.
//! Must not know: who uses a setting, where the file is, any other crate of ours.

mod import;
mod place;
mod table;
mod watch;

pub use import::{Import, ImportError, import};
pub use place::Remark;
pub use table::{AgentServer, Defaults, Life, Nightshift, ServerType, Settings, Worktree};
pub use watch::{Change, Watched};

use serde::Deserialize;

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub settings: Settings,
    /// Keys that mean nothing to this version.
    pub unknown: Vec<Remark>,
}

/// Reads a settings file's text; the error is the first thing that is wrong.
pub fn parse(text: &str) -> Result<Parsed, Remark> {
    let wrong = |error: &toml_edit::de::Error| Remark::of_error(text, error);
    let document = toml_edit::Document::parse(text)
        .map_err(|e| Remark::at_span(text, e.span(), e.message()))?;
    let deserializer = toml_edit::de::Deserializer::from(document.clone());
    let mut ignored = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| ignored.push(path.to_string());
    let deserializer = serde_ignored::Deserializer::new(deserializer, &mut note);
    let settings = Settings::deserialize(deserializer).map_err(|e| wrong(&e))?;
    if let Some((id, why)) = settings.first_wrong() {
        let path = format!("agent_servers.{id}");
        return Err(Remark::of_key(text, &document, &path, &why));
    }
    let unknown = ignored
        .iter()
        .map(|path| Remark::of_key(text, &document, path, &format!("`{path}` is not known")))
        .collect();
    Ok(Parsed { settings, unknown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read() {
        let text = r#"
            [agent_servers.mine]
            type = "custom"
            command = "/opt/mine"
            args = ["--acp"]
            env = { KEY = "value" }
            default_mode = "ask"
            default_config_options = { effort = "high" }
            nightshift = { title = "Mine", like = "claude", modes = ["ask", "auto"] }

            [agent_servers.claude]
            type = "registry"
            env = { ANTHROPIC_BASE_URL = "http://127.0.0.1:1" }

            [defaults]
            agent = "mine"
            model = "big"
            permission_mode = "ask"

            [worktree]
            dir = ".trees"
            branch_prefix = "mine/"
            base = "origin/main"
            isolation = "none"
            setup = "make deps"
            teardown = "make clean"
            ports = 5

            [life]
            retire_after_s = 60
            shell_keep_s = 5
        "#;
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.unknown, []);
        let settings = parsed.settings;
        let mine = &settings.agent_servers["mine"];
        assert_eq!(mine.command.as_deref(), Some("/opt/mine"));
        assert_eq!(mine.nightshift.like.as_deref(), Some("claude"));
        assert_eq!(mine.default_config_options["effort"], "high");
        assert_eq!(settings.agent_servers["claude"].kind, ServerType::Registry);
        assert_eq!(settings.defaults.agent.as_deref(), Some("mine"));
        assert_eq!(settings.worktree.ports, Some(5));
        assert_eq!(settings.life.retire_after_s, Some(60));
        assert_eq!(parse("").unwrap().settings, Settings::default());
    }

    #[test]
    fn what_is_wrong_names_its_place() {
        for (text, line, column, part) in [
            ("[defaults\nagent = 1", 1, 10, ""),
            ("[defaults]\nagent = 1\n", 2, 9, "expected a string"),
            ("[life]\n\nretire_after_s = \"soon\"\n", 3, 18, "u64"),
            ("[agent_servers.a]\nargs = []\n", 1, 16, "command"),
            ("[agent_servers.a]\ntype = \"magic\"\n", 2, 8, "magic"),
        ] {
            let remark = parse(text).unwrap_err();
            assert_eq!((remark.line, remark.column), (line, column), "{text}: {remark}");
            assert!(remark.message.contains(part), "{text}: {remark}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_and_left_alone() {
        let text = "colour = 1\n[defaults]\nagent = \"a\"\n  mood = \"good\"\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.settings.defaults.agent.as_deref(), Some("a"));
        let places: Vec<_> = parsed.unknown.iter().map(|r| (r.line, r.column)).collect();
        assert_eq!(places, [(1, 1), (4, 3)], "{:?}", parsed.unknown);
        assert!(parsed.unknown[1].message.contains("defaults.mood"));
    }
}
