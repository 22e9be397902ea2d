//! Repositories in a repository whose settings git follows besides its own: submodules, into which commands of
//! the outer one go, and a directory that is itself a git directory, which git prefers to what is around it.
//!
//! Promise: as for the outer repository, what runs something is shown with its text.

use crate::collect::{Place, chain};
use crate::git_parts::{
    CONDITIONAL, DOES, HOOK, OF_WORKTREE, PLAIN, counts, is_conditional, on_disk, setting_of,
};
use crate::item::{Item, Part};
use crate::limits::{DEPTH_MAX, ENTRIES_MAX};
use crate::tree::{Tree, name};
use nightshift_worktree::Git;
use std::path::{Path, PathBuf};

const INSIDE: &str =
    "the settings of a repository that stands here, which git uses in this directory";

pub fn items(git: &Git, place: &Place<'_>, tree: &Tree<'_>, wrong: &mut Vec<String>) -> Vec<Item> {
    let mut items = bare(place, tree, wrong);
    // A new worktree has no submodules yet.
    let Some(common) = place.common.filter(|_| place.commit.is_none()) else { return items };
    for git_dir in submodules(&common.join("modules"), wrong) {
        let shown = git_dir.strip_prefix(common).unwrap_or(&git_dir);
        let shown = format!(".git/{}", name(shown));
        for file in ["config", OF_WORKTREE] {
            let file = git_dir.join(file);
            if file.exists() {
                items.extend(settings(git, place, &file, &shown, wrong));
            }
        }
        items.extend(on_disk(
            place,
            &git_dir.join("hooks"),
            &format!("{shown}/hooks"),
            true,
            wrong,
        ));
    }
    items
}

/// Directories on the way to where the session works that are git directories themselves
/// (gitrepository-layout(5)).
fn bare(place: &Place<'_>, tree: &Tree<'_>, wrong: &mut Vec<String>) -> Vec<Item> {
    let mut items = Vec::new();
    for directory in chain(place) {
        let at = |name: &str| directory.join(name);
        let head = tree.list(&[at("HEAD")], |_| false);
        if head.files.is_empty() {
            continue;
        }
        let listed = tree.list(&[at("config"), at(OF_WORKTREE), at("hooks")], |_| false);
        wrong.extend(listed.wrong);
        for (path, entry) in &listed.files {
            let is_hook = path.starts_with(at("hooks"));
            if is_hook && path.extension().is_some_and(|ending| ending == "sample") {
                continue;
            }
            match tree.read(path, entry) {
                Ok(bytes) => {
                    let does = if is_hook { HOOK } else { INSIDE };
                    items.push(Item::new(Part::Git, name(path), does, bytes));
                }
                Err(why) => wrong.push(why),
            }
        }
    }
    items
}

/// The git directories of all submodules. A name may have directories, and a submodule its own submodules.
fn submodules(modules: &Path, wrong: &mut Vec<String>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![(modules.to_owned(), 0)];
    let mut left = ENTRIES_MAX;
    while let Some((directory, depth)) = ahead.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let Some(rest) = left.checked_sub(1).filter(|_| depth < DEPTH_MAX) else {
                wrong.push(format!("{}: it holds too many directories", name(&directory)));
                return found;
            };
            left = rest;
            let path = entry.path();
            // What links lead to is not where git put a submodule.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if path.join("HEAD").exists() && path.join("objects").exists() {
                ahead.push((path.join("modules"), depth + 1));
                found.push(path);
            } else {
                ahead.push((path, depth + 1));
            }
        }
    }
    found.sort();
    found
}

fn settings(
    git: &Git,
    place: &Place<'_>,
    file: &Path,
    shown: &str,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let args = ["config", "-z", "--list", "--includes", "--file"];
    let listed = match git.look(place.root, &args).arg(file).read() {
        Ok(listed) => listed,
        Err(error) => {
            wrong.push(format!("{shown}: {}", error.message));
            return Vec::new();
        }
    };
    let settings = listed.split(|&b| b == 0).map(setting_of);
    let item = |(key, value): (String, String)| {
        let includes = is_conditional(&key) || key.eq_ignore_ascii_case(PLAIN);
        let does = match includes {
            true => CONDITIONAL,
            false if counts(&key, &value) => DOES,
            false => return None,
        };
        Some(Item::new(Part::Git, format!("{shown}: {key}"), does, value.into_bytes()))
    };
    settings.filter_map(item).collect()
}
