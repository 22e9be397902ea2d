//! `nightshift rm`: stops a session, removes its record and its directory, and its worktree. Where work would
//! be lost by that, it says so and removes neither.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain::{exact_line, one_line};
use nightshift_client::{Client, dispatch_environment};
use nightshift_model::counted::counted;
use nightshift_model::shell;
use nightshift_protocol::{WorktreeFate, calls};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    session: String,
    /// Remove its worktree with all work in it, uncommitted changes and commits that are nowhere else;
    /// `undo rm` brings them back.
    #[arg(long)]
    discard: bool,
    /// Forget the session and leave its worktree and branch as they are.
    #[arg(long, conflicts_with = "discard")]
    keep_worktree: bool,
}

#[derive(Serialize)]
struct Removed<'a> {
    id: &'a str,
    removed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<&'a WorktreeFate>,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let client = here.client().await?;
    let Args { session, discard, keep_worktree } = args;
    let calls::Removed { id, worktree } =
        client.ask(calls::Remove { session, discard, keep_worktree }).await?;
    let mut text = format!("removed · {id}");
    if let Some(fate) = &worktree {
        if !fate.kept.is_empty() {
            text.push_str(" · its worktree and branch are kept");
        }
        text.push_str(&told(&id, fate, discard));
    }
    here.say(&Removed { id: &id, removed: true, worktree: worktree.as_ref() }, &text)
}

/// The worktree of a session that is not on the board any more.
pub async fn worktree(
    here: Context,
    client: &Client,
    id: String,
    discard: bool,
) -> Result<ExitCode, Failure> {
    let env = dispatch_environment();
    let calls::Removed { id, worktree } =
        client.ask(calls::RemoveWorktree { id, discard, env }).await?;
    let removed = worktree.as_ref().is_some_and(|fate| fate.kept.is_empty());
    let text = worktree.as_ref().map(|fate| told(&id, fate, discard)).unwrap_or_default();
    here.say(&Removed { id: &id, removed, worktree: worktree.as_ref() }, text.trim_start())?;
    Ok(if removed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What to type next: nothing that would be refused for the same reason again.
fn ways_on(id: &str, fate: &WorktreeFate, discard: bool) -> String {
    let has = |reasons: &[&str]| fate.kept.iter().any(|kept| reasons.contains(&&*kept.reason));
    let mut out = String::new();
    if has(&["unpushed"]) && !has(&["missing"]) {
        let path = exact_line(&shell::word(&fate.path));
        out.push_str(&format!(
            "\n  git -C {path} push origin HEAD    push these commits, or merge them"
        ));
    }
    // In the way whatever may be discarded.
    let blocked = has(&["occupied", "locked", "held", "unreadable", "session"]);
    if has(&["gone"]) && !discard {
        out.push_str(&format!(
            "\n  nightshift worktrees rm {id} --discard    forget it; everything on disk stays as it is"
        ));
    } else if has(&["uncommitted", "operation", "unpushed", "missing"]) && !discard {
        let when = if blocked { ", once nothing else keeps it" } else { "" };
        out.push_str(&format!(
            "\n  nightshift worktrees rm {id} --discard    remove it with all of this{when} (30 days to undo)"
        ));
        out.push_str("\n  nightshift worktrees clean    remove it once nothing would be lost");
    } else {
        // Not the command that was just run.
        out.push_str(&format!(
            "\n  nightshift worktrees rm {id}    remove it once nothing of this keeps it"
        ));
    }
    out
}

/// What became of the worktree, and what can be done about it. `discard`: work in it could go.
fn told(id: &str, fate: &WorktreeFate, discard: bool) -> String {
    let path = exact_line(&fate.path);
    let mut out = String::new();
    if let Some(undo) = &fate.undo {
        out.push_str(&format!("\n  worktree {path} removed"));
        if !fate.uncommitted.is_empty() {
            out.push_str(&format!(
                ", {} with it",
                counted(fate.uncommitted.len(), "uncommitted file")
            ));
        }
        out.push_str(&format!("\n  nightshift undo rm {undo}    bring it back (30 days)"));
    } else if fate.kept.is_empty() {
        out.push_str(&format!("\n  worktree {path} is off the list"));
    } else {
        out.push_str(&format!("\n  worktree kept: {path}"));
        for kept in &fate.kept {
            out.push_str(&format!("\n    {}", one_line(&kept.text)));
        }
        if !fate.branch.is_empty() {
            out.push_str(&format!("\n  branch kept: {}", exact_line(&fate.branch)));
        }
        out.push_str(&ways_on(id, fate, discard));
    }
    for note in &fate.notes {
        out.push_str(&format!("\n  {}", one_line(note)));
    }
    out
}
