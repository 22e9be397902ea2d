//! Submodules of a new worktree, filled from what the main checkout has already.
//!
//! `.gitmodules` is the repository's word, and its names and paths become names of settings, of
//! directories and of arguments.
//! Promise: only what the base commit itself has as a submodule is filled, each path once, by a name
//! that means nothing else anywhere; nothing is fetched from the network; a submodule that the main
//! checkout lacks is absent here too and named.

use crate::error::{Error, Kind, Result};
use crate::git_program::git::{Call, Git, failed, pieces, text};
use crate::limits::SUBMODULES_MAX;
use crate::looking::checkout::Checkout;
use crate::removing::ledger::Record;
use nightshift_model::quoted::quoted;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const GITLINK: &[u8] = b"160000 ";

/// One entry of `.gitmodules`.
struct Submodule {
    name: String,
    path: String,
}

/// Fills every submodule at the top level that is at hand. Returns notes on those that are absent.
pub(crate) fn fill(git: &Git, record: &Record) -> Result<Vec<String>> {
    let worktree = &record.path;
    if !std::fs::symlink_metadata(worktree.join(".gitmodules")).is_ok_and(|m| m.is_file()) {
        return Ok(Vec::new());
    }
    let checkout = Checkout::of_record(git, record)?;
    let entries = match listed(git, &checkout, &record.base.commit) {
        Ok(entries) => entries,
        Err(error) => return Ok(vec![format!("submodules are absent: {}", error.message)]),
    };
    if entries.len() > SUBMODULES_MAX {
        let text = format!("submodules are absent: there are more than {SUBMODULES_MAX} of them");
        return Ok(vec![text]);
    }
    let links = links(git, &checkout, &record.base.commit, &entries)?;
    let mut notes = Vec::new();
    for submodule in &entries {
        let filled = refusal(submodule, &entries, &links)
            .map_or_else(|| fill_one(git, record, &checkout, submodule), Err);
        if let Err(why) = filled {
            let path = quoted(&submodule.path);
            notes.push(format!("submodule {path} is absent: {}", why.message));
        }
    }
    Ok(notes)
}

fn listed(git: &Git, checkout: &Checkout, base: &str) -> Result<Vec<Submodule>> {
    let blob = format!("{base}:.gitmodules");
    let args = ["config", "--null", "--blob", &blob, "--get-regexp", r"^submodule\..*\.path$"];
    let ended = checkout.look(git, &args).end()?;
    // Exit code 1: the file names none.
    if !matches!(ended.code, Some(0 | 1)) {
        return Err(failed("git config --blob .gitmodules", &ended));
    }
    let entries = pieces(&ended.stdout).filter_map(|piece| {
        let text = std::str::from_utf8(piece).ok()?;
        let (key, path) = text.split_once('\n')?;
        let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
        Some(Submodule { name: name.to_owned(), path: path.to_owned() })
    });
    Ok(entries.collect())
}

/// Those of the paths that the commit has as a submodule.
fn links(
    git: &Git,
    checkout: &Checkout,
    base: &str,
    entries: &[Submodule],
) -> Result<BTreeSet<String>> {
    let mut call = checkout.look(git, &["ls-tree", "-z", "--full-tree", base, "--"]);
    for entry in entries {
        call = call.arg(&entry.path);
    }
    let printed = call.env("GIT_LITERAL_PATHSPECS", "1").read()?;
    let found = pieces(&printed).filter(|piece| piece.starts_with(GITLINK)).filter_map(|piece| {
        let tab = piece.iter().position(|&b| b == b'\t')?;
        String::from_utf8(piece[tab + 1..].to_vec()).ok()
    });
    Ok(found.collect())
}

/// Why an entry is not followed.
fn refusal(one: &Submodule, all: &[Submodule], links: &BTreeSet<String>) -> Option<Error> {
    let refuse = |why: &str| Some(Error::new(Kind::Refused, why));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    // `..` would leave the directory of modules, and so would an empty part at the front.
    let odd = |part: &str| part.is_empty() || part.starts_with('.') || part.starts_with('-');
    if !one.name.chars().all(plain) || one.name.split('/').any(odd) {
        return refuse("its name is not allowed");
    }
    if !links.contains(&one.path) {
        return refuse("the commit has no submodule at this path");
    }
    let same = all.iter().filter(|other| other.name == one.name || other.path == one.path).count();
    (same > 1).then(|| Error::new(Kind::Refused, ".gitmodules names it more than once"))
}

fn fill_one(git: &Git, record: &Record, checkout: &Checkout, submodule: &Submodule) -> Result<()> {
    let Submodule { name, path } = submodule;
    let modules = module(&record.repository.common, name)?;
    let in_modules = |args: &[&str]| git.look(&modules, args).env("GIT_DIR", &modules);
    let url = in_modules(&["config", "--get", "remote.origin.url"]).find()?;
    // The local copy stands in for the address, for this one command.
    let update = checkout.act(git, &["submodule", "update", "--init", "--checkout", "--", path]);
    update
        .set(&format!("submodule.{name}.url"), &modules)
        .set(&format!("submodule.{name}.active"), "true")
        .set(&format!("submodule.{name}.update"), "checkout")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .long()
        .read()?;
    let dir = checkout.root.join(path);
    let filled = Checkout::of(git, &dir)?.filter(|filled| filled.root == dir);
    let Some(filled) = filled.filter(|filled| filled.git_dir.starts_with(&checkout.git_dir)) else {
        return Err(Error::new(Kind::Git, "git has put it somewhere else"));
    };
    // An address that begins like an option is none.
    if let Some(url) = url.filter(|url| !url.starts_with('-')) {
        filled.act(git, &["remote", "set-url", "origin", &url]).read()?;
        // The copy's branches are the origin's as the main checkout saw them last.
        mirror_remote_branches(git, &in_modules, &filled)?;
    }
    Ok(())
}

/// The main checkout's copy of a submodule, at a place that no link leads to.
fn module(common: &Path, name: &str) -> Result<PathBuf> {
    let mut modules = common.join("modules");
    let mut parts = name.split('/');
    loop {
        match std::fs::symlink_metadata(&modules) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(Error::new(Kind::Refused, "the main checkout's copy is a link")),
            Err(_) => {
                let text = "the main checkout does not have it either";
                return Err(Error::new(Kind::NotFound, text));
            }
        }
        match parts.next() {
            Some(part) => modules.push(part),
            None => return Ok(modules),
        }
    }
}

/// What counts as pushed in the main checkout's submodule counts as pushed here.
fn mirror_remote_branches<'a>(
    git: &Git,
    in_modules: &impl Fn(&[&str]) -> Call<'a>,
    filled: &Checkout,
) -> Result<()> {
    let format = "--format=%(objectname) %(refname)";
    let named = |printed: Vec<u8>| -> BTreeMap<String, String> {
        let printed = text(&printed);
        let lines = printed.lines().filter_map(|line| line.split_once(' '));
        lines.map(|(object, name)| (name.to_owned(), object.to_owned())).collect()
    };
    let refs = named(in_modules(&["for-each-ref", format, "refs/remotes/origin"]).read()?);
    // What the clone took for the origin's branches are the local ones of the main checkout.
    let stale = named(filled.look(git, &["for-each-ref", format, "refs/remotes"]).read()?);
    let is_branch = |name: &&String| !name.ends_with("/HEAD");
    let drop: String =
        stale.keys().filter(is_branch).map(|name| format!("delete {name}\n")).collect();
    filled.act(git, &["update-ref", "--stdin"]).input(drop.into_bytes()).read()?;
    for (name, object) in refs.iter().filter(|(name, _)| is_branch(name)) {
        // An object that the clone did not take has no ref here; that is no fault.
        let line = format!("create {name} {object}\n").into_bytes();
        filled.act(git, &["update-ref", "--stdin"]).input(line).end()?;
    }
    Ok(())
}
