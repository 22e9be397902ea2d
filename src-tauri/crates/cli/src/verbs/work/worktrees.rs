//! `nightshift worktrees`: all worktrees with size, age, branch and state; cleans up forgotten ones.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::{exact_line, one_line};
use crate::output::table::age;
use crate::verbs::session::rm;
use nightshift_model::Millis;
use nightshift_platform::clock;
use nightshift_protocol::{
    Kept, RemovedWorktree, WorktreeFate, WorktreeList, WorktreeView, WorktreesCleaned, calls,
};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Remove worktrees without a session in which nothing would be lost.
    Clean,
    /// Remove the worktree of a session that is gone, if nothing in it would be lost.
    Rm {
        /// The session's id, the beginning of one, or a name; `nightshift worktrees` lists them.
        id: String,
        /// Remove it with all work in it, uncommitted changes and commits that are nowhere else; `undo rm`
        /// brings them back.
        #[arg(long)]
        discard: bool,
    },
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    match args.verb {
        Some(Verb::Clean) => {
            let cleaned = client.ask(calls::CleanWorktrees {}).await?;
            if here.json { print_json(&cleaned)? } else { print(&cleaned_text(&cleaned))? }
        }
        Some(Verb::Rm { id, discard }) => {
            return rm::worktree(here, &client, id, discard).await;
        }
        None => {
            let list = client.ask(calls::Worktrees { sizes: true }).await?;
            if here.json { print_json(&list)? } else { print(&listed(&list, clock::now()))? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(list: &WorktreeList, now: Millis) -> String {
    let mut out = String::new();
    if list.worktrees.is_empty() {
        out.push_str("no worktrees\n");
    }
    for tree in &list.worktrees {
        out.push_str(&line(tree, now));
    }
    for gone in &list.removed {
        out.push_str(&removed_line(gone, now));
    }
    for problem in &list.problems {
        out.push_str(&format!("! {}\n", one_line(problem)));
    }
    out
}

fn line(tree: &WorktreeView, now: Millis) -> String {
    let age = tree.created_at.map_or("-".to_owned(), |at| age(now.since(at)));
    let size = tree.bytes.map_or("-".to_owned(), size);
    let owner = match (&tree.session, tree.orphan) {
        (Some(id), false) => id.clone(),
        (Some(id), true) => format!("{id} is gone"),
        (None, _) => "not ours".to_owned(),
    };
    let nothing = if tree.unknown.is_some() { "unknown" } else { "detached" };
    let mut branch = exact_line(tree.branch.as_deref().unwrap_or(nothing));
    for (count, word) in [(tree.ahead, "ahead"), (tree.behind, "behind")] {
        if let Some(count) = count.filter(|count| *count > 0) {
            branch.push_str(&format!(", {count} {word}"));
        }
    }
    let state = match (tree.missing, tree.keeps.is_empty()) {
        (true, true) => match &tree.unknown {
            Some(why) => format!("directory is gone; {}", one_line(why)),
            None => "directory is gone".to_owned(),
        },
        (true, false) => format!("directory is gone; {}", reasons(&tree.keeps)),
        (false, true) if tree.unknown.is_some() => {
            format!("unknown: {}", one_line(tree.unknown.as_deref().unwrap_or_default()))
        }
        (false, true) if tree.session.is_some() => "clean".to_owned(),
        (false, true) => String::new(),
        (false, false) => reasons(&tree.keeps),
    };
    let path = exact_line(&tree.path);
    format!("{path}\n  {owner} · {branch} · {age} · {size} · {state}\n")
}

fn reasons(kept: &[Kept]) -> String {
    kept.iter().map(|kept| one_line(&kept.text)).collect::<Vec<_>>().join("; ")
}

fn removed_line(gone: &RemovedWorktree, now: Millis) -> String {
    let days = gone.until.0.saturating_sub(now.0) / (24 * 60 * 60 * 1000);
    let size = gone.bytes.map_or("-".to_owned(), size);
    let (path, id) = (exact_line(&gone.path), &gone.id);
    format!("{path}\n  removed · {size} · nightshift undo rm {id} for {days} more days\n")
}

fn cleaned_text(cleaned: &WorktreesCleaned) -> String {
    let mut out = String::new();
    for fate in &cleaned.orphans {
        let WorktreeFate { path, kept, undo, notes, .. } = fate;
        let path = exact_line(path);
        match undo {
            Some(id) => out.push_str(&format!("removed · {path} · nightshift undo rm {id}\n")),
            None if kept.is_empty() => {
                let notes: Vec<String> = notes.iter().map(|note| one_line(note)).collect();
                out.push_str(&format!("off the list · {path} · {}\n", notes.join("; ")));
            }
            None => out.push_str(&format!("kept · {path} · {}\n", reasons(kept))),
        }
    }
    for path in &cleaned.expired {
        out.push_str(&format!("gone for good after 30 days · {}\n", exact_line(path)));
    }
    for problem in &cleaned.problems {
        out.push_str(&format!("! {}\n", one_line(problem)));
    }
    if out.is_empty() { "nothing to clean up\n".to_owned() } else { out }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        0..MIB => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}
