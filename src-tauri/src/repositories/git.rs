//! What git's own files say about a directory: no program is run.

use std::io::Read;
use std::path::{Path, PathBuf};

/// `HEAD`, `gitdir` and the like are one line; more is not one of them.
const SMALL_FILE_MAX_BYTES: u64 = 4 * 1024;
/// Worktrees of one repository that are listed.
const WORKTREES_MAX: usize = 100;

/// The checkout that `at` is in.
pub fn enclosing(at: &Path) -> Option<PathBuf> {
    at.ancestors().find(|path| is_checkout(path)).map(Path::to_owned)
}

pub fn is_checkout(path: &Path) -> bool {
    path.join(".git").symlink_metadata().is_ok_and(|meta| meta.is_dir() || meta.is_file())
}

/// A worktree that another checkout keeps.
pub fn is_linked(path: &Path) -> bool {
    directory(path).is_some_and(|own| own.join("commondir").is_file() || of_worktrees(&own))
}

fn of_worktrees(own: &Path) -> bool {
    own.parent().is_some_and(|above| above.ends_with("worktrees"))
}

/// The branch that is checked out.
pub fn branch(path: &Path) -> Option<String> {
    let head = line(&directory(path)?.join("HEAD"))?;
    head.strip_prefix("ref: refs/heads/").map(str::to_owned)
}

/// Linked worktrees of the repository with a checkout at `root`, by name.
pub fn worktrees(root: &Path) -> Vec<PathBuf> {
    let Some(own) = directory(root) else { return Vec::new() };
    let common = if of_worktrees(&own) { own.ancestors().nth(2).map(Path::to_owned) } else { None };
    let entries = common.unwrap_or(own).join("worktrees").read_dir();
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .take(WORKTREES_MAX)
        .filter_map(|entry| line(&entry.path().join("gitdir")))
        .filter_map(|git| Path::new(&git).parent().map(Path::to_owned))
        .filter(|path| is_checkout(path))
        .collect();
    found.sort();
    found
}

/// Where a checkout keeps HEAD: `.git` itself, or what that file names.
fn directory(path: &Path) -> Option<PathBuf> {
    let git = path.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let named = line(&git)?;
    Some(path.join(named.strip_prefix("gitdir: ")?))
}

fn line(file: &Path) -> Option<String> {
    let mut text = String::new();
    let open = std::fs::File::open(file).ok()?;
    open.take(SMALL_FILE_MAX_BYTES).read_to_string(&mut text).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}
