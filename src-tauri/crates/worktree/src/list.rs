//! All worktrees of the repositories that are known: ours, other programs' and what was removed.
//!
//! Promise: only looks, and only at git's own list and the ledger, so that it is quick; what one
//! repository cannot tell never hides the others.

use crate::error::Error;
use crate::git::{Git, pieces, text};
use crate::ledger::{Ledger, Record};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One linked worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    /// The main checkout it belongs to.
    pub root: PathBuf,
    pub branch: Option<String>,
    pub commit: Option<String>,
    pub lock: Option<String>,
    /// Its directory is gone.
    pub missing: bool,
    /// What we know of it; none when another program or the user made it.
    pub record: Option<Record>,
}

/// Worktrees of every repository in the ledger and of those with a main checkout in `roots`.
pub fn list(git: &Git, ledger: &Ledger, roots: &BTreeSet<PathBuf>) -> (Vec<Listed>, Vec<Error>) {
    let (records, mut wrong) = ledger.records();
    let mut all_roots = roots.clone();
    all_roots.extend(records.iter().map(|record| record.repository.root.clone()));
    let mut found: Vec<Listed> = Vec::new();
    for root in &all_roots {
        match of_repository(git, root) {
            Ok(listed) => found.extend(listed),
            Err(error) => wrong.push(error),
        }
    }
    for record in records {
        match found.iter_mut().find(|listed| listed.path == record.path) {
            Some(listed) => listed.record = Some(record),
            // Not made completely, or its repository is gone: it must not vanish from the list.
            None => found.push(Listed {
                path: record.path.clone(),
                root: record.repository.root.clone(),
                branch: Some(record.branch.clone()),
                commit: None,
                lock: None,
                missing: !record.path.exists(),
                record: Some(record),
            }),
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    (found, wrong)
}

fn of_repository(git: &Git, root: &Path) -> Result<Vec<Listed>, Error> {
    let printed = git.look(root, &["worktree", "list", "--porcelain", "-z"]).read()?;
    let mut found: Vec<Listed> = Vec::new();
    for line in pieces(&printed).map(text) {
        let (key, value) = line.split_once(' ').unwrap_or((&line, ""));
        if key == "worktree" {
            let (path, root) = (PathBuf::from(value), root.to_owned());
            let missing = !path.exists();
            let (branch, commit, lock, record) = (None, None, None, None);
            found.push(Listed { path, root, branch, commit, lock, missing, record });
            continue;
        }
        let Some(last) = found.last_mut() else { continue };
        match key {
            "HEAD" => last.commit = Some(value.to_owned()),
            "branch" => {
                let short = value.strip_prefix("refs/heads/").unwrap_or(value);
                last.branch = Some(short.to_owned());
            }
            "locked" => last.lock = Some(value.to_owned()),
            _ => {}
        }
    }
    // The first is the main checkout itself.
    Ok(found.split_off(1.min(found.len())))
}
