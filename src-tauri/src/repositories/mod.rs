//! Where a session could be started: repositories around a directory, those inside them, worktrees.
//!
//! Promises: only reads names and git's own small files, never runs a program or follows a link;
//! looks at a bounded number of directories, the nearest first.
//! Must not know: sessions, settings, any other crate of ours.

mod git;
mod walk;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Repository,
    /// Inside another repository.
    Nested,
    Worktree,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: PathBuf,
    pub kind: Kind,
    /// What is checked out; none when HEAD is detached or cannot be read.
    pub branch: Option<String>,
}

/// Places given at most: a list to choose from, not a catalogue.
pub const PLACES_MAX: usize = 200;
/// Directories a search starts from at most.
pub const NEAR_MAX: usize = 16;

/// Places around the directories `near`, those of the first one first.
pub fn around(near: &[PathBuf]) -> Vec<Place> {
    let mut found = Found::default();
    let mut budget = walk::Budget::new();
    let near = near.iter().take(NEAR_MAX);
    let homes: Vec<_> = near.map(|near| (near, git::enclosing(near))).collect();
    for (_, home) in &homes {
        let Some(root) = home else { continue };
        found.add(root, Kind::Repository);
        for worktree in git::worktrees(root) {
            found.add(&worktree, Kind::Worktree);
        }
    }
    for (near, home) in &homes {
        let (start, kind) = match home {
            Some(root) => (root.as_path(), Kind::Nested),
            None => (near.as_path(), Kind::Repository),
        };
        for path in walk::below(start, &mut budget) {
            found.add(&path, kind);
        }
    }
    for (_, home) in &homes {
        let Some(beside) = home.as_deref().and_then(Path::parent) else { continue };
        for path in walk::beside(beside, &mut budget) {
            found.add(&path, Kind::Repository);
        }
    }
    found.places
}

/// Each path once, by the first thing that was said about it.
#[derive(Default)]
struct Found {
    places: Vec<Place>,
    known: HashSet<PathBuf>,
}

impl Found {
    fn add(&mut self, path: &Path, kind: Kind) {
        if self.places.len() >= PLACES_MAX || !self.known.insert(path.to_owned()) {
            return;
        }
        let kind = if git::is_linked(path) { Kind::Worktree } else { kind };
        self.places.push(Place { path: path.to_owned(), kind, branch: git::branch(path) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(at: &Path, branch: &str) {
        std::fs::create_dir_all(at.join(".git")).unwrap();
        std::fs::write(at.join(".git/HEAD"), format!("ref: refs/heads/{branch}\n")).unwrap();
    }

    fn worktree(of: &Path, at: &Path, name: &str) {
        let own = of.join(".git/worktrees").join(name);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::create_dir_all(at).unwrap();
        std::fs::write(own.join("HEAD"), format!("ref: refs/heads/{name}\n")).unwrap();
        std::fs::write(own.join("gitdir"), format!("{}\n", at.join(".git").display())).unwrap();
        std::fs::write(at.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
    }

    fn said(near: &Path, base: &Path) -> Vec<(String, Kind, Option<String>)> {
        let name = |path: &Path| path.strip_prefix(base).unwrap().display().to_string();
        let places = around(&[near.to_owned()]).into_iter();
        places.map(|place| (name(&place.path), place.kind, place.branch)).collect()
    }

    #[test]
    fn a_repository_its_worktrees_what_is_inside_and_what_is_beside() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path();
        let atlas = base.join("atlas");
        repository(&atlas, "main");
        repository(&atlas.join("vendor/sextant"), "v2");
        repository(&atlas.join("node_modules/skipped"), "main");
        worktree(&atlas, &atlas.join(".claude/worktrees/fix"), "fix");
        repository(&base.join("ledger"), "trunk");
        std::fs::create_dir_all(atlas.join("src/deep")).unwrap();
        let branch = |name: &str| Some(name.to_owned());
        assert_eq!(
            said(&atlas.join("src/deep"), base),
            [
                ("atlas".to_owned(), Kind::Repository, branch("main")),
                ("atlas/.claude/worktrees/fix".to_owned(), Kind::Worktree, branch("fix")),
                ("atlas/vendor/sextant".to_owned(), Kind::Nested, branch("v2")),
                ("ledger".to_owned(), Kind::Repository, branch("trunk")),
            ]
        );
    }

    #[test]
    fn a_plain_directory_lists_the_repositories_below_it() {
        let dir = tempfile::tempdir().unwrap();
        repository(&dir.path().join("code/atlas"), "main");
        std::fs::write(dir.path().join("code/atlas/.git/HEAD"), "0123abcd\n").unwrap();
        repository(&dir.path().join("a/b/c/d/e/f/too-deep"), "main");
        let expected = [("code/atlas".to_owned(), Kind::Repository, None)];
        assert_eq!(said(dir.path(), dir.path()), expected);
    }

    #[test]
    fn what_is_not_there_or_a_circle_of_links_is_survived() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        assert_eq!(around(&[dir.path().to_owned(), dir.path().join("gone")]), []);
        let inside = dir.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
        let places = around(&[inside]);
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].branch, None);
    }

    #[test]
    fn a_wide_tree_is_looked_at_only_in_part() {
        let dir = tempfile::tempdir().unwrap();
        for at in 0..PLACES_MAX + 20 {
            repository(&dir.path().join(format!("r{at:03}")), "main");
        }
        assert_eq!(around(&[dir.path().to_owned()]).len(), PLACES_MAX);
    }
}
