//! What git itself runs in a repository: hooks that are active, programs that its own configuration
//! names.
//!
//! Promise: only what the repository says; the user's own configuration is the user's. Settings that name
//! no program do not count. Files outside of the repository count without being shown.

use crate::callers::runs_for_callers;
use crate::collect::Place;
use crate::item::{Item, Part};
use crate::known;
use crate::limits::{BESIDE_HOOKS_MAX, INCLUDES_MAX, ITEM_MAX_BYTES};
use crate::nested;
use crate::other_repositories;
use crate::outside::{self, Inside};
use crate::to_come;
use crate::tree::{Source, Tree, name};
use crate::users_own;
use nightshift_platform::files::read_bounded;
use nightshift_worktree::{Git, misreads, needs_trust, without_links};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Filters of Git LFS as it sets them up itself.
const LFS: &[(&str, &str)] = &[
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
];
pub const HOOKS_PATH: &str = "core.hookspath";
pub const DOES: &str = "a setting of git that runs a program or takes away a protection";
pub const CONDITIONAL: &str = "settings of git that count under a condition";
/// How a file of settings names another one.
const INCLUDE: &[u8] = b"[include";
pub const PLAIN: &str = "include.path";
/// Settings of one worktree. A new one gets a copy of the main checkout's.
pub const OF_WORKTREE: &str = "config.worktree";
pub const HOOK: &str = "a hook that git runs";
const BESIDE_HOOK: &str = "beside hooks, which may run it";

/// `beside`: what a worktree of the place may have without its being new (`Found::beside`).
pub fn items(
    git: &Git,
    place: &Place<'_>,
    tree: &Tree<'_>,
    beside: &mut Vec<Item>,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let settings = match configured(git, place) {
        Ok(settings) => settings,
        Err(why) => {
            wrong.push(why);
            return Vec::new();
        }
    };
    let mut conditions = Conditions::new(git, place, Some(tree), wrong);
    for one in &settings.conditional {
        conditions.add(one, &mut Vec::new());
    }
    beside.append(&mut conditions.beside);
    let mut items = conditions.items;
    items.extend(users_own::items(git, place, tree, &settings.users));
    for (key, value) in settings.own.iter().filter(|(key, value)| counts(key, value)) {
        let known = known::program(&key.to_ascii_lowercase(), value);
        if known.is_none_or(|program| may_hold(git, place, program)) {
            items.push(Item::new(Part::Git, key.clone(), DOES, value.clone().into_bytes()));
        }
    }
    items.extend(hooks(place, tree, &settings, wrong));
    let users_hooks = settings.users_hooks.as_deref();
    items.extend(other_repositories::items(git, place, tree, users_hooks, wrong));
    if place.commit.is_some() {
        // Submodules of the main checkout, whose directories the worktree shares.
        let now = Place { commit: None, ..*place };
        let files =
            Tree { from: Source::Files { root: place.root }, inside: Inside::of(&inside(place)) };
        let none = &mut Vec::new();
        beside.extend(other_repositories::items(git, &now, &files, users_hooks, none));
    }
    items
}

/// Whether a file of the repository may be taken for this program, somewhere.
fn may_hold(git: &Git, place: &Place<'_>, program: &str) -> bool {
    let named = |path: PathBuf| path.file_name().is_some_and(|name| name == program);
    let here = place.root.join(program).symlink_metadata().is_ok();
    here || nested::files(git, place).map_or(true, |paths| paths.into_iter().any(named))
}

/// What the repository's own configuration says, with everything that it includes, and where the
/// user's own has hooks.
struct Configured {
    own: Vec<(String, String)>,
    conditional: Vec<Conditional>,
    users_hooks: Option<String>,
    /// The user's own, each with the file that it stands in.
    users: Vec<(String, String, String)>,
}

/// Names a file that counts under a condition.
struct Conditional {
    key: String,
    path: String,
    /// The file that says so.
    by: PathBuf,
}

fn configured(git: &Git, place: &Place<'_>) -> Result<Configured, String> {
    let root = place.root;
    let args = ["config", "-z", "--list", "--show-scope", "--show-origin", "--includes"];
    let bytes = git.look(root, &args).read().map_err(|error| error.message)?;
    let mut pieces = bytes.split(|&b| b == 0);
    let mut found = Configured {
        own: Vec::new(),
        conditional: Vec::new(),
        users_hooks: None,
        users: Vec::new(),
    };
    while let (Some(scope), Some(origin), Some(setting)) =
        (pieces.next(), pieces.next(), pieces.next())
    {
        let (key, value) = setting_of(setting);
        match scope {
            b"local" | b"worktree" => {
                let by = origin.strip_prefix(b"file:").unwrap_or(origin);
                let by = root.join(OsStr::from_bytes(by));
                found.conditional.extend(may_come_to_count(place.home, &key, &value, by));
                found.own.push((key, value));
            }
            b"system" | b"global" if key.eq_ignore_ascii_case(HOOKS_PATH) => {
                found.users_hooks = Some(value);
            }
            b"system" | b"global" => {
                let by = origin.strip_prefix(b"file:").unwrap_or(origin);
                found.users.push((key, value, String::from_utf8_lossy(by).into_owned()));
            }
            // Of the call itself.
            _ => {}
        }
    }
    Ok(found)
}

/// A setting's name and value, as `config --list -z` prints them.
pub fn setting_of(printed: &[u8]) -> (String, String) {
    let printed = String::from_utf8_lossy(printed);
    let (key, value) = printed.split_once('\n').unwrap_or((&printed, ""));
    (key.to_owned(), value.to_owned())
}

/// Files that a setting names and that may count in a worktree to come, but do not here: under a condition; because
/// they are not there yet; or because git copies the file that names them (git-worktree(1), "Configuration
/// file"), beside whose copy they then are.
fn may_come_to_count(home: Option<&Path>, key: &str, value: &str, by: PathBuf) -> Vec<Conditional> {
    let named = |by: PathBuf| Conditional { key: key.to_owned(), path: value.to_owned(), by };
    let (plain, conditional) = (key.eq_ignore_ascii_case(PLAIN), is_conditional(key));
    if !plain && !conditional {
        return Vec::new();
    }
    let mut found = Vec::new();
    let copied = by.file_name().is_some_and(|name| name == OF_WORKTREE);
    let relative = !value.starts_with(['/', '~', '%']);
    if let Some(common) = by.parent().filter(|_| copied && relative) {
        found.push(named(common.join("worktrees/_").join(OF_WORKTREE)));
    }
    if conditional || !named_file(home, value, &by).is_some_and(|file| file.exists()) {
        found.push(named(by));
    }
    found
}

pub fn is_conditional(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower.starts_with("includeif.") && lower.ends_with(".path")
}

/// Files that count under a condition, which may hold in the new worktree and not where we look: each is asked
/// about with its whole text, whatever that says, and with all files that it includes.
struct Conditions<'a> {
    git: &'a Git,
    place: &'a Place<'a>,
    /// The files of a worktree to come.
    tree: Option<&'a Tree<'a>>,
    inside: Inside,
    items: Vec<Item>,
    /// Settings of files that are shown whole.
    beside: Vec<Item>,
    wrong: &'a mut Vec<String>,
}

impl<'a> Conditions<'a> {
    fn new(
        git: &'a Git,
        place: &'a Place<'a>,
        tree: Option<&'a Tree<'a>>,
        wrong: &'a mut Vec<String>,
    ) -> Conditions<'a> {
        let inside = Inside::of(&inside(place));
        Conditions { git, place, tree, inside, items: Vec::new(), beside: Vec::new(), wrong }
    }

    /// `trail`: the files that lead here, each named by the one before it.
    fn add(&mut self, one: &Conditional, trail: &mut Vec<PathBuf>) {
        let Conditional { key, path, by } = one;
        let Some(file) = named_file(self.place.home, path, by) else {
            self.wrong.push(format!("{key} = {path}: Nightshift cannot tell where that is"));
            return;
        };
        if trail.contains(&file) || trail.len() >= INCLUDES_MAX {
            self.wrong.push(format!("{key} = {path}: files that include one another without end"));
            return;
        }
        let text = match read_bounded(&file, ITEM_MAX_BYTES) {
            Ok(text) => text,
            // Does not count, and is asked about when it is there. In a worktree to come it is.
            Err(error) if is_absent(&error) => match self.in_worktree(&file) {
                Some(Ok(text)) => text,
                None if known::is_the_users(self.place.home, &file, &self.inside) => return,
                None => Vec::new(),
                Some(Err(why)) => return self.wrong.push(format!("{key} = {path}: {why}")),
            },
            Err(error) => {
                self.wrong.push(format!("{key} = {path}: {error}"));
                Vec::new()
            }
        };
        let shown = match self.inside.leaves(&file).map(|place| outside::words(&place)) {
            Some(Ok(words)) => words,
            Some(Err(why)) => return self.wrong.push(format!("{key} = {path}: {why}")),
            None => text.clone(),
        };
        let said = [path.as_bytes(), b"\n", &shown].concat();
        self.items.push(Item::new(Part::Git, key.clone(), CONDITIONAL, said));
        if !text.trim_ascii().is_empty() {
            trail.push(file.clone());
            self.said_by(&file, text, trail);
            trail.pop();
        }
    }

    fn in_worktree(&self, file: &Path) -> Option<Result<Vec<u8>, String>> {
        to_come::text(self.place, self.tree?, file)
    }

    /// What a file that is shown says: it may include others.
    fn said_by(&mut self, file: &Path, text: Vec<u8>, trail: &mut Vec<PathBuf>) {
        let includes = text.to_ascii_lowercase().windows(INCLUDE.len()).any(|part| part == INCLUDE);
        let args = ["config", "-z", "--list", "--no-includes", "--file", "-"];
        let listed = match self.git.look(self.place.root, &args).input(text).read() {
            Ok(listed) => listed,
            // git does not go on where it reads such a file.
            Err(_) if !includes => return,
            Err(error) => return self.wrong.push(format!("{}: {}", name(file), error.message)),
        };
        for (key, value) in listed.split(|&b| b == 0).map(setting_of).collect::<Vec<_>>() {
            if is_conditional(&key) || key.eq_ignore_ascii_case(PLAIN) {
                self.add(&Conditional { key, path: value, by: file.to_owned() }, trail);
            } else if counts(&key, &value) {
                self.beside.push(Item::new(Part::Git, key, DOES, value.into_bytes()));
            }
        }
    }
}

/// A file that the file `by` includes, under a condition or not, with its text and all that it includes.
pub fn included(
    git: &Git,
    place: &Place<'_>,
    (key, path): (String, String),
    by: &Path,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let mut conditions = Conditions::new(git, place, None, wrong);
    conditions.add(&Conditional { key, path, by: by.to_owned() }, &mut Vec::new());
    conditions.items
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// As git finds it (git-config(1), "Includes"): beside the file that names it, or in the user's home.
fn named_file(home: Option<&Path>, path: &str, by: &Path) -> Option<PathBuf> {
    match path.strip_prefix("~/") {
        Some(below) => Some(home?.join(below)),
        // Of another user, or of git's own installation.
        None if path.starts_with('~') || path.starts_with("%(prefix)/") => None,
        None => Some(without_dots(&by.parent()?.join(path))),
    }
}

/// A file that is not there yet has a place all the same.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !path.exists() => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Whether a setting is shown and asked about. What only says yes or no to git itself is not.
pub fn counts(key: &str, value: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    if LFS.contains(&(lower.as_str(), value)) {
        return false;
    }
    let plain: &[&str] = match lower.as_str() {
        // git's own.
        "core.fsmonitor" => &["true", "1", "yes", "on"],
        update if update.starts_with("submodule.") => &["rebase", "merge", "none"],
        pager if pager.starts_with("pager.") => &["true"],
        _ => &[],
    };
    // A program of the user's, such as Git LFS, takes it for a setting that names a program.
    if runs_for_callers(&lower, value) || misreads(key.as_bytes(), value.as_bytes()) {
        return true;
    }
    needs_trust(&lower, value) && !plain.contains(&value.to_ascii_lowercase().as_str())
}

/// Directories that belong to the repository, git's own among them.
fn inside<'a>(place: &Place<'a>) -> Vec<&'a Path> {
    [place.root, place.repository].into_iter().chain(place.common).collect()
}

fn hooks(
    place: &Place<'_>,
    tree: &Tree<'_>,
    settings: &Configured,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let Some(common) = place.common else { return Vec::new() };
    let set = settings.own.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(HOOKS_PATH));
    let path = match (set, &settings.users_hooks) {
        (Some((_, path)), _) => path,
        // The user's own directory, and nothing of the repository's.
        (None, Some(path)) if is_elsewhere(place, path) => return Vec::new(),
        // A relative one is in the repository.
        (None, Some(path)) => path,
        (None, None) => "",
    };
    if path.is_empty() {
        return own_hooks(place, &common.join("hooks"), ".git/hooks", wrong);
    }
    let to_come = to_come::path_in(place, &place.root.join(path));
    let in_tree = relative(path);
    // As it is called once it is there.
    let called = |file: &Path| match (&to_come, &in_tree) {
        (Some(to_come), None) => match file.strip_prefix(to_come) {
            Ok(below) => format!("{path}/{}", name(below)),
            Err(_) => name(file),
        },
        _ => name(file),
    };
    match in_tree.clone().or_else(|| to_come.as_deref().map(name)) {
        // In a worktree they are those of its own files. Hooks there often read one another.
        Some(inside) => {
            let above = inside.rsplit_once('/').filter(|(_, last)| *last == "_");
            let listed = tree.list(&[above.map_or(&*inside, |(a, _)| a).into()], |_| false);
            wrong.extend(listed.wrong);
            let mut items = Vec::new();
            for (path, entry) in &listed.files {
                match tree.read(path, entry) {
                    Ok(bytes) => items.push(Item::new(Part::Git, called(path), HOOK, bytes)),
                    Err(why) => wrong.push(why),
                }
            }
            // Those that are not committed are not in the worktree, and are where they are.
            items.extend(on_disk(place, &place.root.join(&inside), &inside, false, wrong));
            items.sort();
            items.dedup();
            items
        }
        // As git finds it (git-config(1), "pathname"): of the user's home, or a path of its own.
        None => match (path.strip_prefix("~/"), place.home) {
            (Some(below), Some(home)) => on_disk(place, &home.join(below), path, false, wrong),
            (None, _) if !path.starts_with('~') => {
                on_disk(place, &place.root.join(path), path, false, wrong)
            }
            _ => {
                wrong.push(format!("{HOOKS_PATH} = {path}: Nightshift cannot tell where that is"));
                Vec::new()
            }
        },
    }
}

/// Whether a place of the user's own is in none of the repository's directories.
fn is_elsewhere(place: &Place<'_>, path: &str) -> bool {
    let path = match path.strip_prefix("~/").zip(place.home) {
        Some((below, home)) => without_links(&home.join(below)),
        None if path.starts_with('/') => without_links(Path::new(path)),
        None => return path.starts_with('~'),
    };
    !inside(place).into_iter().any(|dir| path.starts_with(without_links(dir)))
}

/// A path below the checkout, in plain words.
fn relative(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let home = parts.first().is_some_and(|first| first.starts_with('~'));
    (!parts.is_empty() && !home).then(|| parts.join("/"))
}

/// Hooks of a git directory, and where there is more than these, the hash of it all: hooks read one another.
pub fn own_hooks(
    place: &Place<'_>,
    directory: &Path,
    shown: &str,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let mut items = on_disk(place, directory, shown, true, wrong);
    let Ok(entries) = std::fs::read_dir(directory) else { return items };
    let names = entries.flatten().map(|entry| name(Path::new(&entry.file_name())));
    let others = names.filter(|name| !name.ends_with(".sample")).count();
    if items.is_empty() || others == items.len() {
        return items;
    }
    match outside::digest(directory) {
        Ok(hash) => {
            let words = format!("all that is there has the sha256 {hash}\n");
            items.push(Item::new(Part::Git, shown, HOOK, words.into_bytes()));
        }
        Err(why) => wrong.push(format!("{shown}: {why}")),
    }
    items.extend(beside_hooks(place, directory, shown, &items, wrong));
    items
}

/// The text of what hooks may read or start beside them.
fn beside_hooks(
    place: &Place<'_>,
    directory: &Path,
    shown: &str,
    hooks: &[Item],
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let inside = Inside::of(&[inside(place), vec![directory]].concat());
    let tree = Tree { from: Source::Files { root: directory }, inside };
    let listed = tree.list(&[PathBuf::new()], |_| false);
    if listed.files.len() > BESIDE_HOOKS_MAX {
        return Vec::new();
    }
    let mut items = Vec::new();
    for (path, entry) in &listed.files {
        let full = format!("{shown}/{}", name(path));
        if full.ends_with(".sample") || hooks.iter().any(|hook| hook.path == full) {
            continue;
        }
        match tree.read(path, entry) {
            Ok(bytes) => items.push(Item::new(Part::Git, full, BESIDE_HOOK, bytes)),
            Err(why) => wrong.push(format!("{shown}/{why}")),
        }
    }
    items
}

pub fn on_disk(
    place: &Place<'_>,
    directory: &Path,
    shown: &str,
    samples: bool,
    wrong: &mut Vec<String>,
) -> Vec<Item> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let within = Inside::of(&inside(place));
    let mut items = Vec::new();
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), name(Path::new(&entry.file_name())));
        let runs = std::fs::metadata(&path)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        if !runs || (samples && name.ends_with(".sample")) {
            continue;
        }
        let read = match within.leaves(&path) {
            Some(place) => outside::words(&place),
            None => read_bounded(&path, ITEM_MAX_BYTES).map_err(|error| error.to_string()),
        };
        match read {
            Ok(bytes) if known::is_of_lfs(&name, &bytes) => {}
            Ok(bytes) => {
                items.push(Item::new(Part::Git, format!("{shown}/{name}"), HOOK, bytes));
            }
            Err(error) => wrong.push(format!("{shown}/{name}: {error}")),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_05_only_settings_that_name_a_program_count() {
        for (key, value) in [
            ("filter.e.clean", "evil"),
            ("filter.a.b.smudge", "x"),
            ("filter.lfs.clean", "git-lfs clean -- %f; evil"),
            ("diff.external", "x"),
            ("core.fsmonitor", ".git/x"),
            ("core.sshCommand", "ssh -o ProxyCommand=x"),
            ("merge.m.driver", "x"),
            ("credential.https://a.b.helper", "!x"),
            ("remote.evil.uploadpack", "x"),
            ("submodule.x.update", "!touch x"),
            ("pager.diff", "evil"),
            ("alias.st", "!evil"),
            ("alias.st", "rebase --exec evil"),
            ("alias.a.b", "!evil"),
            ("core.gitProxy", "evil"),
            ("interactive.diffFilter", "evil"),
            ("trailer.x.command", "evil"),
            ("mergetool.x.y.cmd", "evil"),
            ("tar.x.command", "evil"),
            ("sendemail.smtpServer", "/evil"),
            ("sendemail.work.tocmd", "evil"),
            ("branch.b.description", "text\nlfs.extension.x.clean=evil"),
            ("branch.lfs.extension.x.clean=evil.description", "text"),
            ("protocol.ext.allow", "always"),
            ("protocol.allow", "user"),
            ("remote.origin.url", "ext::evil"),
            ("url.ext::evil.insteadOf", "https://a"),
            ("submodule.x.url", "ext::evil"),
            ("diff.tool", "../../x/evil"),
            ("merge.tool", "/x/evil"),
            ("diff.guitool", "evil"),
            ("merge.guiTool", "./vimdiff"),
            ("svn.authorsProg", "evil"),
            ("instaweb.modulePath", "/x"),
            ("annex.freezecontent-command", "evil"),
        ] {
            assert!(counts(key, value), "{key}");
        }
        for (key, value) in [
            ("branch.main.remote", "origin"),
            ("branch.main.description", "First line\nsecond = line\n"),
            ("remote.origin.url", "https://a/b"),
            ("core.fsmonitor", "true"),
            ("filter.lfs.clean", "git-lfs clean -- %f"),
            ("filter.lfs.required", "true"),
            ("alias.st", "status"),
            ("user.name", "x"),
            ("submodule.x.update", "rebase"),
            ("submodule.x.active", "true"),
            ("pager.log", "false"),
            ("protocol.file.allow", "never"),
            ("url.https://a/.insteadOf", "a:"),
            ("submodule.x.url", "../x"),
            ("mergetool.keepBackup", "false"),
            ("diff.tool", "vimdiff"),
            ("merge.guitool", "meld"),
        ] {
            assert!(!counts(key, value), "{key}");
        }
    }
}
