//! Definitions from options: a whole new one, and changes of one that is there.

use crate::check;
use crate::failure::Failure;
use nightshift_protocol::routine::{RoutineChange, TimeGiven};
use nightshift_protocol::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Small letters, digits, `-` and `_`.
    pub name: String,
    /// What the agent is to do; `-` reads it from stdin.
    prompt: Option<String>,
    /// A whole definition, as docs/routines.md has it; `-` reads it from stdin.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "prompt", "description", "agent", "model", "mode", "repository", "no_worktree", "schedule", "every", "at",
            "timezone", "goal", "check", "otherwise", "api",
        ]
    )]
    file: Option<PathBuf>,
    /// Let calls with a token fire it.
    #[arg(long)]
    api: bool,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Debug, clap::Args)]
pub(super) struct Update {
    routine: String,
    /// What the agent is to do; `-` reads it from stdin.
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

/// What `create` and `update` have in common.
#[derive(Debug, clap::Args)]
pub(super) struct Keys {
    /// One line for lists.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Agent to use; without it the default of the settings.
    #[arg(long)]
    agent: Option<String>,
    /// Model to use.
    #[arg(long)]
    model: Option<String>,
    /// Permission mode of the agent.
    #[arg(long)]
    mode: Option<String>,
    /// Repository to work in, each run in a worktree of its own; without it an empty directory.
    #[arg(long, value_name = "DIR", visible_alias = "cwd")]
    repository: Option<PathBuf>,
    /// Let runs work in the repository itself.
    #[arg(long)]
    no_worktree: bool,
    /// Cron expression: minute, hour, day of the month, month, day of the week; may be given several times.
    #[arg(long, value_name = "CRON")]
    schedule: Vec<String>,
    /// Length of time such as `2h`; may be given several times.
    #[arg(long, value_name = "TIME")]
    every: Vec<String>,
    /// Once at this local time, such as `2026-12-01T09:00`; may be given several times.
    #[arg(long, value_name = "TIME")]
    at: Vec<String>,
    /// Time zone of its times, such as `Europe/Berlin`; without it the machine's.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What must be true for a run to count as done.
    #[arg(long, value_name = "TEXT")]
    goal: Option<String>,
    /// Shell command that must succeed for a run to count as done.
    #[arg(long, value_name = "COMMAND")]
    check: Option<String>,
    /// What happens with requests that no rule allows: `deny` or `ask`.
    #[arg(long, value_name = "WHAT", value_parser = ["deny", "ask"])]
    otherwise: Option<String>,
}

/// The text of the definition's file.
pub(super) fn definition(create: Create) -> Result<String, Failure> {
    match &create.file {
        Some(file) if file.as_os_str() == "-" => {
            let text = check::text_or_stdin(None, "definition")?;
            text.ok_or_else(|| Failure::usage("a definition is missing on stdin"))
        }
        Some(file) => std::fs::read_to_string(file).map_err(|e| {
            let message = format!("cannot read {}: {e}", file.display());
            Fault::new(FaultCode::Io, message).into()
        }),
        None => written(create),
    }
}

fn written(create: Create) -> Result<String, Failure> {
    let Some(prompt) = check::text_or_stdin(create.prompt, "prompt")? else {
        return Err(Failure::usage("a prompt is missing; give one, or --file FILE"));
    };
    let prompt = check::text(&prompt, "prompt")?;
    let keys = create.keys;
    if keys.no_worktree && keys.repository.is_none() {
        return Err(Failure::usage("--no-worktree needs --repository DIR"));
    }
    let repository = place(keys.repository.as_deref())?;
    let mut text = "+++\n".to_owned();
    let worktree = keys.no_worktree.then(|| "none".to_owned());
    for (key, value) in [
        ("description", keys.description),
        ("agent", keys.agent),
        ("model", keys.model),
        ("mode", keys.mode),
        ("repository", repository),
        ("worktree", worktree),
        ("timezone", keys.timezone),
    ] {
        put(&mut text, key, value)?;
    }
    let lists = [("schedule", keys.schedule), ("every", keys.every), ("at", keys.at)];
    for (key, values) in lists {
        for value in values {
            text.push_str("\n[[trigger]]\n");
            put(&mut text, key, Some(value))?;
        }
    }
    if create.api {
        text.push_str("\n[[trigger]]\napi = true\n");
    }
    if keys.otherwise.is_some() {
        text.push_str("\n[permissions]\n");
        put(&mut text, "otherwise", keys.otherwise)?;
    }
    if keys.goal.is_some() || keys.check.is_some() {
        text.push_str("\n[outcome]\n");
        put(&mut text, "goal", keys.goal)?;
        put(&mut text, "check", keys.check)?;
    }
    Ok(format!("{text}+++\n{prompt}\n"))
}

/// A text of JSON is one of TOML too, but for one character.
fn put(text: &mut String, key: &str, value: Option<String>) -> Result<(), Failure> {
    let Some(value) = value else { return Ok(()) };
    let quoted = serde_json::to_string(&value)
        .map_err(|e| Fault::new(FaultCode::Internal, format!("{key}: {e}")))?;
    text.push_str(&format!("{key} = {}\n", quoted.replace('\u{7f}', "\\u007f")));
    Ok(())
}

/// The directory as it is written into a definition.
fn place(dir: Option<&Path>) -> Result<Option<String>, Failure> {
    let dir = dir.map(|dir| check::directory(Some(dir))).transpose()?;
    Ok(dir.map(|dir| dir.to_string_lossy().into_owned()))
}

/// The routine that is meant, and what is changed of it.
pub(super) fn change(update: Update) -> Result<(String, RoutineChange), Failure> {
    let Update { routine, prompt, keys } = update;
    let repository = match &keys.repository {
        Some(dir) if dir.as_os_str().is_empty() => Some(String::new()),
        dir => place(dir.as_deref())?,
    };
    let worktree = keys.no_worktree.then(|| "none".to_owned());
    let mut changed = BTreeMap::new();
    for (key, value) in [
        ("description", keys.description),
        ("agent", keys.agent),
        ("model", keys.model),
        ("mode", keys.mode),
        ("repository", repository),
        ("worktree", worktree),
        ("timezone", keys.timezone),
        ("permissions.otherwise", keys.otherwise),
        ("outcome.goal", keys.goal),
        ("outcome.check", keys.check),
    ] {
        if let Some(value) = value {
            let value = Some(value).filter(|value| !value.trim().is_empty());
            changed.insert(key.to_owned(), value);
        }
    }
    let lists = [("schedule", keys.schedule), ("every", keys.every), ("at", keys.at)];
    let times: Vec<TimeGiven> = lists
        .into_iter()
        .flat_map(|(kind, values)| {
            values.into_iter().map(|value| TimeGiven { kind: kind.to_owned(), value })
        })
        .collect();
    let prompt = match prompt {
        Some(text) => {
            let text = check::text_or_stdin(Some(text), "prompt")?.unwrap_or_default();
            Some(check::text(&text, "prompt")?)
        }
        None => None,
    };
    if changed.is_empty() && times.is_empty() && prompt.is_none() {
        return Err(Failure::usage("nothing to change; give an option, such as --schedule"));
    }
    Ok((routine, RoutineChange { keys: changed, times, prompt }))
}
