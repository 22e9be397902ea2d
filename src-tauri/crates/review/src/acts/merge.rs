//! Merging the work into the branch that it began from.
//!
//! Promise: conflicts are found without touching a file; a checkout is merged in only when nothing
//! in it is uncommitted; a branch that nobody has checked out moves only from where it was seen.

use crate::acts::{drivers, keep, overwritten};
use crate::limits::NAMED_MAX;
use crate::place::{Place, Result, fault, refused};
use nightshift_platform::files::read_bounded;
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Checkout, pieces, refuse_symbolic, refuse_symbolic_in, text};
use std::path::PathBuf;

/// What git keeps in a checkout's git directory about where it comes back to.
const BEGAN_FROM: &[(&str, &str)] = &[
    ("rebase-merge/head-name", "rebase"),
    ("rebase-apply/head-name", "rebase"),
    ("BISECT_START", "bisect"),
];
/// Each is one line.
const LINE_MAX_BYTES: u64 = 16 * 1024;

pub fn merge(place: &Place<'_>, id: &str) -> Result<ReviewResult> {
    let head = place.head()?;
    let (target, tip) = place.target()?;
    place.refuse_uncommitted(&place.checkout, "a merge takes only commits")?;
    if place.is_ancestor(head, &tip)? {
        let text = format!("{target} has all of this work already");
        return Err(refused(text, "nothing is left to merge"));
    }
    let tree = match merged_tree(place, &tip, head)? {
        Tree::Clean(tree) => tree,
        Tree::Conflicts(files) => return conflicts(place, "Merging into", target, &files),
    };
    let into = target.to_owned();
    refuse_under_way(place, target)?;
    let name = format!("refs/heads/{target}");
    refuse_symbolic(place.git, &place.checkout, &[&name]).map_err(fault)?;
    match checkout_of(place, target)? {
        Some(checkout) => {
            refuse_symbolic_in(place.git, &checkout).map_err(fault)?;
            place.refuse_uncommitted(&checkout, &format!("{target} is checked out there"))?;
            let written = overwritten::added(place, &tip, &tree)?;
            overwritten::refuse(place, &checkout, &written)?;
            keep::commit(place, id, &tip, "kept before a merge")?;
            in_checkout(place, &checkout, target, head)
        }
        None => {
            keep::commit(place, id, &tip, "kept before a merge")?;
            let commit = if place.is_ancestor(&tip, head)? {
                head.to_owned()
            } else {
                let message = format!("Merge {} into {target}", named(place));
                let args = ["commit-tree", &tree, "-p", &tip, "-p", head, "-m", &message];
                place.act(&args).line().map_err(fault)?
            };
            let args = ["update-ref", "-m", "merge of a session's work", &name, &commit, &tip];
            place.act(&args).read().map_err(|error| {
                fault(error).hint(format!("{target} has moved meanwhile; merge again"))
            })?;
            Ok(ReviewResult::Merged { into, commit })
        }
    }
}

/// What the work is called in a message.
fn named(place: &Place<'_>) -> String {
    match &place.branch {
        Some(branch) => format!("branch '{branch}'"),
        None => "a detached commit".to_owned(),
    }
}

enum Tree {
    Clean(String),
    Conflicts(Vec<String>),
}

/// The merge as git would make it, in the object database alone.
fn merged_tree(place: &Place<'_>, into: &str, from: &str) -> Result<Tree> {
    let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", into, from];
    let ended = place.act(&args).long().end().map_err(fault)?;
    let mut found = pieces(&ended.stdout).map(text);
    match (ended.code, found.next()) {
        (Some(0), Some(tree)) => Ok(Tree::Clean(tree)),
        (Some(1), Some(_)) => Ok(Tree::Conflicts(found.collect())),
        _ => {
            let fault = fault(nightshift_worktree::failed("git merge-tree", &ended));
            Err(fault.hint("a merge needs git 2.38 or newer"))
        }
    }
}

/// The checkout in which `branch` is checked out.
fn checkout_of(place: &Place<'_>, branch: &str) -> Result<Option<Checkout>> {
    let list = place.look(&["worktree", "list", "--porcelain", "-z"]).read().map_err(fault)?;
    let wanted = format!("branch refs/heads/{branch}");
    let mut path = None;
    for line in pieces(&list).map(text) {
        match line.strip_prefix("worktree ") {
            Some(at) => path = Some(main_or(place, PathBuf::from(at))),
            None if line == wanted => return path.map(|path| shared(place, path)).transpose(),
            None => {}
        }
    }
    Ok(None)
}

/// A rebase or bisect has its checkout on no branch, and comes back to the branch that it began from.
fn refuse_under_way(place: &Place<'_>, branch: &str) -> Result<()> {
    let common = &place.checkout.common;
    let linked = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    let of_linked = linked.map(|entry| entry.path());
    for git_dir in [common.clone()].into_iter().chain(of_linked) {
        for (file, what) in BEGAN_FROM {
            let began = read_bounded(&git_dir.join(file), LINE_MAX_BYTES).unwrap_or_default();
            let began = text(&began);
            let began = began.trim();
            if began.strip_prefix("refs/heads/").unwrap_or(began) != branch {
                continue;
            }
            let named = read_bounded(&git_dir.join("gitdir"), LINE_MAX_BYTES).unwrap_or_default();
            let named = text(&named);
            let at = match named.trim().strip_suffix("/.git") {
                Some(at) => at.to_owned(),
                None => git_dir.display().to_string(),
            };
            let text = format!("a {what} of {branch} is under way in {at}; nothing was changed");
            return Err(refused(text, format!("end that {what} there, then merge again")));
        }
    }
    Ok(())
}

/// The main checkout where git names its git directory instead, as of submodules.
fn main_or(place: &Place<'_>, path: PathBuf) -> PathBuf {
    let is_common = std::fs::canonicalize(&path).is_ok_and(|real| real == place.checkout.common);
    match &place.main {
        Some(main) if is_common => main.clone(),
        Some(_) | None => path,
    }
}

/// The checkout at `path`, if git means the same one there, of the same repository.
fn shared(place: &Place<'_>, path: PathBuf) -> Result<Checkout> {
    if !path.is_dir() {
        let text = format!("the branch is checked out in {}, which is not there", path.display());
        let hint = "put that worktree back, or give it up with `git worktree prune`";
        return Err(refused(text, hint));
    }
    let found = Checkout::of(place.git, &path).map_err(fault)?;
    found.filter(|found| found.common == place.checkout.common).ok_or_else(|| {
        let text = format!("{} is no checkout of this repository", path.display());
        refused(text, "look at `git worktree list`; nothing was changed")
    })
}

fn in_checkout(
    place: &Place<'_>,
    checkout: &Checkout,
    target: &str,
    head: &str,
) -> Result<ReviewResult> {
    let under_way = |name: &str| -> Result<bool> {
        let found = checkout.look(place.git, &["rev-parse", "--verify", "--quiet", name]).find();
        found.map(|found| found.is_some()).map_err(fault)
    };
    if under_way("MERGE_HEAD")? {
        let text = format!("a merge is under way in {}", checkout.root.display());
        return Err(refused(text, "end it there with `git merge --continue` or `--abort`"));
    }
    let message = format!("Merge {} into {target}", named(place));
    let args = ["merge", "--quiet", "--no-edit", "--no-autostash", "-m", &message];
    let merged = checkout.act(place.git, &args).arg(head).long().read();
    if let Err(error) = merged {
        let files = place.unmerged(checkout)?;
        if under_way("MERGE_HEAD")? {
            checkout.act(place.git, &["merge", "--abort"]).long().read().map_err(fault)?;
        }
        if !files.is_empty() {
            return conflicts(place, "Merging into", target, &files);
        }
        return Err(fault(error).hint("mend what git or its hook says, then merge again"));
    }
    let commit = checkout.look(place.git, &["rev-parse", "HEAD"]).line().map_err(fault)?;
    if !place.is_ancestor(head, &commit)? {
        let text = format!("{target} does not hold the work after the merge");
        return Err(Fault::new(FaultCode::Io, text).hint("look at `git log` there"));
    }
    Ok(ReviewResult::Merged { into: target.to_owned(), commit })
}

/// Nothing was changed; the agent can be asked to settle it.
pub fn conflicts(
    place: &Place<'_>,
    what: &str,
    with: &str,
    files: &[String],
) -> Result<ReviewResult> {
    let note = drivers::not_run(place, files)?;
    let mut named: Vec<String> =
        files.iter().take(NAMED_MAX).map(|file| format!("- {file}")).collect();
    if files.len() > NAMED_MAX {
        named.push(format!("- and {} more", files.len() - NAMED_MAX));
    }
    let branch = place.branch.as_deref().unwrap_or("your work");
    let driven = if note.is_empty() { String::new() } else { format!("Note: {note}.\n\n") };
    let message = format!(
        "{what} {with} conflicts in:\n{}\n\n{driven}Please rebase {branch} onto {with}, resolve the \
         conflicts so that both sides' intent is kept, run the tests, and commit.",
        named.join("\n")
    );
    Ok(ReviewResult::Conflicts { with: with.to_owned(), files: files.to_vec(), message, note })
}
