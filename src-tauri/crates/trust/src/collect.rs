//! Finding all items of one place.

use crate::catalogue::{self, ROOTS, passed_over};
use crate::committed::Committed;
use crate::git_parts;
use crate::identity::identity;
use crate::item::{Found, Item, Part};
use crate::limits::{CHAIN_MAX, ITEMS_MAX};
use crate::looks;
use crate::named;
use crate::nested;
use crate::other_repositories;
use crate::outside::Inside;
use crate::tree::{Entry, Source, Tree, name};
use crate::users_own;
use nightshift_worktree::{Git, included};
use std::collections::BTreeSet;
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
    /// The directory in which a worktree of that commit will be made.
    pub worktrees: Option<&'a Path>,
}

/// Everything that `git` and agents would take up at `place`. `scripts`: what Nightshift itself
/// would run.
pub fn collect(git: &Git, place: &Place<'_>, scripts: Vec<Item>) -> Found {
    let identity = identity(place.common.unwrap_or(place.repository));
    let mut found = Found { repository: place.repository.to_owned(), identity, ..Found::default() };
    // Ignored files of the main checkout are copied into a worktree.
    let copies = match place.commit.map(|_| included(git, place.root)) {
        Some(Ok(copies)) => copies,
        Some(Err(error)) => {
            found.unreadable.push(format!(".worktreeinclude: {}", error.message));
            Vec::new()
        }
        None => Vec::new(),
    };
    let from = match place.commit {
        Some(commit) => Source::Commit(Committed::new(
            git,
            place.root,
            commit,
            place.common,
            copies.iter().cloned(),
        )),
        None => Source::Files { root: place.root },
    };
    let tree = Tree { from, inside: Inside::of(&[place.root, place.repository]) };
    let chain = chain(place);
    let mut items = scripts;
    items.extend(of_agents(&tree, &chain, &mut found.unreadable));
    match nested::directories(git, place, &copies, &chain) {
        Ok(mut below) => {
            below.retain(|directory| !is_home(place, directory));
            let paths = nested::paths(&below);
            items.extend(of_agents_in(&tree, &paths, &below, &mut found.unreadable));
        }
        Err(why) => found.unreadable.push(why),
    }
    if place.common.is_some() {
        items.retain(|item| !is_own_keys(git, place.root, place.commit, item));
    }
    let above = of_above(git, place, &items, &mut found.unreadable);
    items.extend(above);
    items.extend(of_names(&tree, &items, &mut found.unreadable));
    if place.common.is_some() {
        let (unreadable, beside) = (&mut found.unreadable, &mut found.beside);
        let settings = git_parts::items(git, place, &tree, beside, unreadable);
        items.extend(users_own::named_files(place, &tree, &settings, unreadable));
        items.extend(settings);
    } else {
        items.extend(other_repositories::bare(git, place, &tree, &mut found.unreadable));
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
pub fn chain(place: &Place<'_>) -> Vec<PathBuf> {
    let mut at = PathBuf::new();
    let mut chain = vec![PathBuf::new()];
    for part in place.subdirectory.components().take(CHAIN_MAX) {
        at.push(part);
        chain.push(at.clone());
    }
    chain.retain(|directory| !is_home(place, directory));
    chain
}

/// Variables of a project, which its user writes and most repositories ignore.
const OWN_VARIABLES: &str = ".env";

/// What stands there is the user's own, in force everywhere.
fn is_home(place: &Place<'_>, directory: &Path) -> bool {
    let full = place.root.join(directory);
    let full = std::fs::canonicalize(&full).unwrap_or(full);
    place.home.is_some_and(|home| std::fs::canonicalize(home).is_ok_and(|home| home == full))
}

/// Whether the item of `dir` holds nothing but keys of the user's for services of models, in a file that git does
/// not have there: it came with nobody's commit. A key that comes with the repository is somebody else's, who may see
/// what is sent.
fn is_own_keys(git: &Git, dir: &Path, commit: Option<&str>, item: &Item) -> bool {
    // At the root: a directory below may be another repository's.
    if item.path != OWN_VARIABLES || !looks::only_keys(item.exact()) {
        return false;
    }
    let call = match commit {
        Some(commit) => git.look(dir, &["ls-tree", "-z", "--name-only", "--full-tree"]).arg(commit),
        None => git.look(dir, &["ls-files", "-z", "--cached"]),
    };
    call.arg(OWN_VARIABLES).read().is_ok_and(|found| found.is_empty())
}

/// Files that agents look for in every directory above the one they work in.
const FOUND_ABOVE: [&str; 4] = [".mcp.json", ".gemini/.env", ".qwen/.env", ".env"];
/// As these, where there is no repository whose root would end the way up.
const FOUND_ABOVE_WITHOUT_REPOSITORY: [&str; 3] = ["opencode.json", "opencode.jsonc", ".opencode"];

/// Those of the directories above, on the disk; a worktree lies below the main checkout. Those of the
/// user's home, and above it, are the user's own.
fn of_above(git: &Git, place: &Place<'_>, known: &[Item], wrong: &mut Vec<String>) -> Vec<Item> {
    let home = place.home.and_then(|home| std::fs::canonicalize(home).ok());
    let own = |dir: &Path| home.as_ref().is_some_and(|home| home.starts_with(dir));
    let from = if place.commit.is_some() { 0 } else { 1 };
    let names = FOUND_ABOVE.iter().chain(match place.common {
        Some(_) => [].iter(),
        None => FOUND_ABOVE_WITHOUT_REPOSITORY.iter(),
    });
    let names: Vec<PathBuf> = names.map(PathBuf::from).collect();
    let mut items = Vec::new();
    for dir in place.root.ancestors().skip(from).take(CHAIN_MAX).filter(|dir| !own(dir)) {
        let inside = Inside::of(&[dir, place.repository]);
        let tree = Tree { from: Source::Files { root: dir }, inside };
        let mut unread = Vec::new();
        for item in of_agents_in(&tree, &names, &[PathBuf::new()], &mut unread) {
            // As it is committed it is there already: a worktree lies below the main checkout.
            let same = dir == place.root || dir == place.repository;
            let own = same && place.common.is_some() && is_own_keys(git, dir, None, &item);
            if !own && (!same || !known.contains(&item)) {
                items.push(Item { path: name(&dir.join(&item.path)), ..item });
            }
        }
        wrong.extend(unread.into_iter().map(|why| format!("{}/{why}", name(dir))));
    }
    items
}

fn of_agents(tree: &Tree<'_>, chain: &[PathBuf], wrong: &mut Vec<String>) -> Vec<Item> {
    let below = |directory: &PathBuf| ROOTS.iter().map(|root| directory.join(root)).collect();
    let paths: Vec<PathBuf> = chain.iter().flat_map::<Vec<PathBuf>, _>(below).collect();
    of_agents_in(tree, &paths, chain, wrong)
}

/// Those at and below `paths`. `chain`: the directories that they are of.
fn of_agents_in(
    tree: &Tree<'_>,
    paths: &[PathBuf],
    chain: &[PathBuf],
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let mut items = Vec::new();
    let listed = tree.list(paths, passed_over);
    wrong.extend(listed.wrong);
    for directory in chain {
        let mut has_hooks = false;
        let mut hooks = Vec::new();
        let above = name(directory);
        for (path, entry) in &listed.files {
            let Ok(rest) = path.strip_prefix(directory).map(name) else { continue };
            if rest.starts_with(".claude/hooks/") {
                hooks.push((path, entry));
                continue;
            }
            if !may_matter(&rest, entry) {
                continue;
            }
            match tree.read(path, entry) {
                Ok(bytes) if leads_elsewhere(entry) => {
                    items.push(Item::new(Part::Others, name(path), "leads elsewhere", bytes));
                }
                Ok(bytes) => items.extend(catalogue::item(&above, &rest, bytes)),
                Err(why) => wrong.push(why),
            }
            has_hooks |= rest.starts_with(".claude/settings");
        }
        for (path, entry) in hooks.into_iter().filter(|_| has_hooks) {
            match tree.read(path, entry) {
                Ok(bytes) => {
                    items.push(Item::new(Part::Claude, name(path), "run by hooks", bytes));
                }
                Err(why) => wrong.push(why),
            }
        }
    }
    items
}

/// A link counts whatever it is called: what it leads to may change.
fn may_matter(path: &str, entry: &Entry) -> bool {
    catalogue::may_matter(path) || leads_elsewhere(entry)
}

fn leads_elsewhere(entry: &Entry) -> bool {
    matches!(entry, Entry::Link(_) | Entry::Outside(_))
}

fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Files that items name.
fn of_names(tree: &Tree<'_>, items: &[Item], wrong: &mut Vec<String>) -> Vec<Item> {
    let mut paths: BTreeSet<(String, Part)> = BTreeSet::new();
    for item in items {
        let text = String::from_utf8_lossy(item.exact());
        let directory = item.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        for name in named::paths(&text) {
            paths.insert((below(directory, &name), item.part));
            paths.insert((name, item.part));
        }
    }
    let known: BTreeSet<&str> = items.iter().map(|item| item.path.as_str()).collect();
    let asked: BTreeSet<String> = paths.iter().map(|(path, _)| path.clone()).collect();
    let asked: Vec<String> = asked.into_iter().filter(|p| !known.contains(p.as_str())).collect();
    let listed = tree.plain_files(&asked);
    wrong.extend(listed.wrong);
    let mut found = Vec::new();
    for (path, entry) in listed.files {
        let bytes = match tree.read(&path, &entry) {
            Ok(bytes) => bytes,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        // For each of those that name it: they are not always looked at together.
        for (_, part) in paths.iter().filter(|(named, _)| path == Path::new(named)) {
            let does = "named by what is listed here";
            found.push(Item::new(*part, name(&path), does, bytes.clone()));
        }
    }
    found
}
