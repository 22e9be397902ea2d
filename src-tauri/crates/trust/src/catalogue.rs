//! Which files of a directory agents take for settings, and which of those matter.
//!
//! Promise: a file of which only looks are set (a theme, a model) is none of them, and neither is one that
//! only forbids; an unknown key counts.
//! Must not know: where the bytes come from.

use crate::item::{Item, Part};
use nightshift_worktree::sha256;
use serde_json::Value;

/// What is looked for below each directory from the root to where a session works.
pub const ROOTS: &[&str] = &[
    ".claude",
    ".mcp.json",
    ".codex",
    ".gemini",
    ".qwen",
    ".env",
    "opencode.json",
    "opencode.jsonc",
    ".opencode",
    ".cursor",
    ".vscode/mcp.json",
    ".github/mcp.json",
    ".github/hooks",
    ".github/copilot",
];
/// Directories that are not entered: what is in them is named by something else or by nothing.
pub const PASSED_OVER: &[&str] = &["node_modules", "worktrees", ".git"];

/// Keys of settings that run nothing and widen nothing.
const HARMLESS: &[&str] = &["$schema"];
const HARMLESS_CLAUDE: &[&str] = &[
    "$schema",
    "worktree",
    "attribution",
    "includeCoAuthoredBy",
    "cleanupPeriodDays",
    "model",
    "outputStyle",
    "language",
    "spinnerTipsEnabled",
    "alwaysThinkingEnabled",
];
const HARMLESS_GEMINI: &[&str] = &["$schema", "ui"];
const HARMLESS_OPENCODE: &[&str] = &["$schema", "theme", "keybinds", "instructions", "model"];
/// Keys at the beginning of a text that an agent takes for a skill, a command or an agent.
const WIDENING: &[&str] = &[
    "hooks",
    "allowed-tools",
    "allowedTools",
    "permissionMode",
    "permission",
    "permissions",
    "mcpServers",
    "mcp",
    "plugin",
    "tools",
];
/// Beginnings of variables that steer an agent, its interface or every program.
const STEERING: &[&str] = &[
    "GEMINI",
    "GOOGLE",
    "QWEN",
    "OPENAI",
    "ANTHROPIC",
    "CLAUDE",
    "CODEX",
    "OPENCODE",
    "DASHSCOPE",
    "NODE_",
    "PERL5",
    "PYTHON",
    "RUBY",
    "JAVA_TOOL",
    "_JAVA",
    "JDK_JAVA",
    "RUSTC",
    "CARGO",
    "GIT_",
    "LESS",
    "LD_",
    "DYLD_",
    "PATH",
    "BASH_ENV",
    "ENV",
    "SHELL",
    "GIT_",
    "SSH_",
    "HTTP",
    "ALL_PROXY",
    "PYTHON",
    "NPM_",
    "npm_",
    "http",
    "SANDBOX",
    "NIGHTSHIFT",
];

#[derive(Clone, Copy)]
enum Matters {
    Always,
    /// Where a key other than these is set.
    KeysBut(&'static [&'static str]),
    /// Where the text begins with a key that widens, or holds a command.
    Text,
    /// Where a variable that steers is set; values are secrets and are not shown.
    Variables,
}

/// What `path`, relative to a directory on the way, is to agents.
fn role(path: &str) -> Option<(Part, &'static str, Matters)> {
    let (top, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_text = rest.ends_with(".md") || rest.ends_with(".mdx");
    let below = |names: &[&str]| {
        names.iter().any(|n| rest.strip_prefix(n).is_some_and(|r| r.starts_with('/')))
    };
    match (top, rest) {
        (".claude", "settings.json" | "settings.local.json") => Some((
            Part::Claude,
            "settings of Claude Code: hooks, programs, permissions",
            Matters::KeysBut(HARMLESS_CLAUDE),
        )),
        (".claude", _) if below(&["agents", "commands", "skills", "output-styles"]) => {
            is_text.then_some((Part::Claude, "may do more than it is asked for", Matters::Text))
        }
        (".mcp.json", _) => {
            Some((Part::Mcp, "MCP servers that an agent starts", Matters::KeysBut(HARMLESS)))
        }
        (".codex", _) if is_text => Some((Part::Codex, "taken up by Codex", Matters::Text)),
        (".codex", _) => Some((Part::Codex, "settings, rules and hooks of Codex", Matters::Always)),
        (".gemini" | ".qwen", _) => {
            gemini(top, rest, is_text, below(&["extensions", "hooks", "policies"]))
        }
        (".env", "") => Some((Part::Gemini, "variables that an agent takes", Matters::Variables)),
        ("opencode.json" | "opencode.jsonc", "") => Some((
            Part::Opencode,
            "settings of opencode: servers, plugins, permissions",
            Matters::KeysBut(HARMLESS_OPENCODE),
        )),
        (".opencode", _) if is_text => {
            Some((Part::Opencode, "taken up by opencode", Matters::Text))
        }
        (".opencode", _) if rest.ends_with(".gitignore") => None,
        (".opencode", _) => {
            Some((Part::Opencode, "settings and plugins of opencode", Matters::Always))
        }
        (".cursor", "mcp.json" | "hooks.json" | "cli.json" | "environment.json") => Some((
            Part::Others,
            "servers, hooks and permissions of Cursor",
            Matters::KeysBut(HARMLESS),
        )),
        (".cursor", _) if below(&["hooks"]) => {
            Some((Part::Others, "run by Cursor", Matters::Always))
        }
        (".vscode" | ".github", _) => {
            Some((Part::Others, "servers and hooks of Copilot", Matters::Always))
        }
        _ => None,
    }
}

/// Qwen Code comes from Gemini CLI.
fn gemini(
    top: &str,
    rest: &str,
    is_text: bool,
    runs: bool,
) -> Option<(Part, &'static str, Matters)> {
    let part = if top == ".gemini" { Part::Gemini } else { Part::Qwen };
    match rest {
        "settings.json" => {
            let does = "settings: MCP servers, hooks, tools that are allowed";
            Some((part, does, Matters::KeysBut(HARMLESS_GEMINI)))
        }
        ".env" => Some((part, "variables that the agent takes", Matters::Variables)),
        _ if runs => Some((part, "extensions, hooks and policies", Matters::Always)),
        _ if is_text => Some((part, "may do more than it is asked for", Matters::Text)),
        _ => None,
    }
}

/// The item that the file `path` below `directory` is, if it matters.
pub fn item(directory: &str, path: &str, bytes: Vec<u8>) -> Option<Item> {
    let (part, does, matters) = role(path)?;
    let full = match directory {
        "" => path.to_owned(),
        _ => format!("{directory}/{path}"),
    };
    let counts = match matters {
        Matters::Always => !bytes.trim_ascii().is_empty(),
        Matters::KeysBut(harmless) => has_more_than(&bytes, harmless),
        Matters::Text => widens(&bytes),
        Matters::Variables => return variables(part, full, does, &bytes),
    };
    counts.then(|| Item::new(part, full, does, bytes))
}

/// Whether the file may matter at all: others are not read.
pub fn may_matter(path: &str) -> bool {
    role(path).is_some()
}

fn has_more_than(bytes: &[u8], harmless: &[&str]) -> bool {
    if bytes.trim_ascii().is_empty() {
        return false;
    }
    let Ok(Value::Object(keys)) = serde_json::from_slice(bytes) else { return true };
    let only_forbids = |key: &str, value: &Value| {
        let forbids = |name: &String| matches!(name.as_str(), "deny" | "ask");
        key == "permissions" && value.as_object().is_some_and(|o| o.keys().all(forbids))
    };
    keys.iter().any(|(key, value)| !harmless.contains(&key.as_str()) && !only_forbids(key, value))
}

fn widens(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("!`") || text.contains("!{") || text.contains("```!") {
        return true;
    }
    let text = text.trim_start_matches('\u{feff}');
    let Some(front) = text.strip_prefix("---") else { return false };
    let front = front.split("\n---").next().unwrap_or_default();
    // In whatever style it is written: a mapping may stand in one line.
    let mut words = front.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_'));
    words.any(|word| WIDENING.contains(&word))
}

fn variables(part: Part, path: String, does: &str, bytes: &[u8]) -> Option<Item> {
    let text = String::from_utf8_lossy(bytes);
    let name = |line: &str| {
        let line = line.trim();
        let exported =
            line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
        let line = exported.unwrap_or(line);
        let name = line.split(['=', ':']).next().unwrap_or_default().trim().to_owned();
        STEERING.iter().any(|start| name.starts_with(start)).then_some(name)
    };
    let steering: Vec<(String, &str)> =
        text.split(['\n', '\r']).filter_map(|line| Some((name(line)?, line))).collect();
    let shown: String = steering.iter().map(|(name, _)| format!("{name}=…\n")).collect();
    let exact: String = steering.iter().map(|(_, line)| format!("{line}\n")).collect();
    let item = Item::new(part, path, does, shown.into_bytes());
    (!steering.is_empty()).then(|| Item { sha256: sha256(exact.as_bytes()), ..item })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_05_what_runs_or_widens_is_told_from_what_does_not() {
        let counts = |path: &str, text: &str| item("", path, text.into()).is_some();
        for (path, text) in [
            (".claude/settings.json", r#"{"hooks":{}}"#),
            (".claude/settings.local.json", r#"{"permissions":{"allow":["Bash"]}}"#),
            (".claude/settings.json", r#"{"apiKeyHelper":"x"}"#),
            (".claude/settings.json", r#"{"aKeyOfTomorrow":1}"#),
            (".claude/settings.json", "{ not json"),
            (".claude/commands/a.md", "Do !`touch owned`"),
            (".claude/skills/a/SKILL.md", "---\nname: a\nallowed-tools: Bash\n---\n"),
            (".claude/agents/a.md", "---\nname: a\nhooks:\n  Stop: x\n---\n"),
            (".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#),
            (".gemini/settings.json", r#"{"mcpServers":{}}"#),
            (".gemini/.env", "GOOGLE_GEMINI_BASE_URL=http://evil"),
            (".env", "export NODE_OPTIONS=--require ./x"),
            (".qwen/extensions/a/qwen-extension.json", "{}"),
            (".codex/config.toml", "notify = [\"x\"]"),
            (".codex/rules/a.rules", "allow"),
            ("opencode.json", r#"{"mcp":{}}"#),
            (".opencode/plugin/a.ts", "x"),
            (".opencode/package.json", "{}"),
            (".cursor/mcp.json", r#"{"mcpServers":{}}"#),
            (".vscode/mcp.json", "{}"),
        ] {
            assert!(counts(path, text), "{path}: {text}");
        }
        for (path, text) in [
            (".claude/settings.json", r#"{"worktree":{"bgIsolation":"none"},"model":"x"}"#),
            (".claude/settings.json", r#"{"permissions":{"deny":["Bash"]}}"#),
            (".claude/settings.json", "  \n"),
            (".claude/commands/a.md", "Fix the issue $ARGUMENTS"),
            (".claude/agents/a.md", "---\nname: a\n---\nhooks: none"),
            (".claude/CLAUDE.md", "words"),
            (".gemini/settings.json", r#"{"ui":{"theme":"x"}}"#),
            (".env", "DATABASE_URL=x\nDEBUG=1"),
            ("opencode.json", r#"{"theme":"x"}"#),
            (".mcp.json", ""),
            ("src/.claude.rs", "x"),
        ] {
            assert!(!counts(path, text), "{path}: {text}");
        }
    }

    #[test]
    fn security_05_values_of_variables_are_compared_and_never_shown() {
        let one = item("", ".env", b"OPENAI_API_KEY=secret\nA=b".to_vec()).unwrap();
        let two = item("", ".env", b"OPENAI_API_KEY=other\nA=c".to_vec()).unwrap();
        assert_eq!(one.shown, b"OPENAI_API_KEY=\xe2\x80\xa6\n");
        assert_eq!(one.shown, two.shown);
        assert_ne!(one.sha256, two.sha256);
    }
}
