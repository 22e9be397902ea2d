//! Discarding what is not committed, and bringing it back.
//!
//! Promise: everything is kept under a rescue ref first; a repository inside the checkout is never
//! touched; ignored files neither.

use crate::file::io;
use crate::keep;
use crate::overwritten;
use crate::place::{Place, Result, fault, refused};
use crate::stage::named;
use crate::take::is_repository;
use nightshift_platform::files::remove_below;
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
    let wanted = chosen(&all, paths)?;
    for change in &wanted {
        if change.submodule || is_repository(&place.root, change)? {
            let text = format!("{} is a repository of its own", change.path.display());
            return Err(refused(text, "discard its changes there, or choose files by name"));
        }
    }
    let name = |change: &&Change| change.path.to_str().map(str::to_owned);
    let odd = wanted.iter().find(|change| change.path.to_str().is_none());
    if let Some(odd) = odd {
        let text = format!("the name of {} is not UTF-8", odd.path.display());
        return Err(refused(text, "discard it with git"));
    }
    let (new, known): (Vec<&Change>, Vec<&Change>) = wanted.iter().partition(|c| c.untracked);
    let places = known.iter().map(|change| change.path.clone()).collect();
    let mut lost = overwritten::in_the_way(place, &place.checkout, &places)?;
    lost.retain(|path| !wanted.iter().any(|change| change.path == *path));
    overwritten::refuse_all(&place.root, &lost)?;
    let known: Vec<String> = known.iter().filter_map(name).collect();
    let known = findable(&files_of(place, place.head()?)?, &known)?;
    // Only once, whatever git says of it: what an undo brings back.
    let taken: BTreeSet<String> = wanted.iter().filter_map(name).collect();
    let lines: Vec<String> = taken.iter().map(|path| one_line(path)).collect();
    let rescue = keep::files(place, id, &format!("{MESSAGE}{}", lines.join("\n")))?;
    // New files first: one may be where a deleted one comes back.
    for change in &new {
        let file = place.root.join(&change.path);
        remove_below(&place.root, &change.path)
            .map_err(|error| io(&file, &error).hint(back(id, &rescue)))?;
    }
    if !known.is_empty() {
        let call = place.act(&["restore", "--source=HEAD", "--staged", "--worktree"]);
        let restored = named(call, &known)?.long().read();
        restored.map_err(|error| fault(error).hint(back(id, &rescue)))?;
    }
    Ok(ReviewResult::Discarded { rescue, paths: taken.into_iter().collect() })
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
    keep::files(place, id, "kept before a discard was undone")?;
    let call = place.act(&["restore", "--worktree"]).arg(format!("--source={kept}"));
    named(call, &paths)?.long().read().map_err(fault)?;
    Ok(ReviewResult::Done)
}
