//! Which files of a directory agents take for settings, and which of those matter.
//!
//! Promise: a file of which only looks are set (a theme, a model) is none of them, and neither is one that
//! only forbids; an unknown key counts.
//! Must not know: where the bytes come from.

use crate::item::{Item, Part};
use crate::looks;
use crate::secrets;
use crate::tree::name;
use serde_json::Value;
use std::path::Path;

/// What is looked for below each directory from the root to where a session works.
pub const ROOTS: &[&str] = &[
    ".claude",
    ".mcp.json",
    ".agents",
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
    ".github/lsp.json",
    ".github/agents",
    ".github/hooks",
    ".github/skills",
    ".github/copilot",
    "bunfig.toml",
    ".npmrc",
];

/// Directories that are not entered: no agent looks for settings there. Exactly these; of the same name
/// elsewhere one is a directory like any other.
pub fn passed_over(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap_or_default()).collect();
    // Below a directory of an agent's another one is a directory like any other too.
    let Some(top) = parts.iter().position(|part| ROOTS.contains(part)) else { return false };
    match &parts[top..] {
        // Where Claude Code and Nightshift make worktrees.
        [".claude", "worktrees"] | [".opencode", "node_modules"] => true,
        // Packages and the repository of an extension or a skill, which its own files name.
        [".gemini" | ".qwen", "extensions", _, "node_modules" | ".git"]
        | [".codex" | ".agents", "skills", _, "node_modules" | ".git"] => true,
        _ => false,
    }
}

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
/// How opencode is told to put a variable or a file in a setting's place.
const SUBSTITUTIONS: &[&str] = &["{env:", "{file:"];
/// Ends of files that are settings or programs: in an agent's directory one of these counts even where nobody
/// knows yet what it is for.
const TELLING_ENDS: &[&str] = &[
    ".json", ".json5", ".jsonc", ".toml", ".yaml", ".yml", ".js", ".cjs", ".mjs", ".ts", ".cts",
    ".mts", ".py", ".sh", ".bash", ".rules", ".bashrc",
];
/// Keys at the beginning of a text that an agent takes for a skill, a command or an agent.
const WIDENING: &[&str] = &[
    "hooks",
    "allowed-tools",
    "allowedTools",
    "permissionMode",
    "permission",
    "permissions",
    "mcpServers",
    "mcp-servers",
    "mcp_servers",
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
    "XDG_",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "BUN_",
    "DENO_",
    "NO_PROXY",
    "no_proxy",
    "all_proxy",
];

#[derive(Clone, Copy)]
enum Matters {
    Always,
    /// Where a key other than these is set.
    KeysBut(&'static [&'static str]),
    /// As this, of opencode, whose harmless keys may name places elsewhere.
    KeysOfOpencode,
    /// Where more than looks are set.
    KeysOfCodex,
    /// Where the text begins with a key that widens, or holds a command.
    Text,
    /// As this, of an agent, which may be given fewer tools.
    TextOfAgent,
    /// Where a variable that steers is set.
    Variables,
    /// Where it names what is loaded before a program of Bun's begins.
    Bun,
    /// Where it names what npm runs, or where it takes packages from.
    Npm,
}

const BUN_DOES: &str = "loaded when a program that runs with Bun starts here, as some agents do";
const NPM_DOES: &str = "settings of npm, which starts some agents";
/// Of `bunfig.toml`.
const BUN_KEYS: &[&str] = &["preload", "plugins", "define", "registry"];
/// Of `.npmrc`: what is run, and where programs come from.
const NPM_KEYS: &[&str] = &[
    "registry",
    "script-shell",
    "shell",
    "node-options",
    "init-module",
    "git",
    "globalconfig",
    "prefix",
    "onload-script",
    "userconfig",
];

const LOOP_DOES: &str = "instructions that a loop without a prompt of yours gives the agent";

/// The `loop.md` of a directory, which is relative to the root.
pub fn instructions(directory: &Path, bytes: Vec<u8>) -> Item {
    let path = name(&directory.join(".claude/loop.md"));
    Item::new(Part::Instructions, path, LOOP_DOES, bytes)
}

/// What `path`, relative to a directory on the way, is to agents.
fn role(path: &str) -> Option<(Part, &'static str, Matters)> {
    let (top, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_text = [".md", ".mdx", ".mdc"].iter().any(|end| rest.ends_with(end));
    let is_telling = TELLING_ENDS.iter().any(|end| rest.ends_with(end));
    let below = |names: &[&str]| {
        names.iter().any(|n| rest.strip_prefix(n).is_some_and(|r| r.starts_with('/')))
    };
    match (top, rest) {
        (".claude", "settings.json" | "settings.local.json") => Some((
            Part::Claude,
            "settings of Claude Code: hooks, programs, permissions",
            Matters::KeysBut(HARMLESS_CLAUDE),
        )),
        (".claude", _) if is_text && below(&["agents"]) => {
            Some((Part::Claude, "may do more than it is asked for", Matters::TextOfAgent))
        }
        (".claude", "loop.md") => Some((Part::Instructions, LOOP_DOES, Matters::Always)),
        // What is beside these texts is run when a command of theirs says so.
        (".claude", _) if is_text || below(&["agents", "commands", "skills", "output-styles"]) => {
            is_text.then_some((Part::Claude, "may do more than it is asked for", Matters::Text))
        }
        (".claude", _) => is_telling.then_some((
            Part::Claude,
            "programs and settings of Claude Code",
            Matters::Always,
        )),
        (".agents", _) if is_text => Some((Part::Codex, "taken up by agents", Matters::Text)),
        (".agents", _) if below(&["skills"]) && !rest.contains("/agents/") => None,
        (".agents", _) => is_telling.then_some((
            Part::Codex,
            "skills and plugins of several agents",
            Matters::Always,
        )),
        (".mcp.json", _) => {
            Some((Part::Mcp, "MCP servers that an agent starts", Matters::KeysBut(HARMLESS)))
        }
        (".codex", _) if is_text => Some((Part::Codex, "taken up by Codex", Matters::Text)),
        (".codex", "config.toml") => {
            Some((Part::Codex, "settings, rules and hooks of Codex", Matters::KeysOfCodex))
        }
        (".codex", _) => Some((Part::Codex, "settings, rules and hooks of Codex", Matters::Always)),
        (".gemini" | ".qwen", _) => {
            let prompts = below(&["commands", "skills", "agents"]);
            let runs = below(&["extensions", "hooks", "policies"]) || rest.starts_with("sandbox");
            gemini(top, rest, is_text || prompts, runs || (is_telling && !prompts))
        }
        (".env", "") => Some((Part::Gemini, "variables that an agent takes", Matters::Variables)),
        ("opencode.json" | "opencode.jsonc", "") => Some((
            Part::Opencode,
            "settings of opencode: servers, plugins, permissions",
            Matters::KeysOfOpencode,
        )),
        (".opencode", _) if is_text => {
            Some((Part::Opencode, "taken up by opencode", Matters::Text))
        }
        (".opencode", _) if rest.ends_with(".gitignore") => None,
        (".opencode", _) => {
            Some((Part::Opencode, "settings and plugins of opencode", Matters::Always))
        }
        ("bunfig.toml", "") => Some((Part::Others, BUN_DOES, Matters::Bun)),
        (".npmrc", "") => Some((Part::Others, NPM_DOES, Matters::Npm)),
        (".cursor" | ".github" | ".vscode", _) => others(top, rest, is_text, is_telling),
        _ => None,
    }
}

/// Agents that were not tried with this build.
fn others(
    top: &str,
    rest: &str,
    is_text: bool,
    is_telling: bool,
) -> Option<(Part, &'static str, Matters)> {
    let below = |name: &str| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let (does, matters) = match (top, rest) {
        (".cursor", "mcp.json" | "hooks.json" | "cli.json" | "environment.json") => {
            ("servers, hooks and permissions of Cursor", Matters::KeysBut(HARMLESS))
        }
        (".cursor", _) if below("hooks") => ("run by Cursor", Matters::Always),
        (".cursor", _) if is_text => ("taken up by Cursor", Matters::Text),
        (".cursor", _) if below("skills") || below("commands") || !is_telling => return None,
        (".cursor", _) => ("settings and programs of Cursor", Matters::Always),
        (".github", _) if is_text => ("taken up by Copilot", Matters::Text),
        (".github", _) if below("skills") => return None,
        _ => ("servers and hooks of Copilot", Matters::Always),
    };
    Some((Part::Others, does, matters))
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
        Matters::KeysOfOpencode => {
            has_more_than(&bytes, HARMLESS_OPENCODE) || leads_elsewhere(&bytes)
        }
        Matters::KeysOfCodex => !looks::is_look_of_codex(&bytes),
        Matters::Text => widens(&bytes, |_| false),
        Matters::TextOfAgent => widens(&bytes, looks::only_narrows),
        Matters::Bun => names_any(&bytes, BUN_KEYS),
        Matters::Npm => names_any(&bytes, NPM_KEYS),
        Matters::Variables => return variables(part, full, does, &bytes),
    };
    let settings = [".json", ".jsonc", ".toml"].iter().any(|end| full.ends_with(end));
    let shown = if counts && settings { secrets::without(&bytes) } else { None };
    counts.then(|| match shown {
        Some(shown) => Item::shown_as(part, full, does, bytes, shown),
        None => Item::new(part, full, does, bytes),
    })
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
    let is_harmless = |key: &str, value: &Value| {
        harmless.contains(&key) || only_forbids(key, value) || looks::is_look(key, value)
    };
    keys.iter().any(|(key, value)| !is_harmless(key, value))
}

/// Whether a word of it ends in one of these: keys may be quoted, and belong to a part.
fn names_any(bytes: &[u8], keys: &[&str]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_'));
    words.any(|word| keys.contains(&word.replace('_', "-").as_str()))
}

/// `harmless` knows beginnings that hold such a key and give nothing.
fn widens(bytes: &[u8], harmless: fn(&str) -> bool) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("!`") || text.contains("!{") || text.contains("```!") {
        return true;
    }
    let text = text.trim_start_matches('\u{feff}');
    let Some(front) = text.strip_prefix("---") else { return false };
    let front = front.split("\n---").next().unwrap_or_default();
    if harmless(front) {
        return false;
    }
    // In whatever style it is written: a mapping may stand in one line.
    let mut words = front.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_'));
    words.any(|word| WIDENING.contains(&word))
}

/// Whether opencode would fetch its instructions, read them outside of the repository, or put something
/// else into a setting.
fn leads_elsewhere(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Ok(settings) = serde_json::from_slice::<Value>(bytes) else { return true };
    let inside = |path: &Value| {
        let far = |path: &str| {
            path.contains("://") || path.starts_with(['/', '~']) || path.contains("..")
        };
        path.as_str().is_some_and(|path| !far(path))
    };
    let instructions = match &settings["instructions"] {
        Value::Null => true,
        Value::Array(paths) => paths.iter().all(inside),
        other => inside(other),
    };
    !instructions || text.contains('\\') || SUBSTITUTIONS.iter().any(|begin| text.contains(begin))
}

/// Variables that steer, with all their lines: a quoted value may go on.
fn variables(part: Part, path: String, does: &str, bytes: &[u8]) -> Option<Item> {
    let text = String::from_utf8_lossy(bytes);
    let (mut shown, mut exact) = (String::new(), String::new());
    let mut lines = text.split(['\n', '\r']);
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let exported =
            trimmed.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
        let setting = exported.unwrap_or(trimmed);
        let at = setting.find(['=', ':']).unwrap_or(setting.len());
        let name = setting[..at].trim();
        let value = setting.get(at + 1..).unwrap_or_default().trim();
        if !STEERING.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        let mut whole = line.to_owned();
        let mut value = value.to_owned();
        let quote = value.chars().next().filter(|c| "\"'`".contains(*c));
        let open = |value: &str| quote.is_some_and(|quote| value.matches(quote).count() == 1);
        while open(&value) {
            let Some(next) = lines.next() else { break };
            whole.push_str(&format!("\n{next}"));
            value.push_str(&format!("\n{next}"));
        }
        exact.push_str(&format!("{whole}\n"));
        shown.push_str(&format!("{name}={}\n", secrets::variable(name, &value)));
    }
    (!exact.is_empty())
        .then(|| Item::shown_as(part, path, does, exact.into_bytes(), shown.into_bytes()))
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
            (".claude/agents/a.md", "---\nname: a\ntools: Read\nhooks: x\n---\n"),
            (".claude/agents/a.md", "---\nname: a\ntools: Read\n---\n!`evil`\n"),
            (".claude/skills/a/SKILL.md", "---\nname: a\ntools: Read\n---\n"),
            (".claude/settings.json", r#"{"theme":{"command":"x"}}"#),
            (".claude/settings.json", r#"{"theme":"dark","apiKeyHelper":"x"}"#),
            (".mcp.json", r#"{"theme":"dark","mcpServers":{}}"#),
            (".codex/config.toml", "[tui]\ntheme = \"x\"\nnotifications = [\"x\"]"),
            (".codex/other.toml", "[tui]\ntheme = \"x\""),
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
            (".claude/workflows/a.js", "x"),
            (".claude/scheduled_tasks.json", "{}"),
            (".claude/commands/worktrees/a.md", "!`x`"),
            (".claude/rules/a.md", "---\nallowed-tools: Bash\n---\n"),
            (".agents/skills/a/SKILL.md", "---\nallowed-tools: Bash\n---\n"),
            (".agents/skills/a/agents/openai.yaml", "dependencies:"),
            (".agents/plugins/marketplace.json", "{}"),
            (".gemini/commands/a.toml", "prompt = \"!{touch owned}\""),
            (".gemini/sandbox.bashrc", "touch owned"),
            (".gemini/something/new.json", "{}"),
            (".cursor/worktrees.json", "{}"),
            (".github/agents/a.agent.md", "---\nmcp-servers:\n  a: x\n---\n"),
            ("opencode.json", r#"{"instructions":["https://evil.example/a.md"]}"#),
            ("opencode.json", r#"{"instructions":["docs/*.md","~/x"]}"#),
            ("opencode.json", r#"{"instructions":"../x.md"}"#),
            ("opencode.json", r#"{"theme":"{file:/etc/passwd}"}"#),
            ("opencode.json", r#"{"instructions":["https:\/\/evil.example"]}"#),
        ] {
            assert!(counts(path, text), "{path}: {text}");
        }
        for (path, text) in [
            (".claude/settings.json", r#"{"worktree":{"bgIsolation":"none"},"model":"x"}"#),
            (".claude/settings.json", r#"{"permissions":{"deny":["Bash"]}}"#),
            (".claude/settings.json", "  \n"),
            (".claude/commands/a.md", "Fix the issue $ARGUMENTS"),
            (".claude/agents/a.md", "---\nname: a\n---\nhooks: none"),
            (".claude/agents/a.md", "---\nname: a\ntools: Read, Grep\n---\nReview."),
            (".claude/agents/a.md", "---\nname: a\ndescription: Reviews hooks\n---\n"),
            (".claude/settings.json", r#"{"theme":"dark","verbose":true}"#),
            (".gemini/settings.json", r#"{"theme":"Default"}"#),
            (".codex/config.toml", "[tui]\ntheme = \"x\""),
            (".claude/CLAUDE.md", "words"),
            (".gemini/settings.json", r#"{"ui":{"theme":"x"}}"#),
            (".env", "DATABASE_URL=x\nDEBUG=1"),
            ("opencode.json", r#"{"theme":"x"}"#),
            ("opencode.json", r#"{"instructions":["docs/*.md","CONTRIBUTING.md"]}"#),
            (".gemini/commands/a.toml", "prompt = \"Fix it\""),
            (".agents/skills/a/schema.json", "{}"),
            (".claude/skills/a/run.py", "x"),
            (".claude/notes.txt", "x"),
            (".mcp.json", ""),
            ("src/.claude.rs", "x"),
        ] {
            assert!(!counts(path, text), "{path}: {text}");
        }
    }

    #[test]
    fn security_05_values_of_variables_are_compared_and_secrets_are_not_shown() {
        let one = item("", ".env", b"OPENAI_API_KEY=secret\nA=b".to_vec()).unwrap();
        let two = item("", ".env", b"OPENAI_API_KEY=other\nA=c".to_vec()).unwrap();
        assert_eq!(String::from_utf8_lossy(&one.shown), "OPENAI_API_KEY=‹not shown›\n");
        assert_eq!(one.shown, two.shown);
        assert_ne!(one.sha256, two.sha256);
        let steers = b"export NODE_OPTIONS='--import ./x\n  --require ./y'\nA=b\n".to_vec();
        let shown = item("", ".env", steers).unwrap().shown;
        let expected = "NODE_OPTIONS='--import ./x\n  --require ./y'\n";
        assert_eq!(String::from_utf8_lossy(&shown), expected, "what runs is shown whole");
    }
}
