//! The settings file: one TOML file, written by hand, read at start and when it has changed.
//!
//! Promises: what cannot be read is told with its line and column, and the last good settings stay;
//! what is not known is told and left alone; what is not set has a default.
//! Must not know: who uses a setting, where the file is, any other crate of ours.

mod actions;
mod address;
mod doubts;
mod edit;
mod import;
mod intake;
mod judge;
mod look;
mod notifications;
mod place;
mod table;
mod watch;

pub use address::is_in_the_open;
pub use edit::{EditError, edit};
pub use import::{Import, ImportError, import};
pub use intake::Intake;
pub use judge::{Judge, JudgeProvider, Usd};
pub use look::{Appearance, Chords, Keys, Preference, Terminal, Theme};
pub use notifications::{Kind, Notifications, Ntfy, QuietHours, Webhook};
pub use place::Remark;
pub use table::{
    AgentServer, Defaults, Life, McpServer, McpTransport, Nightshift, Protocol, ServerType,
    Settings, Window, Worktree,
};
pub use watch::{Change, Watched};

use serde::Deserialize;

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub settings: Settings,
    /// Keys that mean nothing to this version, and values that name nothing.
    pub unknown: Vec<Remark>,
}

/// Something to say about the key that `path` leads to, or the nearest one that is there.
pub fn remark(text: &str, path: &[&str], message: &str) -> Remark {
    match toml_edit::Document::parse(text) {
        Ok(document) => Remark::of_path(text, &document, path, message),
        Err(error) => Remark::at_span(text, error.span(), message),
    }
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
    if let Some((path, why)) = settings.first_wrong() {
        return Err(Remark::of_key(text, &document, &path, &why));
    }
    if let Some((key, why)) = settings.judge.first_wrong() {
        return Err(Remark::of_key(text, &document, &format!("judge.{key}"), &why));
    }
    if let Some((path, why)) = settings.notifications.first_wrong() {
        return Err(Remark::of_key(text, &document, path, &why));
    }
    if let Some((path, why)) = settings.intake.first_wrong() {
        return Err(Remark::of_key(text, &document, path, &why));
    }
    let unknown = ignored.iter().map(|path| {
        let hint = judge::hint(path).unwrap_or_default();
        Remark::of_key(text, &document, path, &format!("`{path}` is not known{hint}"))
    });
    let doubts = doubts::doubts(&settings).into_iter().map(|(path, why)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        Remark::of_path(text, &document, &path, &why)
    });
    let unknown = unknown.chain(doubts).collect();
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

            [mcp_servers.docs]
            command = "docs-server"
            args = ["--stdio"]
            env = { KEY = "value" }

            [mcp_servers.tickets]
            url = "https://tickets.example/mcp"
            headers = { Authorization = "Bearer x" }

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

            [appearance]
            theme = "dark"
            high_contrast = "on"
            reduced_motion = "system"
            font_size = 14

            [terminal]
            font_family = "Iosevka"
            scrollback = 5000
            copy_on_select = true

            [keys]
            "session.pin" = "Ctrl+P"
            "session.rename" = ["F2", "Ctrl+R"]
            "session.why" = []

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
        assert_eq!(settings.mcp_servers["docs"].transport(), McpTransport::Stdio);
        assert_eq!(settings.mcp_servers["tickets"].transport(), McpTransport::Http);
        assert_eq!(settings.defaults.agent.as_deref(), Some("mine"));
        assert_eq!(settings.worktree.ports, Some(5));
        assert_eq!(settings.appearance.theme, Some(Theme::Dark));
        assert_eq!(settings.terminal.scrollback, Some(5000));
        assert_eq!(settings.keys["session.pin"], Chords::One("Ctrl+P".to_owned()));
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
            ("[judge]\nprovider = \"oracle\"\n", 2, 12, "oracle"),
            ("[judge]\nmodel = \"m\"\n", 2, 1, "`provider`"),
            ("[judge]\nprovider = \"command\"\n", 2, 1, "`command`"),
            ("[judge]\nprovider = \"claude\"\nbase_url = \"http://a\"\n", 3, 1, "`base_url`"),
            ("[judge]\nprovider = \"openai\"\nbase_url = \"a.b\"\n", 3, 1, "http"),
            ("[judge]\ntimeout_s = 0\n", 2, 1, "timeout_s"),
            ("[judge]\ninput_usd_per_million = -1\n", 2, 25, "price"),
            ("[judge]\nprovider = \"openai\"\nkey_env = \"sk-1 2\"\n", 3, 1, "name of a variable"),
            ("[mcp_servers.a]\nargs = []\n", 1, 14, "command"),
            ("[mcp_servers.a]\ntype = \"sse\"\n", 1, 14, "url"),
            ("[worktree]\nisolation = \"nonee\"\n", 2, 1, "worktree or none"),
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

    #[test]
    fn who_judges_is_read() {
        let text = r#"
            [judge]
            provider = "openai"
            model = "small"
            base_url = "http://127.0.0.1:11434"
            key_env = "GATEWAY_KEY"
            timeout_s = 60
            check_timeout_s = 600
            max_tokens = 2000
            window_tokens = 30000
            input_usd_per_million = 0.25
            output_usd_per_million = 2
            settle_turn_ends = true
        "#;
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.unknown, []);
        let judge = parsed.settings.judge;
        assert_eq!(judge.provider, JudgeProvider::Openai);
        assert_eq!(judge.key_env.as_deref(), Some("GATEWAY_KEY"));
        assert_eq!(judge.input_usd_per_million.map(Usd::micros), Some(250_000));
        assert_eq!(judge.output_usd_per_million.map(Usd::micros), Some(2_000_000));
        assert_eq!((judge.window_tokens, judge.settle_turn_ends), (Some(30_000), true));
    }

    #[test]
    fn keys_do_not_belong_in_the_file() {
        let parsed = parse("[judge]\napi_key = \"secret\"\n").unwrap();
        let remark = &parsed.unknown[0];
        assert_eq!((remark.line, remark.column), (2, 1));
        assert!(remark.message.contains("keyring") && !remark.message.contains("secret"));
    }
}
