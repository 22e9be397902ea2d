//! Repositories inside a worktree: submodules, clones, whatever an agent made there.
//!
//! Promise: found by walking the files, ignored ones too, without following a link; nothing that they
//! say is run or followed; one that cannot be read, or not in time, is reported as such.

use crate::error::Result;
use crate::git_program::git::Git;
use crate::git_program::pipes::keeps_git_waiting;
use crate::git_program::shadow::Shadow;
use crate::git_program::status::{ARGS, changes};
use crate::limits::{EMBEDDED_MAX, EMBEDDED_TOTAL, ENTRIES_MAX};
use crate::looking::glance::is_certain;
use crate::looking::hidden;
use crate::looking::looker::{Looks, Told, elsewhere};
use nightshift_git_reader::{Alone, AloneCount, Request, Seen};
use nightshift_platform::clock;
use std::path::{Path, PathBuf};

/// One repository inside a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Relative to the worktree.
    pub path: PathBuf,
    /// Files that are not as committed.
    pub changed: usize,
    /// Commits that no remote-tracking branch has.
    pub unpushed: usize,
}

/// All of them, and what could not be read. `within`: the worktree's own git directory, which holds
/// those of its submodules.
pub(crate) fn embedded(git: &Git, worktree: &Path, within: &Path) -> (Vec<Embedded>, Vec<String>) {
    each(worktree, |dir, path| look(git, dir, within, path))
}

fn each(
    worktree: &Path,
    mut look: impl FnMut(&Path, PathBuf) -> Result<Embedded>,
) -> (Vec<Embedded>, Vec<String>) {
    let mut wrong = Vec::new();
    let dirs = find(worktree, &mut wrong);
    if dirs.len() > EMBEDDED_MAX {
        wrong.push(format!("there are more than {EMBEDDED_MAX} repositories inside"));
    }
    // What blocks anyway may also keep git waiting.
    if !wrong.is_empty() {
        return (Vec::new(), wrong);
    }
    let mut found = Vec::new();
    let deadline = clock::monotonic() + EMBEDDED_TOTAL;
    for dir in dirs.into_iter().take(EMBEDDED_MAX) {
        if clock::monotonic() > deadline {
            wrong.push(format!("repositories from {} on: out of time", dir.display()));
            break;
        }
        let path = dir.strip_prefix(worktree).unwrap_or(&dir).to_owned();
        match look(&dir, path) {
            Ok(one) => found.push(one),
            Err(error) => wrong.push(format!("the repository {}: {error}", dir.display())),
        }
    }
    (found, wrong)
}

/// The same for people's eyes: each by libgit2, and by the program where that cannot tell.
pub(crate) fn glance(
    git: &Git,
    looks: &mut Looks<'_>,
    worktree: &Path,
    within: &Path,
) -> (Vec<Embedded>, Vec<String>) {
    each(worktree, |dir, path| match looks.look(request(dir, within).as_ref()) {
        Told::Seen(seen) => match told(&seen, path.clone()) {
            Some(embedded) => Ok(embedded),
            None => look(git, dir, within, path),
        },
        Told::AskProgram => look(git, dir, within, path),
        Told::Unknown(error) => Err(error),
    })
}

fn told(seen: &Seen, path: PathBuf) -> Option<Embedded> {
    let files = seen.files.as_ref().filter(|files| is_certain(files))?;
    let Some(AloneCount::Known { count: unpushed }) = seen.alone else { return None };
    Some(Embedded { path, changed: files.changed.count + files.untracked.count, unpushed })
}

/// None where only a git directory of ours will do.
fn request(dir: &Path, within: &Path) -> Option<Request> {
    let dot_git = dir.join(".git");
    let request = match std::fs::symlink_metadata(&dot_git).ok()?.is_dir() {
        true => Request::own(dir),
        false => {
            let (own, common) = elsewhere(&dot_git).filter(|(own, _)| own.starts_with(within))?;
            Request::linked(dir, &own, &common)
        }
    };
    Some(request.with_alone(Alone::Repository))
}

/// Directories below `worktree` that hold a `.git`. Pipes and the like where git opens plain files are
/// wrong: it would wait for ever.
fn find(worktree: &Path, wrong: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut next = vec![worktree.to_owned()];
    while let Some(dir) = next.pop() {
        // Names alone are not enough: where files cannot be looked at, git takes them for unchanged.
        let enters = std::fs::symlink_metadata(dir.join("."));
        let entries = match enters.and_then(|_| std::fs::read_dir(&dir)) {
            Ok(entries) => entries,
            Err(error) => {
                wrong.push(format!("{}: {error}", dir.display()));
                continue;
            }
        };
        for entry in entries {
            seen += 1;
            if seen > ENTRIES_MAX {
                wrong.push(format!("there are more than {ENTRIES_MAX} files inside"));
                return found;
            }
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((_, entry)) if entry.file_name() == ".git" => {
                    if dir != worktree {
                        found.push(dir.clone());
                    }
                }
                Ok((kind, entry)) if kind.is_dir() => next.push(entry.path()),
                Ok((kind, entry)) if keeps_git_waiting(&entry.file_name(), kind) => {
                    wrong.push(format!("{} is no plain file", entry.path().display()));
                }
                Ok(_) => {}
                Err(error) => wrong.push(format!("{}: {error}", dir.display())),
            }
        }
    }
    found.sort();
    found
}

/// By a git directory of ours: nothing of the repository's own configuration counts.
fn look(git: &Git, dir: &Path, within: &Path, path: PathBuf) -> Result<Embedded> {
    let shadow = Shadow::of(git, dir, within)?;
    let look = |args: &[&str]| shadow.look(git, args);
    let hidden = hidden::changes(dir, look)?.len();
    let changed = changes(look(ARGS))?.len() + hidden;
    let has_head = look(&["rev-parse", "--verify", "--quiet", "HEAD"]).find()?.is_some();
    // Stashes of a repository that goes with the worktree would go too. Without a pattern git would
    // look for what is below that name (git-rev-list(1), --glob).
    let mut call = look(&["rev-list", "--count", "--branches", "--glob=refs/stas[h]"]);
    if has_head {
        call = call.arg("HEAD");
    }
    let count = call.arg("--not").arg("--remotes").line()?;
    Ok(Embedded { path, changed, unpushed: count.parse().unwrap_or(usize::MAX) })
}
