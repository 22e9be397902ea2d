//! What files of agents' settings may say without being asked about: how something looks, fewer tools, keys of the
//! user's.
//!
//! Promise: what is not understood to the last character is none of these.

use crate::secrets;
use nightshift_model::visible::is_hidden;
use serde_json::Value;

/// Keys of Claude Code and Gemini CLI that are about looks. What a program could stand in, or a file, is none.
const LOOKS: &[&str] = &[
    "theme",
    "editorMode",
    "hideBanner",
    "hideFooter",
    "hideTips",
    "prefersReducedMotion",
    "showLineNumbers",
    "showTurnDuration",
    "syntaxHighlightingDisabled",
    "terminalProgressBarEnabled",
    "verbose",
    "vimMode",
];
const WORD_MAX_CHARS: usize = 60;

/// Whether the setting only says how something looks: with a plain word, a number, yes or no.
pub fn is_look(key: &str, value: &Value) -> bool {
    let plain = match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(word) => is_word(word),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    plain && LOOKS.contains(&key)
}

/// A name: no path, no address, no variable.
fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_".contains(c);
    text.len() <= WORD_MAX_CHARS && text.chars().all(plain)
}

/// Keys of Codex that look or name a model, by their table.
const CODEX: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "hide_agent_reasoning",
            "model",
            "model_reasoning_effort",
            "model_reasoning_summary",
            "model_verbosity",
            "personality",
        ],
    ),
    ("tui", &["animations", "show_tooltips", "theme"]),
];

/// Whether Codex's settings only look: each line is empty, a comment, a table or a plain value of a known key.
pub fn is_look_of_codex(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut table = "";
    text.lines().all(|line| {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || (line.starts_with('#') && !line.contains(is_hidden)) {
            return true;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
            return CODEX.iter().any(|(known, _)| *known == name && !name.is_empty());
        }
        let Some((key, value)) = line.split_once('=') else { return false };
        let (key, value) = (key.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let model = |c: char| c.is_ascii_alphanumeric() || " -_.".contains(c);
        let plain = quoted.is_some_and(|word| word.chars().all(model));
        let known = CODEX.iter().any(|(name, keys)| *name == table && keys.contains(&key));
        known && (plain || matches!(value, "true" | "false"))
    })
}

/// Keys at the beginning of an agent's text that give it nothing: without `tools` it has them all.
const OF_AGENT: &[&str] = &["name", "description", "tools", "disallowedTools", "model", "color"];

/// Whether what an agent's text begins with only names it and takes tools away from it. `front` is what stands
/// between the lines of dashes.
pub fn only_narrows(front: &str) -> bool {
    let mut seen = Vec::new();
    front.strip_suffix('\r').unwrap_or(front).lines().filter(|line| !line.is_empty()).all(|line| {
        let Some((key, value)) = line.split_once(": ") else { return false };
        let fresh = !seen.contains(&key);
        seen.push(key);
        let hidden = line.contains(|c: char| is_hidden(c) || c.is_control());
        let fits = match key {
            "tools" | "disallowedTools" => is_list(value),
            _ => is_scalar(value),
        };
        fresh && !hidden && OF_AGENT.contains(&key) && fits
    })
}

/// Names of tools, without what may be done with them.
fn is_list(value: &str) -> bool {
    let value = value.trim();
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name = |name: &str| {
        let name = name.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        !name.is_empty() && name.chars().all(plain)
    };
    inner.unwrap_or(value).split(',').all(name)
}

/// One value on one line, in which nothing else can begin (YAML 1.2, "Plain Style").
fn is_scalar(value: &str) -> bool {
    let value = value.trim();
    let begins = value.chars().next().is_some_and(char::is_alphanumeric);
    begins && !value.contains(": ") && !value.contains(" #") && !value.ends_with(':')
}

/// Keys for services of models, which say who pays and nothing else.
const KEYS: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "CODEX_API_KEY",
    "DASHSCOPE_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
];

/// Whether these variables are such keys, each on its line, and nothing that could be anything else.
pub fn only_keys(lines: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(lines) else { return false };
    text.lines().filter(|line| !line.trim().is_empty()).all(|line| {
        let Some((name, value)) = line.split_once('=') else { return false };
        let bare = |sign: char| value.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign));
        let value = bare('"').or_else(|| bare('\'')).unwrap_or(value);
        let name = name.strip_prefix("export ").unwrap_or(name);
        KEYS.contains(&name) && secrets::is_secret(name, value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trust_alarms_looks_are_plain_words_for_known_keys() {
        for (key, value) in [
            ("theme", json!("dark-daltonized")),
            ("theme", json!("Default Light")),
            ("verbose", json!(true)),
        ] {
            assert!(is_look(key, &value), "{key}: {value}");
        }
        for (key, value) in [
            ("theme", json!("./evil.json")),
            ("theme", json!("$HOME")),
            ("theme", json!({"command": "evil"})),
            ("theme", json!(["evil"])),
            ("Theme", json!("dark")),
            ("themes", json!("dark")),
            ("statusLine", json!("dark")),
            ("apiKeyHelper", json!("evil")),
            ("env", json!(true)),
        ] {
            assert!(!is_look(key, &value), "{key}: {value}");
        }
    }

    #[test]
    fn trust_alarms_codex_may_say_how_it_looks() {
        for text in [
            "[tui]\ntheme = \"dark\"\n",
            "# ours\nmodel = \"gpt-6-luna\"\n\n[tui]\n  animations = false\n",
            "",
        ] {
            assert!(is_look_of_codex(text.as_bytes()), "{text}");
        }
        for text in [
            "notify = [\"evil\"]\n",
            "[tui]\ntheme = \"dark\"\nnotifications = true\n",
            "theme = \"dark\"\n",
            "[mcp_servers.a]\ncommand = \"evil\"\n",
            "[tui]\ntheme = \"\"\"\nnotify = 1\n\"\"\"\n",
            "[tui]\ntheme = '''x'''\n",
            "[tui]\ntheme = \"a\\u0022\"\n",
            "model = \"x\" # \u{202e}\n",
            "model = \"x\"\rnotify = [\"evil\"]\n",
            "tui.theme = \"dark\"\n",
            "[tui.theme]\n",
            "[[tui]]\n",
            "[]\nmodel = \"x\"\n",
            "model_provider = \"evil\"\n",
        ] {
            assert!(!is_look_of_codex(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn trust_alarms_fewer_tools_widen_nothing() {
        for front in [
            "\nname: reviewer\ndescription: Looks for hooks, tools and permissions\ntools: Read, Grep\n",
            "\nname: a\ntools: [Read, Glob]\nmodel: haiku\ncolor: red",
            "\nname: a\ndescription: x\ndisallowedTools: Bash, mcp__a__b",
        ] {
            assert!(only_narrows(front), "{front}");
        }
        for front in [
            "\nname: a\ntools: Read\nhooks:\n  Stop: evil\n",
            "\nname: a\ntools: Read\npermissionMode: bypassPermissions\n",
            "\nname: a\ntools: Bash(git *)\n",
            "\nname: a\ntools: *\n",
            "\nname: a\ntools:\n  - Read\n",
            "\nname: a\nmcpServers: x\ntools: Read\n",
            "\nname: a\ntools: Read\ntools: Bash\n",
            "\nname: a\ndescription: |\n  x\nhooks: y\n",
            "\nname: a\ndescription: \"x\n hooks: evil\"\n",
            "\nname: a\ndescription: x\u{85}hooks: evil\n",
            "\nname: a\ndescription: x\u{2028}hooks: evil\n",
            "\nname: a\ndescription: x\rhooks: evil\n",
            "\nname: &x a\ndescription: *x\n",
            "\n{name: a, hooks: evil}\n",
            "\nname: a\ndescription: {hooks: evil}\n",
            "\n<<: x\nname: a\n",
        ] {
            assert!(!only_narrows(front), "{front:?}");
        }
    }

    #[test]
    fn trust_alarms_keys_are_keys_and_nothing_beside_them() {
        for lines in
            ["OPENAI_API_KEY=sk-123\n", "export GEMINI_API_KEY='a1'\nANTHROPIC_API_KEY=\"b\"\n"]
        {
            assert!(only_keys(lines.as_bytes()), "{lines}");
        }
        for lines in [
            "OPENAI_API_KEY=sk-123\nOPENAI_BASE_URL=http://evil\n",
            "OPENAI_API_KEY=$(evil)\n",
            "OPENAI_API_KEY=`evil`\n",
            "OPENAI_API_KEY=\"a\nNODE_OPTIONS=--require ./x\"\n",
            "OPENAI_API_KEY: sk-1\n",
            "OPENAI_API_KEY=\n",
            "NODE_OPTIONS=abc\n",
            "CLAUDE_CODE_KEY=abc\n",
            "GIT_TOKEN=abc\n",
        ] {
            assert!(!only_keys(lines.as_bytes()), "{lines}");
        }
    }
}
