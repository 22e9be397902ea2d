//! Places in a worktree that is still to be made: nothing is there yet, and its files will be those of a commit.
//!
//! Promise: whatever the worktree will be called, a place in it is told from others; links on the way to it are
//! followed as far as they are there.

use crate::collect::Place;
use crate::named;
use crate::tree::{Tree, name};
use nightshift_worktree::without_links;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The path, relative to the root of a worktree to come, that `path` will be in it. None where it is elsewhere.
pub fn path_in(place: &Place<'_>, path: &Path) -> Option<PathBuf> {
    let worktrees = place.worktrees.filter(|_| place.commit.is_some())?;
    let path = without_links(path);
    let mut below = path.strip_prefix(without_links(worktrees)).ok()?.components();
    below.next()?;
    let rest = below.as_path();
    (!rest.as_os_str().is_empty()).then(|| rest.to_owned())
}

/// What a worktree of this commit will have at `path`.
pub fn text(place: &Place<'_>, tree: &Tree<'_>, path: &Path) -> Option<Result<Vec<u8>, String>> {
    let path = path_in(place, path)?;
    let listed = tree.plain_files(&[name(&path)]);
    if let Some(why) = listed.wrong.into_iter().next() {
        return Some(Err(why));
    }
    let (path, entry) = listed.files.iter().next()?;
    Some(tree.read(path, entry))
}

/// Files of the checkout, relative to its root, that a command may name, wherever it begins.
pub fn named_by(place: &Place<'_>, command: &str) -> BTreeSet<String> {
    let mut paths = named::paths(command);
    let words = command.split(|c: char| c.is_whitespace() || "\"'=;|&()`".contains(c));
    let far = words.filter_map(|word| {
        let word = word.trim_start_matches('!');
        match word.strip_prefix("~/") {
            Some(below) => Some(place.home?.join(below)),
            None => word.starts_with('/').then(|| PathBuf::from(word)),
        }
    });
    for path in far {
        let real = without_links(&path);
        let roots = [place.root, place.repository].map(without_links);
        let inside = roots.iter().find_map(|root| real.strip_prefix(root).ok()).map(Path::to_owned);
        paths.extend(path_in(place, &path).or(inside).map(|path| name(&path)));
    }
    paths
}
