//! Finding all items of one place.

use crate::catalogue::{self, PASSED_OVER, ROOTS};
use crate::git_parts;
use crate::item::{Found, Item, Part};
use crate::limits::{CHAIN_MAX, ITEM_MAX_BYTES, ITEMS_MAX};
use crate::named;
use crate::tree::{Entry, Tree};
use nightshift_platform::files::read_bounded;
use nightshift_worktree::{Git, included};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where a session is to work, and what it will find there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What is trusted: the main checkout, or the directory where there is no repository.
    pub repository: &'a Path,
    /// The checkout or worktree, or the directory.
    pub root: &'a Path,
    /// Where below it the session works; may be empty.
    pub subdirectory: &'a Path,
    /// The user's home: what stands there is the user's own.
    pub home: Option<&'a Path>,
    /// The files will be those of this commit, not those on the disk.
    pub commit: Option<&'a str>,
    /// git's own directory, where there is one.
    pub common: Option<&'a Path>,
}

/// Everything that `git` and agents would take up at `place`. `scripts`: what Nightshift itself
/// would run.
pub fn collect(git: &Git, place: &Place<'_>, scripts: Vec<Item>) -> Found {
    let mut found = Found { repository: place.repository.to_owned(), ..Found::default() };
    let tree = match place.commit {
        Some(commit) => Tree::Commit { git, root: place.root, commit },
        None => Tree::Files { root: place.root },
    };
    let chain = chain(place);
    let mut items = scripts;
    items.extend(of_agents(&tree, &chain, &mut found.unreadable));
    let above = of_above(place, &items, &mut found.unreadable);
    items.extend(above);
    if place.commit.is_some() {
        // Ignored files of the main checkout are copied into the worktree.
        let copied = included(git, place.root).unwrap_or_default();
        items.extend(of_copies(place.root, &chain, &copied, &items, &mut found.unreadable));
    }
    items.extend(of_names(&tree, &items, &mut found.unreadable));
    if place.common.is_some() {
        items.extend(git_parts::items(git, place, &tree, &mut found.unreadable));
    }
    if items.len() > ITEMS_MAX {
        found.unreadable.push(format!("there are more than {ITEMS_MAX} such files"));
        items.truncate(ITEMS_MAX);
    }
    found.unreadable.sort();
    found.add(items);
    found
}

/// The directories whose settings count, from the root on; none that is the user's home.
fn chain(place: &Place<'_>) -> Vec<String> {
    let mut at = PathBuf::new();
    let mut chain = vec![String::new()];
    for part in place.subdirectory.components().take(CHAIN_MAX) {
        at.push(part);
        chain.push(at.to_string_lossy().into_owned());
    }
    let same = |directory: &String| {
        let full = place.root.join(directory);
        let full = std::fs::canonicalize(&full).unwrap_or(full);
        place.home.is_some_and(|home| std::fs::canonicalize(home).is_ok_and(|home| home == full))
    };
    chain.retain(|directory| !same(directory));
    chain
}

/// Files that agents look for in every directory above the one they work in.
const FOUND_ABOVE: [&str; 3] = [".mcp.json", ".gemini/.env", ".env"];

/// Those of the directories above, on the disk; a worktree lies below the main checkout. Those of the
/// user's home, and above it, are the user's own.
fn of_above(place: &Place<'_>, known: &[Item], wrong: &mut Vec<String>) -> Vec<Item> {
    let home = place.home.and_then(|home| std::fs::canonicalize(home).ok());
    let own = |dir: &Path| home.as_ref().is_some_and(|home| home.starts_with(dir));
    let from = if place.commit.is_some() { 0 } else { 1 };
    let mut items = Vec::new();
    for dir in place.root.ancestors().skip(from).take(CHAIN_MAX).filter(|dir| !own(dir)) {
        for name in FOUND_ABOVE {
            let file = dir.join(name);
            match read_bounded(&file, ITEM_MAX_BYTES) {
                Ok(bytes) => {
                    // As it is committed it is there already.
                    let found = catalogue::item("", name, bytes)
                        .filter(|item| dir != place.root || !known.contains(item));
                    items.extend(
                        found.map(|item| Item { path: file.display().to_string(), ..item }),
                    );
                }
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(e) => wrong.push(format!("{}: {e}", file.display())),
            }
        }
    }
    items
}

fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn of_agents(tree: &Tree<'_>, chain: &[String], wrong: &mut Vec<String>) -> Vec<Item> {
    let mut items = Vec::new();
    let paths: Vec<String> = chain
        .iter()
        .flat_map(|directory| ROOTS.iter().map(|name| below(directory, name)))
        .collect();
    let listed = tree.list(&paths, PASSED_OVER);
    wrong.extend(listed.wrong);
    for directory in chain {
        let mut has_hooks = false;
        let mut hooks = Vec::new();
        for (path, entry) in &listed.files {
            let Some(rest) = relative(path, directory) else { continue };
            if rest.starts_with(".claude/hooks/") {
                hooks.push((path, entry));
                continue;
            }
            if !may_matter(rest, entry) {
                continue;
            }
            match tree.read(path, entry) {
                Ok(bytes) if matches!(entry, Entry::Link(_)) => {
                    items.push(Item::new(Part::Others, path.clone(), "leads elsewhere", bytes));
                }
                Ok(bytes) => items.extend(catalogue::item(directory, rest, bytes)),
                Err(why) => wrong.push(why),
            }
            has_hooks |= rest.starts_with(".claude/settings");
        }
        for (path, entry) in hooks.into_iter().filter(|_| has_hooks) {
            match tree.read(path, entry) {
                Ok(bytes) => {
                    items.push(Item::new(Part::Claude, path.clone(), "run by hooks", bytes));
                }
                Err(why) => wrong.push(why),
            }
        }
    }
    items
}

fn relative<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    if directory.is_empty() {
        return Some(path);
    }
    path.strip_prefix(directory)?.strip_prefix('/')
}

/// A link counts whatever it is called: what it leads to may change.
fn may_matter(path: &str, entry: &Entry) -> bool {
    catalogue::may_matter(path) || matches!(entry, Entry::Link(_))
}

/// Of files that are copied from the main checkout, those that the commit does not have.
fn of_copies(
    root: &Path,
    chain: &[String],
    copied: &[PathBuf],
    known: &[Item],
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let files = Tree::Files { root };
    let known: BTreeSet<&str> = known.iter().map(|item| item.path.as_str()).collect();
    let mut items = Vec::new();
    for path in copied.iter().filter_map(|path| path.to_str()).filter(|p| !known.contains(p)) {
        for directory in chain {
            let Some(rest) = relative(path, directory).filter(|r| catalogue::may_matter(r)) else {
                continue;
            };
            match files.read(path, &Entry::File) {
                Ok(bytes) => items.extend(catalogue::item(directory, rest, bytes)),
                Err(why) => wrong.push(why),
            }
        }
    }
    items
}

/// Files that items name.
fn of_names(tree: &Tree<'_>, items: &[Item], wrong: &mut Vec<String>) -> Vec<Item> {
    let mut paths: BTreeSet<(String, Part)> = BTreeSet::new();
    for item in items {
        let text = String::from_utf8_lossy(&item.shown);
        let directory = item.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        for name in named::paths(&text) {
            paths.insert((below(directory, &name), item.part));
            paths.insert((name, item.part));
        }
    }
    let known: BTreeSet<&str> = items.iter().map(|item| item.path.as_str()).collect();
    let asked: BTreeSet<String> = paths.iter().map(|(path, _)| path.clone()).collect();
    let asked: Vec<String> = asked.into_iter().filter(|p| !known.contains(p.as_str())).collect();
    let files = tree.plain_files(&asked);
    let mut found = Vec::new();
    for (path, entry) in files {
        let bytes = match tree.read(&path, &entry) {
            Ok(bytes) => bytes,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        // For each of those that name it: they are not always looked at together.
        for (_, part) in paths.iter().filter(|(named, _)| *named == path) {
            let does = "named by what is listed here";
            found.push(Item::new(*part, path.clone(), does, bytes.clone()));
        }
    }
    found
}
