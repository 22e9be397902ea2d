//! `routines import`: where other programs keep what they have planned. Their files are only read.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::exact_line;
use nightshift_client::Client;
use nightshift_protocol::calls;
use nightshift_protocol::routine::ImportSource;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A task is text that people wrote; what is larger is none.
const FILE_MAX_BYTES: u64 = 256 * 1024;
/// Below its directory Claude Desktop keeps a registry two directories deep.
const REGISTRY_DEPTH: usize = 3;
const REGISTRY: &str = "scheduled-tasks.json";
const PROGRAMS: [&str; 3] = ["claude-desktop", "claude-code", "codex"];

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// Only what this program has planned.
    #[arg(long, value_name = "PROGRAM", value_parser = PROGRAMS)]
    from: Option<String>,
    /// Only say what would be made.
    #[arg(long)]
    dry_run: bool,
}

pub async fn import(here: &Context, client: &Client, args: Import) -> Result<ExitCode, Failure> {
    let wanted = |program: &str| args.from.as_deref().is_none_or(|from| from == program);
    let sources: Vec<ImportSource> = found().into_iter().filter(|it| wanted(&it.from)).collect();
    let routines = client.ask(calls::ImportRoutines { sources, dry: args.dry_run }).await?;
    if here.json {
        print_json(&routines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = String::new();
    for routine in &routines {
        let what = match (&routine.error, routine.made) {
            (Some(why), _) => format!("not taken over · {}: {why}", routine.path),
            (None, true) => {
                format!("taken over, disabled · {} · from {}", routine.name, routine.path)
            }
            (None, false) => {
                format!("would be taken over · {} · from {}", routine.name, routine.path)
            }
        };
        out.push_str(&format!("{}\n", exact_line(&what)));
        for lost in &routine.lost {
            out.push_str(&format!("  not kept: {}\n", exact_line(lost)));
        }
    }
    if routines.is_empty() {
        out.push_str("nothing is planned by other programs here\n");
    } else if routines.iter().any(|routine| routine.made) {
        out.push_str("look at them, then `nightshift routines enable <name>`\n");
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// What is planned on this machine for this user, and in this project.
fn found() -> Vec<ImportSource> {
    let mut all = Vec::new();
    let Some(home) = std::env::home_dir() else { return all };
    for skill in files_in_each(&home.join(".claude/scheduled-tasks"), "SKILL.md") {
        take(&mut all, "claude-desktop", &skill);
    }
    let set = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = set.filter(|dir| dir.is_absolute()).unwrap_or_else(|| home.join(".config"));
    let registries =
        [home.join(".claude/scheduled-tasks"), home.join(".claude"), config.join("Claude")];
    for (n, dir) in registries.iter().enumerate() {
        let depth = if n == 2 { REGISTRY_DEPTH } else { 0 };
        for file in below(dir, depth) {
            take(&mut all, "claude-desktop", &file);
        }
    }
    let here = std::env::current_dir().ok();
    let mut projects: Vec<PathBuf> = [here, Some(home.clone())].into_iter().flatten().collect();
    projects.dedup();
    for project in projects {
        take(&mut all, "claude-code", &project.join(".claude/scheduled_tasks.json"));
    }
    for file in files_in_each(&home.join(".codex/automations"), "automation.toml") {
        take(&mut all, "codex", &file);
    }
    all
}

/// The file of this name in each directory in `dir`.
fn files_in_each(dir: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path().join(name)).filter(|file| file.is_file()).collect();
    files.sort();
    files
}

/// Registries in `dir` and so many directories below it.
fn below(dir: &Path, depth: usize) -> Vec<PathBuf> {
    let own = dir.join(REGISTRY);
    let mut files: Vec<PathBuf> = own.is_file().then_some(own).into_iter().collect();
    if depth > 0 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let is_dir = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|is| is.is_dir());
        let mut dirs: Vec<PathBuf> = entries.filter(is_dir).map(|entry| entry.path()).collect();
        dirs.sort();
        files.extend(dirs.iter().flat_map(|dir| below(dir, depth - 1)));
    }
    files
}

fn take(all: &mut Vec<ImportSource>, from: &str, file: &Path) {
    let fits = std::fs::metadata(file).is_ok_and(|is| is.is_file() && is.len() <= FILE_MAX_BYTES);
    if let Some(text) = fits.then(|| std::fs::read_to_string(file).ok()).flatten() {
        let path = file.display().to_string();
        all.push(ImportSource { from: from.to_owned(), path, text });
    }
}
