//! Discarding what is not committed.
//!
//! Promise: everything is kept under a rescue ref first, and what cannot be kept is not taken away; a
//! repository inside the checkout is never touched; ignored files neither.

use crate::acts::keep::one_line;
use crate::acts::stage::named;
use crate::acts::take::{Left, holds_nothing, is_repository, left_out};
use crate::acts::{keep, overwritten, take};
use crate::diffs::file::io;
use crate::limits::NAMED_MAX;
use crate::place::{Place, Result, fault, refused};
use nightshift_platform::below;
use nightshift_protocol::review::ReviewResult;
use nightshift_worktree::{Change, pieces};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub const MESSAGE: &str = "kept before a discard\n\n";

pub fn discard(place: &Place<'_>, id: &str, paths: &[String]) -> Result<ReviewResult> {
    place.head()?;
    refuse_under_way(place)?;
    refuse_conflicts(place)?;
    let all = place.uncommitted()?;
    let mut left = Left::new();
    let mut wanted = chosen(&all, paths)?;
    set_apart(&mut wanted, &mut left, |change| stays(place, change));
    refuse_left(&left, &wanted, paths)?;
    let kept = keep::files(place)?;
    let lost = |change: &Change| {
        let why = kept.left.get(&change.path)?;
        (!holds_nothing(&place.root, &change.path)).then(|| why.clone())
    };
    set_apart(&mut wanted, &mut left, lost);
    refuse_left(&left, &wanted, paths)?;
    let (new, known): (Vec<&Change>, Vec<&Change>) = wanted.iter().partition(|c| c.untracked);
    let places = known.iter().map(|change| change.path.clone()).collect();
    let mut lost = overwritten::in_the_way(place, &place.checkout, &places)?;
    // Byte for byte: the slash at the end of a repository says that it is one.
    lost.retain(|path| !wanted.iter().any(|change| change.path.as_os_str() == path.as_os_str()));
    overwritten::refuse_all(&place.root, &lost)?;
    let name = |change: &&Change| change.path.to_str().map(str::to_owned);
    let known: Vec<String> = known.iter().filter_map(name).collect();
    let known = findable(&files_of(place, place.head()?)?, &known)?;
    // Only once, whatever git says of it: what an undo brings back.
    let taken: BTreeSet<String> = wanted.iter().filter_map(name).collect();
    let lines: Vec<String> = taken.iter().map(|path| one_line(path)).collect();
    let rescue = kept.keep(place, id, &format!("{MESSAGE}{}", lines.join("\n")))?;
    // New files first: one may be where a deleted one comes back.
    for change in &new {
        let file = place.root.join(&change.path);
        below::remove(&place.root, &change.path)
            .map_err(|error| io(&file, &error).hint(back(id, &rescue)))?;
    }
    if !known.is_empty() {
        let call = place.act(&["restore", "--source=HEAD", "--staged", "--worktree"]);
        let restored = named(call, &known)?.long().read();
        restored.map_err(|error| fault(error).hint(back(id, &rescue)))?;
    }
    let paths = taken.into_iter().collect();
    Ok(ReviewResult::Discarded { rescue, paths, left_out: left_out(&left) })
}

/// Without its files a merge would go on as if one side had never been.
fn refuse_under_way(place: &Place<'_>) -> Result<()> {
    let Some(name) = place.under_way() else { return Ok(()) };
    let text = format!("a {name} is under way in {}; nothing was discarded", place.root.display());
    Err(refused(text, format!("end it there with `git {name} --abort` or `--continue`")))
}

/// As a stash leaves them: both sides stand in the index, which no rescue keeps then.
fn refuse_conflicts(place: &Place<'_>) -> Result<()> {
    let mut files = place.unmerged(&place.checkout)?;
    files.dedup();
    if files.is_empty() {
        return Ok(());
    }
    let named = files.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let text = format!("conflicts are not resolved in {named}; nothing was discarded");
    Err(refused(text, "resolve them and `git add` these files, then discard"))
}

/// Why a change is never discarded.
fn stays(place: &Place<'_>, change: &Change) -> Option<String> {
    if change.submodule || is_repository(&place.root, change) {
        return Some("a nested repository; discard its changes there".to_owned());
    }
    let odd = change.path.to_str().is_none();
    odd.then(|| "its name is not UTF-8; discard it with git".to_owned())
}

/// Moves what `why` has a reason for from `wanted` to `left`.
fn set_apart(wanted: &mut Vec<&Change>, left: &mut Left, why: impl Fn(&Change) -> Option<String>) {
    wanted.retain(|change| match why(change) {
        Some(why) => {
            left.insert(change.path.clone(), why);
            false
        }
        None => true,
    });
}

/// What was named must go. Of all, the rest goes.
fn refuse_left(left: &Left, wanted: &[&Change], named: &[String]) -> Result<()> {
    if left.is_empty() || (named.is_empty() && !wanted.is_empty()) {
        return Ok(());
    }
    let hint = "nothing was discarded; choose the other files by name";
    Err(refused(take::said(left), hint))
}

/// What to do when it stopped half way.
fn back(id: &str, rescue: &str) -> String {
    format!("all of it is kept: bring it back with `nightshift discard {id} --undo {rescue}`")
}

/// The files of a commit.
fn files_of(place: &Place<'_>, kept: &str) -> Result<BTreeSet<PathBuf>> {
    let tree = place.look(&["ls-tree", "-r", "-z", "--full-tree", "--name-only", kept]);
    let tree = tree.long().read().map_err(fault)?;
    Ok(pieces(&tree).map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}

/// Those of `paths` that git finds while it brings back `files`. One below a file of these, such as a link in
/// place of a directory, is not among them, and makes room for that file by itself.
pub fn findable(files: &BTreeSet<PathBuf>, paths: &[String]) -> Result<Vec<String>> {
    let above = |path: &String| {
        Path::new(path).ancestors().skip(1).find(|dir| files.contains(*dir)).map(Path::to_owned)
    };
    let found: Vec<String> = paths.iter().filter(|path| above(path).is_none()).cloned().collect();
    match paths.iter().find_map(above) {
        Some(file) if found.is_empty() => {
            let text = format!("{} was no directory then", file.display());
            Err(refused(text, "choose that by its name"))
        }
        Some(_) | None => Ok(found),
    }
}

/// The changes that `paths` name; all of them when it names none.
fn chosen<'a>(all: &'a [Change], paths: &[String]) -> Result<Vec<&'a Change>> {
    if all.is_empty() {
        return Err(refused(
            "nothing is uncommitted",
            "committed work is taken back by `git revert`",
        ));
    }
    if paths.is_empty() {
        return Ok(all.iter().collect());
    }
    let mut found = Vec::new();
    for path in paths {
        let Some(change) = all.iter().find(|change| change.path == Path::new(path)) else {
            let hint = "only what is not committed can be discarded";
            return Err(refused(format!("{path} has no uncommitted change"), hint));
        };
        found.push(change);
    }
    Ok(found)
}
