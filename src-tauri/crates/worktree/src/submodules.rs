//! Submodules of a new worktree, filled from what the main checkout has already.
//!
//! Promise: nothing is fetched from the network; a submodule that the main checkout lacks is absent
//! here too and named.

use crate::error::Result;
use crate::git::{Git, failed};
use crate::repository::Repository;
use std::path::Path;

/// One entry of `.gitmodules`.
struct Submodule {
    name: String,
    path: String,
}

/// Fills every submodule at the top level, and those below them as far as they are at hand. Returns
/// notes on those that are absent.
pub(crate) fn fill(git: &Git, repository: &Repository, worktree: &Path) -> Result<Vec<String>> {
    if !std::fs::symlink_metadata(worktree.join(".gitmodules")).is_ok_and(|m| m.is_file()) {
        return Ok(Vec::new());
    }
    let mut notes = Vec::new();
    for submodule in listed(git, worktree)? {
        if let Err(why) = fill_one(git, repository, worktree, &submodule) {
            notes.push(format!("submodule {} is absent: {why}", submodule.path));
        }
    }
    Ok(notes)
}

fn listed(git: &Git, worktree: &Path) -> Result<Vec<Submodule>> {
    let ended = git
        .call(worktree, &["config", "--null", "--file", ".gitmodules", "--get-regexp"])
        .arg(r"^submodule\..*\.path$")
        .end()?;
    // Exit code 1: the file names none.
    if !matches!(ended.code, Some(0 | 1)) {
        return Err(failed("git config --file .gitmodules", &ended));
    }
    let entries = crate::git::pieces(&ended.stdout).filter_map(|piece| {
        let text = std::str::from_utf8(piece).ok()?;
        let (key, path) = text.split_once('\n')?;
        let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
        Some(Submodule { name: name.to_owned(), path: path.to_owned() })
    });
    Ok(entries.collect())
}

fn fill_one(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    submodule: &Submodule,
) -> std::result::Result<(), String> {
    let Submodule { name, path } = submodule;
    // A name of `..` parts would leave the directory of modules; git refuses such names itself.
    if name.split('/').any(|part| part == "..") {
        return Err("its name is not allowed".to_owned());
    }
    let modules = repository.common.join("modules").join(name);
    if !modules.join("HEAD").is_file() {
        return Err("the main checkout does not have it either".to_owned());
    }
    let url = git
        .call(&modules, &["config", "--get", "remote.origin.url"])
        .find()
        .map_err(|e| e.to_string())?;
    // The local copy stands in for the address, for this one command.
    let local = format!("submodule.{name}.url={}", modules.display());
    let active = format!("submodule.{name}.active=true");
    git.call(worktree, &["-c", "protocol.file.allow=always", "-c", &local, "-c", &active])
        .arg("submodule")
        .arg("update")
        .arg("--init")
        .arg("--")
        .arg(path)
        .long()
        .read()
        .map_err(|e| e.to_string())?;
    if let Some(url) = url {
        let dir = worktree.join(path);
        git.call(&dir, &["remote", "set-url", "origin", &url]).read().map_err(|e| e.to_string())?;
        // The copy's branches are the origin's as the main checkout saw them last.
        mirror_remote_branches(git, &modules, &dir).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// What counts as pushed in the main checkout's submodule counts as pushed here.
fn mirror_remote_branches(git: &Git, modules: &Path, dir: &Path) -> Result<()> {
    let format = "--format=create %(refname) %(objectname)";
    let refs = git.call(modules, &["for-each-ref", format, "refs/remotes/origin"]).read()?;
    let refs = crate::git::text(&refs);
    // What the clone took for the origin's branches are the local ones of the main checkout.
    let stale = git.call(dir, &["for-each-ref", "--format=delete %(refname)", "refs/remotes"]);
    let stale = crate::git::text(&stale.read()?);
    let drop: String =
        stale.lines().filter(|l| !l.ends_with("/HEAD")).map(|l| format!("{l}\n")).collect();
    git.call(dir, &["update-ref", "--stdin"]).input(drop.into_bytes()).read()?;
    for line in refs.lines().filter(|line| !line.contains("/HEAD ")) {
        // An object that the clone did not take has no ref here; that is no fault.
        git.call(dir, &["update-ref", "--stdin"]).input(format!("{line}\n").into_bytes()).end()?;
    }
    Ok(())
}
