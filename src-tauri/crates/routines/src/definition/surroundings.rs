//! Where a run happens: repository, base, worktree, target session, and `[environment]`.

use super::Definition;
use super::fields::{At, Fields};
use super::limits::{
    COMMAND_MAX_CHARS, CONNECTORS_MAX, REPOSITORY_MAX_CHARS, VARIABLE_MAX_CHARS, VARIABLES_MAX,
    WORD_MAX_CHARS,
};
use super::policy::NEEDS_SANDBOX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repository {
    /// Absolute, or beginning with `~/`.
    Path(String),
    /// Fetched into a mirror of ours, a fresh clone for each run.
    Url(String),
}

impl Repository {
    pub fn as_str(&self) -> &str {
        match self {
            Repository::Path(text) | Repository::Url(text) => text,
        }
    }
}

/// What a run begins from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The remote's default branch, fetched before the run.
    Default,
    /// What is checked out.
    Head,
    Branch(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorktreeUse {
    PerRun,
    /// A scratch directory.
    None,
}

/// Who gets the prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    New,
    /// This session, as its next turn.
    Session(String),
}

/// Where a run's variables come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The user's login shell, asked at each run.
    #[default]
    LoginShell,
    None,
}

/// Where a secret's value is; never the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// An entry of the user's keyring.
    Keyring(String),
    /// A variable of the supervisor's environment.
    Variable(String),
}

/// The network is not confined in this version (`full`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub from: From,
    pub set: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret>,
    /// A shell command that runs in a new worktree before the agent.
    pub setup: Option<String>,
    /// Names in `[mcp_servers]` of the settings.
    pub connectors: Vec<String>,
    /// A shell command; the routine runs when it ends with 0.
    pub precheck: Option<String>,
}

pub(super) fn repository(root: &Fields<'_>) -> Option<Repository> {
    let At { value, span } = root.line("repository", REPOSITORY_MAX_CHARS)?;
    let scheme =
        ["https://", "http://", "ssh://", "git://", "file://"].iter().any(|s| value.starts_with(s));
    let scp =
        value.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    if value.starts_with('-') {
        root.say(&span, "a repository does not begin with `-`");
        return None;
    }
    if scheme && value.split("://").nth(1).is_some_and(has_password) {
        root.say(
            &span,
            "the address holds a password; remove it, and let git's credential helper give it",
        );
        return None;
    }
    if scheme || scp {
        return Some(Repository::Url(value));
    }
    if value.starts_with('/') || value.starts_with("~/") || value == "~" {
        return Some(Repository::Path(value));
    }
    let message = format!(
        "`{value}` is neither an absolute path (`/…`, `~/…`) nor an address (`https://…`, `git@…:…`)"
    );
    root.say(&span, message);
    None
}

fn has_password(after_scheme: &str) -> bool {
    let authority = after_scheme.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

pub(super) fn base(root: &Fields<'_>) -> Base {
    let Some(At { value, span }) = root.line("base", WORD_MAX_CHARS) else { return Base::Default };
    match value.as_str() {
        "default" => Base::Default,
        "head" => Base::Head,
        branch if is_branch(branch) => Base::Branch(value),
        branch => {
            root.say(
                &span,
                format!("`{branch}` is no name of a branch; write `default`, `head` or a branch"),
            );
            Base::Default
        }
    }
}

/// As git-check-ref-format has it, and nothing that looks like an option.
fn is_branch(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.starts_with('-')
        && !name.ends_with('.')
        && name != "@"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(bad)
        && name.split('/').all(part)
}

pub(super) fn worktree(root: &Fields<'_>) -> WorktreeUse {
    let words = [("per-run", WorktreeUse::PerRun), ("none", WorktreeUse::None)];
    root.word("worktree", &words).unwrap_or(WorktreeUse::PerRun)
}

pub(super) fn target(root: &Fields<'_>) -> Target {
    let session = root.line("session", WORD_MAX_CHARS);
    if let Some(target) = root.item("target") {
        if target.value.as_str() != Some("new") {
            root.say(
                &target.span,
                "`target` can be \"new\"; for a session that is there write `session = \"<name>\"`",
            );
        } else if session.is_some() {
            root.say(
                &target.span,
                "`target = \"new\"` and `session` exclude each other; remove one of them",
            );
        }
    }
    session.map_or(Target::New, |session| Target::Session(session.value))
}

/// What does not go together. Told at the key that would have no effect.
pub(super) fn together(root: &Fields<'_>, definition: &Definition) {
    if matches!(definition.target, Target::Session(_)) {
        for key in ["agent", "repository", "base", "worktree"] {
            if root.item_is_there(key) {
                let message = format!(
                    "`{key}` has no effect with `session`: that session has its own; remove one of them"
                );
                root.say(&root.key_span(key), message);
            }
        }
    } else if definition.repository.is_none() && definition.base != Base::Default {
        root.say(&root.key_span("base"), "`base` needs a `repository`");
    }
}

pub(super) fn environment(root: &Fields<'_>) -> Environment {
    let Some(fields) = root.table("environment") else { return Environment::default() };
    let from = [("login-shell", From::LoginShell), ("none", From::None)];
    let command = |key| fields.text(key, COMMAND_MAX_CHARS).map(|found| found.value);
    network(&fields);
    let connectors = fields.texts("connectors", CONNECTORS_MAX, WORD_MAX_CHARS).unwrap_or_default();
    let environment = Environment {
        from: fields.word("from", &from).unwrap_or_default(),
        set: variables(&fields),
        secrets: secrets(&fields),
        setup: command("setup"),
        connectors: connectors.into_iter().map(|name| name.value).collect(),
        precheck: command("precheck"),
    };
    for name in environment.secrets.keys().filter(|name| environment.set.contains_key(*name)) {
        fields.say(
            &fields.key_span("secrets"),
            format!("`{name}` is in `set` and in `secrets`; remove one of them"),
        );
    }
    fields.done();
    environment
}

fn network(fields: &Fields<'_>) {
    let Some(found) = fields.item("network") else { return };
    let word = found.value.as_str();
    let confined = matches!(word, Some("none" | "trusted")) || found.value.is_table_like();
    if word == Some("full") {
        return;
    }
    let message = if confined || word.is_some_and(|word| word.starts_with("custom")) {
        format!(
            "`environment.network` other than \"full\" {NEEDS_SANDBOX}; remove it, or write \"full\""
        )
    } else {
        "`environment.network` can be \"full\" in this version".to_owned()
    };
    fields.say(&found.span, message);
}

/// How variables of ours begin; they say who a process belongs to.
const OURS: &str = "NIGHTSHIFT_";

fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn check_variable(fields: &Fields<'_>, name: &str, at: &At<String>) -> bool {
    if !is_variable(name) {
        fields.say(
            &at.span,
            format!("`{name}` is no name of a variable; use letters, digits and `_`"),
        );
        return false;
    }
    if name.starts_with(OURS) {
        fields.say(&at.span, format!("`{name}` is set by Nightshift itself; choose another name"));
        return false;
    }
    true
}

fn variables(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let all = fields.map("set", VARIABLES_MAX, VARIABLE_MAX_CHARS);
    let fine = all.into_iter().filter(|(name, at)| check_variable(fields, name, at));
    fine.map(|(name, at)| (name, at.value)).collect()
}

/// A value that is no place may be the secret itself: it is never repeated in the message.
fn secrets(fields: &Fields<'_>) -> BTreeMap<String, Secret> {
    let mut secrets = BTreeMap::new();
    for (name, at) in fields.map("secrets", VARIABLES_MAX, VARIABLE_MAX_CHARS) {
        if !check_variable(fields, &name, &at) {
            continue;
        }
        let secret = match at.value.split_once(':') {
            Some(("keyring", entry)) if !entry.trim().is_empty() => {
                Secret::Keyring(entry.to_owned())
            }
            Some(("env", variable)) if is_variable(variable) => {
                Secret::Variable(variable.to_owned())
            }
            _ => {
                let message = format!(
                    "the secret `{name}` must say where its value is: \"keyring:<entry>\" or \"env:<VARIABLE>\"; \
                     values do not belong in this file"
                );
                fields.say(&at.span, message);
                continue;
            }
        };
        secrets.insert(name, secret);
    }
    secrets
}
