//! Repositories in a repository whose settings git follows besides its own: submodules, into which commands of
//! the outer one go, and a directory that is itself a git directory, which git prefers to what is around it.
//!
//! Promise: as for the outer repository, what runs something is shown with its text.

use crate::collect::{Place, chain};
use crate::git_parts::{
    DOES, HOOK, HOOKS_PATH, OF_WORKTREE, PLAIN, counts, included, is_conditional, on_disk,
    own_hooks, setting_of,
};
use crate::item::{Item, Part};
use crate::limits::{DEPTH_MAX, ENTRIES_MAX, LINK_MAX_BYTES};
use crate::outside::digest;
use crate::tree::{Tree, name};
use nightshift_platform::files::read_bounded;
use nightshift_worktree::Git;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const INSIDE: &str =
    "the settings of a repository that stands here, which git uses in this directory";

/// How the index says that a path is a submodule.
const SUBMODULE: &[u8] = b"160000 ";

/// Where a repository says which directory has its files.
const WORK_TREE: &str = "core.worktree";

/// `users_hooks`: where the user's own settings say that hooks are.
pub fn items(
    git: &Git,
    place: &Place<'_>,
    tree: &Tree<'_>,
    users_hooks: Option<&str>,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let mut items = bare(git, place, tree, wrong);
    // A new worktree has no submodules yet.
    let Some(common) = place.common.filter(|_| place.commit.is_none()) else { return items };
    let modules = submodules(&common.join("modules"), wrong);
    let within = modules.iter().map(|git_dir| {
        let shown = git_dir.strip_prefix(common).unwrap_or(git_dir);
        (git_dir.clone(), format!(".git/{}", name(shown)))
    });
    let outside = checked_out(git, place, wrong);
    let outside = outside.into_iter().filter(|(git_dir, _)| !modules.contains(git_dir));
    for (git_dir, shown) in within.chain(outside) {
        let mut own = Vec::new();
        for file in ["config", OF_WORKTREE].map(|file| git_dir.join(file)) {
            if file.exists() {
                let said = settings(git, place, &file, &shown, wrong);
                items.extend(of_settings(git, place, &said, &file, &shown, wrong));
                own.extend(said);
            }
        }
        let hooks = format!("{shown}/hooks");
        items.extend(own_hooks(place, &git_dir.join("hooks"), &hooks, wrong));
        let named = value(&own, HOOKS_PATH).or(users_hooks.filter(|path| is_relative(path)));
        let Some(path) = named.filter(|path| !path.is_empty()) else { continue };
        let files = value(&own, WORK_TREE).map_or(git_dir.clone(), |files| git_dir.join(files));
        items.extend(named_hooks(place, path, &files, &shown, wrong));
    }
    items
}

/// Directories on the way to where the session works that are git directories themselves
/// (gitrepository-layout(5)).
pub fn bare(git: &Git, place: &Place<'_>, tree: &Tree<'_>, wrong: &mut Vec<String>) -> Vec<Item> {
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
                    if is_hook {
                        items.push(Item::new(Part::Git, name(path), HOOK, bytes));
                        continue;
                    }
                    let own = said(git, place, &directory, &bytes, wrong);
                    items.extend(hooks_of_bare(place, tree, &directory, &own, wrong));
                    if own.iter().any(|(key, value)| matters(key, value)) {
                        items.push(Item::new(Part::Git, name(path), INSIDE, bytes));
                    }
                }
                Err(why) => wrong.push(why),
            }
        }
    }
    items
}

/// Git directories of the submodules that are checked out, wherever each says that it is: one that was added
/// without `git submodule` has it in its own directory.
fn checked_out(git: &Git, place: &Place<'_>, wrong: &mut Vec<String>) -> Vec<(PathBuf, String)> {
    let listed = match git.look(place.root, &["ls-files", "--stage", "-z"]).long().read() {
        Ok(listed) => listed,
        Err(error) => {
            wrong.push(error.message);
            return Vec::new();
        }
    };
    let entries = listed.split(|&b| b == 0).filter(|entry| entry.starts_with(SUBMODULE));
    let paths = entries.filter_map(|entry| entry.splitn(2, |&b| b == b'\t').nth(1));
    let git_dir = |path: &[u8]| {
        let path = Path::new(OsStr::from_bytes(path));
        let dot_git = place.root.join(path).join(".git");
        let git_dir = match std::fs::metadata(&dot_git).ok()?.is_dir() {
            true => dot_git,
            false => {
                let text = read_bounded(&dot_git, LINK_MAX_BYTES).ok()?;
                let to = text.strip_prefix(b"gitdir: ")?.trim_ascii_end();
                place.root.join(path).join(OsStr::from_bytes(to))
            }
        };
        let real = std::fs::canonicalize(git_dir).ok()?;
        Some((real, format!("{}/.git", name(path))))
    };
    paths.filter_map(git_dir).collect()
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

/// What a file of settings in `directory` says.
fn said(
    git: &Git,
    place: &Place<'_>,
    directory: &Path,
    text: &[u8],
    wrong: &mut Vec<String>,
) -> Vec<(String, String)> {
    let args = ["config", "-z", "--list", "--file", "-"];
    match git.look(place.root, &args).input(text.to_vec()).read() {
        Ok(listed) => listed.split(|&b| b == 0).map(setting_of).collect(),
        Err(error) => {
            wrong.push(format!("{}: {}", name(directory), error.message));
            Vec::new()
        }
    }
}

fn matters(key: &str, value: &str) -> bool {
    counts(key, value) || is_conditional(key) || key.eq_ignore_ascii_case(PLAIN)
}

/// The hooks that the settings of a directory which is a git directory name. Hooks run where its files are,
/// which is the directory itself, what it says, or where the session works.
fn hooks_of_bare(
    place: &Place<'_>,
    tree: &Tree<'_>,
    directory: &Path,
    own: &[(String, String)],
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let shown = name(directory);
    let Some(path) = value(own, HOOKS_PATH).filter(|path| !path.is_empty()) else {
        return Vec::new();
    };
    if !is_relative(path) {
        return named_hooks(place, path, place.root, &shown, wrong);
    }
    let files = value(own, WORK_TREE).map(|files| directory.join(files));
    let mut items = Vec::new();
    for at in [Some(directory.to_owned()), files, Some(PathBuf::new())].into_iter().flatten() {
        let listed = tree.list(&[at.join(path)], |_| false);
        wrong.extend(listed.wrong);
        for (path, entry) in &listed.files {
            match tree.read(path, entry) {
                Ok(bytes) => items.push(Item::new(Part::Git, name(path), HOOK, bytes)),
                Err(why) => wrong.push(why),
            }
        }
    }
    items.sort();
    items.dedup();
    items
}

/// What git says last counts.
fn value<'a>(settings: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let mut last = settings.iter().rev();
    last.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

fn is_relative(path: &str) -> bool {
    !path.starts_with(['/', '~', '%'])
}

/// The hooks in the directory that `core.hooksPath` names, as git finds it (git-config(1), "pathname"), and the
/// hash of all that is there: hooks read one another.
fn named_hooks(
    place: &Place<'_>,
    path: &str,
    files: &Path,
    shown: &str,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let key = format!("{shown}: {HOOKS_PATH}");
    let directory = match (path.strip_prefix("~/"), place.home) {
        (Some(below), Some(home)) => home.join(below),
        (None, _) if !path.starts_with(['~', '%']) => files.join(path),
        _ => {
            wrong.push(format!("{key} = {path}: where that is cannot be told"));
            return Vec::new();
        }
    };
    if !directory.is_dir() {
        return Vec::new();
    }
    let mut items = on_disk(place, &directory, &key, false, wrong);
    // Where a tool for hooks puts what it makes; what those start is above.
    let above =
        directory.parent().filter(|_| directory.file_name().is_some_and(|last| last == "_"));
    match digest(above.unwrap_or(&directory)) {
        Ok(hash) => {
            let words = format!("{path}: all that is there has the sha256 {hash}\n");
            items.push(Item::new(Part::Git, key, HOOK, words.into_bytes()));
        }
        Err(why) => wrong.push(format!("{key} = {path}: {why}")),
    }
    items
}

/// With those of files that it includes.
fn settings(
    git: &Git,
    place: &Place<'_>,
    file: &Path,
    shown: &str,
    wrong: &mut Vec<String>,
) -> Vec<(String, String)> {
    let args = ["config", "-z", "--list", "--includes", "--file"];
    match git.look(place.root, &args).arg(file).read() {
        Ok(listed) => listed.split(|&b| b == 0).map(setting_of).collect(),
        Err(error) => {
            wrong.push(format!("{shown}: {}", error.message));
            Vec::new()
        }
    }
}

fn of_settings(
    git: &Git,
    place: &Place<'_>,
    settings: &[(String, String)],
    file: &Path,
    shown: &str,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let mut items = Vec::new();
    for (key, value) in settings {
        if is_conditional(key) || key.eq_ignore_ascii_case(PLAIN) {
            let setting = (key.clone(), value.clone());
            let found = included(git, place, setting, file, wrong);
            items.extend(
                found
                    .into_iter()
                    .map(|item| Item { path: format!("{shown}: {}", item.path), ..item }),
            );
        } else if counts(key, value) {
            let value = value.clone().into_bytes();
            items.push(Item::new(Part::Git, format!("{shown}: {key}"), DOES, value));
        }
    }
    items
}
