//! Checkouts below a directory, breadth first and bounded.

use crate::repositories::git;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Directories read for one question: a second of work on a slow disk.
const DIRECTORIES_MAX: usize = 4_000;
/// Deeper repositories are named by hand.
const DEPTH_MAX: usize = 4;
/// Full of directories, and of nothing where a session would be started.
const SKIPPED: &[&str] = &["node_modules", "target", "dist", "build", "venv", "__pycache__"];

/// What may still be read.
pub struct Budget {
    directories: usize,
}

impl Budget {
    pub fn new() -> Budget {
        Budget { directories: DIRECTORIES_MAX }
    }

    fn take(&mut self) -> bool {
        let left = self.directories > 0;
        self.directories = self.directories.saturating_sub(1);
        left
    }
}

/// Checkouts below `start`; those inside a found one are not looked for.
pub fn below(start: &Path, budget: &mut Budget) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(start.to_owned(), 0)]);
    while let Some((path, depth)) = open.pop_front() {
        if !budget.take() {
            break;
        }
        for child in children(&path) {
            if git::is_checkout(&child) {
                found.push(child);
            } else if depth + 1 < DEPTH_MAX {
                open.push_back((child, depth + 1));
            }
        }
    }
    found
}

/// Checkouts directly in `directory`.
pub fn beside(directory: &Path, budget: &mut Budget) -> Vec<PathBuf> {
    if !budget.take() {
        return Vec::new();
    }
    children(directory).into_iter().filter(|path| git::is_checkout(path)).collect()
}

/// Directories in a directory by name; no hidden ones, no links.
fn children(path: &Path) -> Vec<PathBuf> {
    let entries = path.read_dir().into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_directory && !name.starts_with('.') && !SKIPPED.contains(&name.as_ref())
    });
    let mut found: Vec<PathBuf> = wanted.map(|entry| entry.path()).collect();
    found.sort();
    found
}
