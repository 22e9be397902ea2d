//! Discarding what is not committed, and bringing it back.
//!
//! Promise: everything is kept under a rescue ref first, and what cannot be kept is not taken away; a
//! repository inside the checkout is never touched; ignored files neither.

use crate::file::io;
use crate::keep;
use crate::overwritten;
use crate::place::{Place, Result, fault, refused};
use crate::stage::named;
use crate::take;
use crate::take::{Left, holds_nothing, is_repository, left_out};
use nightshift_platform::below;
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Change, RESCUES, pieces};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const MESSAGE: &str = "kept before a discard\n\n";

pub fn discard(place: &Place<'_>, id: &str, paths: &[String]) -> Result<ReviewResult> {
    place.head()?;
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

/// A name as one line of a message.
fn one_line(path: &str) -> String {
    path.replace('\\', "\\\\").replace('\n', "\\n")
}

fn of_line(line: &str) -> String {
    let mut path = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => path.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => path.push(c),
        }
    }
    path
}

/// What the message of a rescue says was taken. Read from the commit itself: `git log` may recode it.
fn taken_by(place: &Place<'_>, kept: &str) -> Result<Vec<String>> {
    let commit = place.look(&["cat-file", "commit", kept]).read().map_err(fault)?;
    let commit = nightshift_worktree::text(&commit);
    let list = commit.split_once("\n\n").and_then(|(_, text)| text.strip_prefix(MESSAGE));
    let lines = list.unwrap_or_default().split('\n').filter(|line| !line.is_empty());
    Ok(lines.map(of_line).collect())
}

/// The files of a commit.
fn files_of(place: &Place<'_>, kept: &str) -> Result<BTreeSet<PathBuf>> {
    let tree = place.look(&["ls-tree", "-r", "-z", "--full-tree", "--name-only", kept]);
    let tree = tree.long().read().map_err(fault)?;
    Ok(pieces(&tree).map(|name| PathBuf::from(OsStr::from_bytes(name))).collect())
}

/// Those of `paths` that git finds while it brings back `files`. One below a file of these, such as a link in
/// place of a directory, is not among them, and makes room for that file by itself.
fn findable(files: &BTreeSet<PathBuf>, paths: &[String]) -> Result<Vec<String>> {
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

/// What is there now and would be written over without being kept: ignored files, repositories.
fn refuse_unkept(place: &Place<'_>, files: &BTreeSet<PathBuf>, paths: &[String]) -> Result<()> {
    let wanted = paths.iter().map(|path| path.trim_end_matches('/')).collect::<Vec<_>>();
    let below = |file: &&PathBuf| wanted.iter().any(|path| file.starts_with(path));
    let files = files.iter().filter(below).cloned().collect();
    let mut lost = overwritten::in_the_way(place, &place.checkout, &files)?;
    let all = place.uncommitted()?;
    let keeps = |path: &Path| {
        let inner = path.as_os_str().as_bytes().ends_with(b"/");
        !inner && all.iter().any(|change| change.untracked && change.path == path)
    };
    lost.retain(|path| !keeps(path));
    overwritten::refuse_all(&place.root, &lost)
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

/// One is the other, or lies in it.
fn meet(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Brings files back as they were when `rescue` was made, without names all that the discard took;
/// what is there now is kept first.
pub fn restore(
    place: &Place<'_>,
    id: &str,
    rescue: &str,
    paths: &[String],
) -> Result<ReviewResult> {
    let own = format!("{RESCUES}{id}-");
    let kept = match rescue.starts_with(&own) {
        true => place.tip(rescue)?,
        false => None,
    };
    let Some(kept) = kept else {
        let text = format!("there is no rescue `{rescue}` of this session");
        return Err(Fault::new(FaultCode::NotFound, text)
            .hint("list them with `git for-each-ref refs/nightshift/rescue`"));
    };
    let taken: Vec<String>;
    let paths = if paths.is_empty() {
        taken = taken_by(place, &kept)?;
        &taken
    } else {
        paths
    };
    let files = files_of(place, &kept)?;
    let paths = findable(&files, paths)?;
    refuse_unkept(place, &files, &paths)?;
    let now = keep::files(place)?;
    let wanted = |path: &PathBuf| paths.iter().any(|named| meet(path, Path::new(named)));
    let lost = now.left.keys().filter(|path| wanted(path) && !holds_nothing(&place.root, path));
    overwritten::refuse_all(&place.root, &lost.cloned().collect::<Vec<_>>())?;
    now.keep(place, id, "kept before a discard was undone")?;
    let call = place.act(&["restore", "--worktree"]).arg(format!("--source={kept}"));
    named(call, &paths)?.long().read().map_err(fault)?;
    Ok(ReviewResult::Done)
}
