//! What agents take up only when they come to work in a directory below: skills, commands and agents that stand
//! beside the files there. Settings, servers and hooks of such directories count only for sessions that start there.
//!
//! Promise: of a repository every directory is looked at, whatever its depth; of a directory without one so many
//! as a moment allows.

use crate::collect::Place;
use crate::limits::{DEPTH_MAX, ENTRIES_MAX};
use nightshift_worktree::{Git, pieces};
use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Claude Code looks for these beside each file it works on, or from where its shell is upwards; so do Codex and
/// Cursor for skills.
const PARTS: &[&str] = &[
    ".claude/agents",
    ".claude/commands",
    ".claude/output-styles",
    ".claude/rules",
    ".claude/skills",
    ".claude/workflows",
    ".agents/skills",
    ".cursor/commands",
    ".cursor/rules",
    ".cursor/skills",
];
/// The directories that these are in.
const TOPS: &[&str] = &[".claude", ".agents", ".cursor"];

/// The directories below the root with such a one, but for those in `chain`. `copies`: files that will be there besides
/// those of the commit.
pub fn directories(
    git: &Git,
    place: &Place<'_>,
    copies: &[PathBuf],
    chain: &[PathBuf],
) -> Result<Vec<PathBuf>, String> {
    if place.commit.is_none() && place.common.is_none() {
        return Ok(on_disk(place.root, chain));
    }
    let listed = files(git, place)?;
    let mut found = BTreeSet::new();
    for path in listed.iter().chain(copies) {
        let tops = path.ancestors().filter(|at| is_top(at));
        found.extend(tops.filter_map(Path::parent).map(Path::to_owned));
    }
    Ok(found.into_iter().filter(|directory| !chain.contains(directory)).collect())
}

/// The files of the repository, relative to its root: those of the commit, or those that git has or would take.
pub fn files(git: &Git, place: &Place<'_>) -> Result<Vec<PathBuf>, String> {
    let call = match place.commit {
        Some(commit) => {
            git.look(place.root, &["ls-tree", "-r", "-z", "--name-only", "--full-tree"]).arg(commit)
        }
        None => {
            let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
            git.look(place.root, &args)
        }
    };
    let printed = call.long().read().map_err(|error| error.message)?;
    Ok(pieces(&printed).map(|path| PathBuf::from(OsStr::from_bytes(path))).collect())
}

/// What is looked for in these directories.
pub fn paths(directories: &[PathBuf]) -> Vec<PathBuf> {
    let parts = |directory: &PathBuf| PARTS.iter().map(|part| directory.join(part)).collect();
    directories.iter().flat_map::<Vec<PathBuf>, _>(parts).collect()
}

fn is_top(path: &Path) -> bool {
    path.file_name().is_some_and(|name| TOPS.iter().any(|top| name == *top))
}

/// The nearest first, and no links: what they lead to is listed where it is.
fn on_disk(root: &Path, chain: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut ahead = VecDeque::from([(PathBuf::new(), 0)]);
    let mut left = ENTRIES_MAX;
    while let Some((directory, depth)) = ahead.pop_front() {
        let Ok(entries) = std::fs::read_dir(root.join(&directory)) else { continue };
        for entry in entries.flatten() {
            let Some(rest) = left.checked_sub(1) else { return found.into_iter().collect() };
            left = rest;
            let path = directory.join(entry.file_name());
            if is_top(&path) && !chain.contains(&directory) {
                found.insert(directory.clone());
            }
            if depth < DEPTH_MAX && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                ahead.push_back((path, depth + 1));
            }
        }
    }
    found.into_iter().collect()
}
