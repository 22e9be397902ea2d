//! What other programs have planned, as definitions: tasks of Claude Desktop, cron tasks of Claude Code, automations of
//! Codex.
//!
//! Promise: pure; nothing is guessed: what cannot be kept is named, and what cannot be read says why. Their files are
//! never written.
//! Must not know: where these files are.

use crate::definition::limits::NAME_MAX_CHARS;
use crate::definition::{check_name, duration};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// A file of another program.
pub struct Source<'a> {
    /// `claude-desktop`, `claude-code` or `codex`.
    pub from: &'a str,
    pub path: &'a str,
    pub text: &'a str,
}

/// What a file, or one entry of it, comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub from: String,
    pub path: String,
    pub name: String,
    /// The definition; empty with an error.
    pub text: String,
    pub lost: Vec<String>,
    pub error: Option<String>,
}

pub const CLAUDE_DESKTOP: &str = "claude-desktop";
pub const CLAUDE_CODE: &str = "claude-code";
pub const CODEX: &str = "codex";

/// A task on its way to become a definition.
#[derive(Default)]
struct Draft {
    name: String,
    description: Option<String>,
    prompt: String,
    agent: &'static str,
    model: Option<String>,
    mode: Option<String>,
    repository: Option<String>,
    in_place: bool,
    /// Key and value of its trigger.
    time: Option<(&'static str, String)>,
    lost: Vec<String>,
}

/// All of them, in the order of the files.
pub fn convert(sources: &[Source<'_>]) -> Vec<Found> {
    let registry = registry(sources);
    let mut found = Vec::new();
    for source in sources {
        let drafts = match source.from {
            CLAUDE_DESKTOP if source.path.ends_with(".json") => continue,
            CLAUDE_DESKTOP => vec![desktop(source, &registry)],
            CLAUDE_CODE => code(source),
            CODEX => vec![codex(source)],
            other => vec![Err(format!("`{other}` is no program that tasks are taken over from"))],
        };
        found.extend(drafts.into_iter().map(|draft| finished(source, draft)));
    }
    found
}

fn finished(source: &Source<'_>, draft: Result<Draft, String>) -> Found {
    let (from, path) = (source.from.to_owned(), source.path.to_owned());
    match draft {
        Ok(draft) => {
            let text = text(&draft);
            Found { from, path, name: name(&draft.name), text, lost: draft.lost, error: None }
        }
        Err(why) => Found { from, path, error: Some(why), ..Found::default() },
    }
}

/// A routine's name made of another's.
fn name(given: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut name = String::new();
    for c in given.to_lowercase().chars() {
        match c {
            c if fits(c) => name.push(c),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
    }
    let name: String = name.trim_start_matches('_').chars().take(NAME_MAX_CHARS).collect();
    let name = name.trim_end_matches('-').to_owned();
    if check_name(&name).is_ok() { name } else { "imported".to_owned() }
}

fn text(draft: &Draft) -> String {
    let mut document = DocumentMut::new();
    let root = document.as_table_mut();
    let line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let worktree = draft.in_place.then(|| "none".to_owned());
    for (key, value) in [
        ("description", draft.description.as_ref().map(line)),
        ("agent", Some(draft.agent.to_owned())),
        ("model", draft.model.clone()),
        ("mode", draft.mode.clone()),
        ("repository", draft.repository.clone()),
        ("worktree", worktree.filter(|_| draft.repository.is_some())),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            root.insert(key, Item::Value(Value::from(value)));
        }
    }
    if let Some((key, value)) = &draft.time {
        let mut table = Table::new();
        table.insert(key, Item::Value(Value::from(value.as_str())));
        let mut tables = ArrayOfTables::new();
        tables.push(table);
        root.insert("trigger", Item::ArrayOfTables(tables));
    }
    format!("+++\n{document}+++\n{}\n", draft.prompt.trim())
}

// ---- Claude Desktop

/// What the registries of Claude Desktop say of each task, by its id.
fn registry(sources: &[Source<'_>]) -> BTreeMap<String, Json> {
    let mut known = BTreeMap::new();
    let files = sources.iter().filter(|it| it.from == CLAUDE_DESKTOP && it.path.ends_with(".json"));
    for file in files {
        let read: Json = serde_json::from_str(file.text).unwrap_or_default();
        let tasks = read.get("scheduledTasks").unwrap_or(&read).as_array().cloned();
        for task in tasks.unwrap_or_default() {
            if let Some(id) = task["id"].as_str() {
                known.insert(id.to_owned(), task);
            }
        }
    }
    known
}

fn word(task: &Json, keys: &[&str]) -> Option<String> {
    let found = keys.iter().find_map(|key| task[*key].as_str())?.trim();
    (!found.is_empty()).then(|| found.to_owned())
}

/// `…/<id>/SKILL.md`: a head between `---` with name and description, then the prompt.
fn desktop(source: &Source<'_>, registry: &BTreeMap<String, Json>) -> Result<Draft, String> {
    let id = source.path.rsplit('/').nth(1).unwrap_or_default();
    let (head, prompt) = split_head(source.text);
    if prompt.trim().is_empty() {
        return Err("it has no prompt".to_owned());
    }
    let said = |key: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        let line = line.trim().trim_matches('"').trim_matches('\'').trim();
        (!line.is_empty()).then(|| line.to_owned())
    };
    let mut draft = Draft {
        name: if id.is_empty() { said("name").unwrap_or_default() } else { id.to_owned() },
        description: said("description"),
        prompt: prompt.to_owned(),
        agent: "claude",
        ..Draft::default()
    };
    let Some(task) = registry.get(id) else {
        draft
            .lost
            .push("its times: Claude Desktop's registry of tasks has nothing about it".to_owned());
        return Ok(draft);
    };
    let folder = task["userSelectedFolders"].as_array().and_then(|all| all.first()?.as_str());
    draft.repository = word(task, &["cwd", "folder"]).or(folder.map(str::to_owned));
    draft.in_place = draft.repository.is_some();
    draft.model = word(task, &["model"]);
    draft.mode = word(task, &["permissionMode"]);
    draft.time = match (word(task, &["cronExpression", "cron"]), word(task, &["fireAt"])) {
        (Some(cron), _) => Some(("schedule", cron)),
        (None, Some(at)) => local(&at).map(|at| ("at", at)),
        (None, None) => None,
    };
    if draft.time.is_none() {
        draft.lost.push("its times: there are none that can be read".to_owned());
    }
    let allowed = task["approvedPermissions"].as_array().is_some_and(|all| !all.is_empty());
    if allowed {
        draft
            .lost
            .push("its approved permissions: write what it may do into [permissions]".to_owned());
    }
    if task["enabled"] == Json::Bool(false) {
        draft.lost.push("that it was off: it is disabled here as well".to_owned());
    }
    Ok(draft)
}

fn split_head(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(rest) = text.strip_prefix("---") else { return ("", text) };
    rest.split_once("\n---").map_or(("", text), |(head, prompt)| {
        (head, prompt.split_once('\n').map_or("", |(_, prompt)| prompt))
    })
}

/// A date and time of day without a zone; one with a zone means another time in each.
fn local(at: &str) -> Option<String> {
    let plain = at.len() >= 16 && !at.contains(['Z', 'z', '+', '[']);
    plain.then(|| at.to_owned())
}

// ---- Claude Code

/// `.claude/scheduled_tasks.json`: tasks of the project that the directory is in.
fn code(source: &Source<'_>) -> Vec<Result<Draft, String>> {
    let read: Json = match serde_json::from_str(source.text) {
        Ok(read) => read,
        Err(e) => return vec![Err(format!("it is no JSON: {e}"))],
    };
    let Some(tasks) = read.get("tasks").unwrap_or(&read).as_array() else {
        return vec![Err("it holds no list of tasks".to_owned())];
    };
    let project = source.path.strip_suffix("/.claude/scheduled_tasks.json");
    tasks.iter().map(|task| code_task(task, project)).collect()
}

fn code_task(task: &Json, project: Option<&str>) -> Result<Draft, String> {
    let id = word(task, &["id"]).unwrap_or_else(|| "task".to_owned());
    let prompt = word(task, &["prompt"]).ok_or(format!("task {id} has no prompt"))?;
    let mut draft = Draft {
        name: format!("claude-{id}"),
        description: Some(prompt.lines().next().unwrap_or_default().chars().take(80).collect()),
        prompt,
        agent: "claude",
        repository: project.map(str::to_owned),
        in_place: project.is_some(),
        time: word(task, &["cron", "cronExpression"]).map(|cron| ("schedule", cron)),
        ..Draft::default()
    };
    if draft.time.is_none() {
        draft.lost.push("its times: there are none that can be read".to_owned());
    }
    draft.lost.push("its conversation: each run is a new session".to_owned());
    if task["recurring"] == Json::Bool(false) {
        draft
            .lost
            .push("that it runs once: take its trigger out after that, or write `at`".to_owned());
    }
    Ok(draft)
}

// ---- Codex

/// `automations/<id>/automation.toml`
fn codex(source: &Source<'_>) -> Result<Draft, String> {
    let text = source.text.trim_start_matches('\u{feff}');
    let file: DocumentMut = text
        .parse()
        .map_err(|e: toml_edit::TomlError| format!("it is no TOML: {}", e.message()))?;
    let word = |key: &str| {
        let found = file.get(key).and_then(Item::as_str).map(str::trim);
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let prompt = word("prompt").ok_or("it has no prompt")?;
    let mut lost = Vec::new();
    let time = match word("rrule") {
        Some(rule) => of_rule(&rule).or_else(|| {
            lost.push(format!("its times: {rule} is no schedule of ours"));
            None
        }),
        None => {
            lost.push("its times: it has none".to_owned());
            None
        }
    };
    let places: Vec<String> = file
        .get("cwds")
        .and_then(Item::as_array)
        .map(|all| all.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    if places.len() > 1 {
        lost.push(format!("its other directories: {}", places[1..].join(", ")));
    }
    if let Some(effort) = word("reasoning_effort") {
        lost.push(format!("its reasoning effort ({effort}): set it in the settings of the agent"));
    }
    if word("status").is_some_and(|status| status != "ACTIVE") {
        lost.push("that it was paused: it is disabled here as well".to_owned());
    }
    let kind = word("kind").filter(|kind| kind != "cron");
    lost.extend(kind.map(|kind| format!("that it is a `{kind}`: each run is a new session")));
    Ok(Draft {
        name: word("id").or(word("name")).unwrap_or_default(),
        description: word("name"),
        prompt,
        agent: "codex",
        model: word("model"),
        repository: places.first().cloned(),
        in_place: word("execution_environment").is_some_and(|place| place == "local"),
        time,
        lost,
        ..Draft::default()
    })
}

/// A recurrence rule (RFC 5545) where a trigger says exactly the same; none where it does not.
fn of_rule(rule: &str) -> Option<(&'static str, String)> {
    let rule = rule.trim().trim_start_matches("RRULE:");
    let mut parts: BTreeMap<&str, &str> = BTreeMap::new();
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=')?;
        parts.insert(key, value);
    }
    parts.retain(|key, value| !(*key == "BYSECOND" && *value == "0"));
    let interval: i64 = parts.remove("INTERVAL").unwrap_or("1").parse().ok()?;
    let frequency = parts.remove("FREQ")?;
    let minute = parts.remove("BYMINUTE");
    let hour = parts.remove("BYHOUR");
    let days = parts.remove("BYDAY");
    if !parts.is_empty() {
        return None;
    }
    let numbers = |text: &str, most: u32| {
        let fits = |part: &str| part.parse::<u32>().is_ok_and(|n| n <= most);
        text.split(',').all(fits).then(|| text.to_owned())
    };
    match (frequency, interval) {
        ("MINUTELY" | "HOURLY", _) if minute.is_none() && hour.is_none() && days.is_none() => {
            let unit_ms = if frequency == "HOURLY" { 3_600_000 } else { 60_000 };
            Some(("every", duration::write(interval.checked_mul(unit_ms)?)))
        }
        ("HOURLY", 1) => {
            let week = week_days(days)?;
            let hours = hour.map_or(Some("*".to_owned()), |hour| numbers(hour, 23))?;
            Some(("schedule", format!("{} {hours} * * {week}", numbers(minute?, 59)?)))
        }
        ("DAILY" | "WEEKLY", 1) if frequency == "DAILY" || days.is_some() => {
            let week = week_days(days)?;
            let minute = numbers(minute.unwrap_or("0"), 59)?;
            Some(("schedule", format!("{minute} {} * * {week}", numbers(hour?, 23)?)))
        }
        _ => None,
    }
}

fn week_days(days: Option<&str>) -> Option<String> {
    const NAMES: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    let Some(days) = days else { return Some("*".to_owned()) };
    let number = |day: &str| NAMES.iter().position(|name| *name == day);
    let numbers: Option<Vec<usize>> = days.split(',').map(number).collect();
    let mut numbers = numbers?;
    numbers.sort_unstable();
    numbers.dedup();
    let all: Vec<String> = numbers.iter().map(usize::to_string).collect();
    Some(if all.len() == NAMES.len() { "*".to_owned() } else { all.join(",") })
}
