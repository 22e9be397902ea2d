//! Taking files into an index, as git's status names them.
//!
//! `git add` looks into every submodule that it meets, by that submodule's own configuration; this
//! takes a submodule by its commit alone. Nor does it take what lies beyond a symbolic link: where one
//! stands in place of a directory now, the files that were in there are gone, and the link is new.
//! Promise: names are names, never patterns; a repository inside is never looked into; nothing is read
//! through a link, for git itself refuses one that comes in between. What git cannot take is left out
//! and named with the reason; it keeps nothing else out.

use crate::acts::bytes::{Taken, Taker};
use crate::limits::LEFT_OUT_MAX;
use crate::place::{Place, Result, fault, refused};
use nightshift_protocol::review::LeftOut;
use nightshift_worktree::{Call, Change, Whose, complaint, failed, text};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// For files that are not at their place any more.
const FORGET: &[&str] = &["update-index", "--force-remove", "-z", "--stdin"];
const ARGS: &[&str] = &["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];

/// For files that are objects already.
const INFO: &[&str] = &["update-index", "-z", "--index-info"];

/// What stays out of an index, and why.
pub type Left = BTreeMap<PathBuf, String>;

/// Into the checkout's own index. An error where nothing can be taken.
pub fn take(place: &Place<'_>, changes: &[Change]) -> Result<Left> {
    let sorted = by_presence(&place.root, changes);
    refuse_filtered(place, &sorted.there)?;
    let left = sorted.into_index(&place.root, |args| place.act(args))?;
    if !left.is_empty() && left.len() == changes.len() {
        let hint = "mend that, or commit with git itself; nothing was taken";
        return Err(refused(said(&left), hint));
    }
    Ok(left)
}

/// Into the index that `call` is given, from the files of `place`, byte for byte. `scratch`: a directory that
/// nobody else uses. Also which files these are.
pub fn take_bytes<'a>(
    place: &Place<'_>,
    call: impl Fn(&[&str]) -> Call<'a>,
    scratch: &Path,
    changes: &[Change],
) -> Result<(Left, Vec<Taken>)> {
    let Sorted { gone, there, mut left } = by_presence(&place.root, changes);
    let mut taker = Taker::new(place, scratch)?;
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for change in there {
        match taker.take(&change.path) {
            Ok(true) => files.push(change),
            Ok(false) => others.push(change),
            Err(error) => {
                left.insert(change.path.clone(), error.to_string());
            }
        }
        taker.store_some()?;
    }
    let taken = taker.finish()?;
    let root = &place.root;
    into(root, &|| call(FORGET), &gone, &mut left, &|change| line(change, None))?;
    let by_path: BTreeMap<&Path, &Taken> = taken.iter().map(|t| (t.path.as_path(), t)).collect();
    let of = |change: &Change| line(change, by_path.get(change.path.as_path()).copied());
    into(root, &|| call(INFO), &files, &mut left, &of)?;
    into(root, &|| call(ARGS), &others, &mut left, &|change| line(change, None))?;
    Ok((left, taken))
}

/// A change as git's `update-index` reads it, by its name or by what was taken of it.
fn line(change: &Change, taken: Option<&Taken>) -> Vec<u8> {
    let name = change.path.as_os_str().as_bytes();
    // The slash says: a repository of its own.
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let info = taken.map(|taken| format!("{} {}\t", taken.mode, taken.object));
    [info.unwrap_or_default().as_bytes(), name, b"\0"].concat()
}

/// As clients are told.
pub fn left_out(left: &Left) -> Vec<LeftOut> {
    let one = |(path, why): (&PathBuf, &String)| LeftOut { path: name(path), why: why.clone() };
    left.iter().map(one).collect()
}

/// All of it in one line.
pub fn said(left: &Left) -> String {
    let said = left.iter().map(|(path, why)| format!("{}: {why}", name(path)));
    said.collect::<Vec<_>>().join("; ")
}

fn name(path: &Path) -> String {
    text(path.as_os_str().as_bytes())
}

/// Changes whose file is not at its place any more, those that are there, and those that cannot be looked at.
#[derive(Default)]
struct Sorted<'c> {
    gone: Vec<&'c Change>,
    there: Vec<&'c Change>,
    left: Left,
}

fn by_presence<'c>(root: &Path, changes: &'c [Change]) -> Sorted<'c> {
    let mut sorted = Sorted::default();
    for change in changes {
        match is_there(root, change) {
            Ok(true) => sorted.there.push(change),
            Ok(false) => sorted.gone.push(change),
            Err(error) => {
                sorted.left.insert(change.path.clone(), error.to_string());
            }
        }
    }
    sorted
}

impl Sorted<'_> {
    fn into_index<'a>(self, root: &Path, call: impl Fn(&[&str]) -> Call<'a>) -> Result<Left> {
        let Sorted { gone, there, mut left } = self;
        into(root, &|| call(FORGET), &gone, &mut left, &|change| line(change, None))?;
        into(root, &|| call(ARGS), &there, &mut left, &|change| line(change, None))?;
        Ok(left)
    }
}

/// Whether git can take `change` from where it stands: through directories alone, and no directory itself
/// unless that is a repository of its own.
fn is_there(root: &Path, change: &Change) -> std::io::Result<bool> {
    let above: Vec<&Path> = change.path.ancestors().skip(1).collect();
    // From the top down: what is below a link is never looked at.
    for dir in above.into_iter().rev() {
        let dir = root.join(dir);
        match std::fs::symlink_metadata(&dir) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if is_absent(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    let file = root.join(&change.path);
    match std::fs::symlink_metadata(&file) {
        Ok(metadata) if metadata.is_dir() => {
            let repository = std::fs::symlink_metadata(file.join(".git")).is_ok();
            Ok(change.untracked || change.submodule || repository)
        }
        Ok(_) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a repository of its own stands at the change's place, reached through directories alone.
pub fn is_repository(root: &Path, change: &Change) -> bool {
    let path = root.join(&change.path);
    let is_dir = || std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
    let has_git = || std::fs::symlink_metadata(path.join(".git")).is_ok();
    // What cannot be looked at may be one.
    is_there(root, change).unwrap_or(true) && is_dir() && has_git()
}

/// A pipe, socket or device at the change's place: there is nothing in it that could be kept.
pub fn holds_nothing(root: &Path, path: &Path) -> bool {
    std::fs::symlink_metadata(root.join(path)).is_ok_and(|metadata| {
        let kind = metadata.file_type();
        !kind.is_file() && !kind.is_dir() && !kind.is_symlink()
    })
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A filter that does not run would leave in the commit what it is there to keep out of it, such as plain text in
/// place of what it encrypts.
fn refuse_filtered(place: &Place<'_>, changes: &[&Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let call = place.look(&["check-attr", "-z", "--stdin", "filter"]);
    let filters = call.foreign_filters().map_err(fault)?;
    if filters.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    for change in changes {
        names.extend_from_slice(change.path.as_os_str().as_bytes());
        names.push(0);
    }
    let printed = call.input(names).long().read().map_err(fault)?;
    let printed: Vec<&[u8]> = printed.split(|&b| b == 0).collect();
    // Path, attribute, value.
    let (rows, _) = printed.as_chunks::<3>();
    let known =
        |[path, _, filter]: &[&[u8]; 3]| Some((text(path), text(filter), *filters.get(*filter)?));
    let Some((path, filter, whose)) = rows.iter().find_map(known) else { return Ok(()) };
    Err(match whose {
        Whose::Repository => refused(
            format!(
                "{path} goes through the filter `{filter}` of this repository's own configuration, which Nightshift \
                 does not run; nothing was taken"
            ),
            "commit it with git itself, or set the filter in your own ~/.gitconfig",
        ),
        Whose::User => refused(
            format!(
                "{path} goes through the filter `{filter}` of your own configuration, whose command may run a file of \
                 this repository: Nightshift does not run it; nothing was taken"
            ),
            "commit it with git itself, or put the command into a script of your own outside of repositories and name \
             its place, as in `~/bin/clean %f`",
        ),
    })
}

/// What update-index says of a name like `.git`, as some file system would read it.
const IGNORED: &str = "Ignoring path ";
/// The same of one that it is given with its object.
const INVALID: &str = "Invalid path '";

/// git takes all of a call or nothing: what it refuses is found by halves.
fn into<'a>(
    root: &Path,
    call: &impl Fn() -> Call<'a>,
    changes: &[&Change],
    left: &mut Left,
    line: &dyn Fn(&Change) -> Vec<u8>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let names: Vec<Vec<u8>> = changes.iter().map(|change| line(change)).collect();
    let ended = call().input(names.concat()).long().end().map_err(fault)?;
    // A name that git forbids it only mentions, and ends well.
    if ended.code == Some(0) && !text(&ended.stderr).contains(IGNORED) {
        return Ok(());
    }
    if let [change] = changes {
        left.insert(change.path.clone(), reason(root, change, &complaint(&ended)));
        return Ok(());
    }
    if left.len() >= LEFT_OUT_MAX {
        return Err(fault(failed("git update-index", &ended)));
    }
    let (first, second) = changes.split_at(changes.len() / 2);
    into(root, call, first, left, line)?;
    into(root, call, second, left, line)
}

fn reason(root: &Path, change: &Change, complaint: &str) -> String {
    if is_repository(root, change) {
        return "a nested repository in which git finds no commit".to_owned();
    }
    match complaint.starts_with(IGNORED) || complaint.contains(INVALID) {
        true => "git takes no file of this name".to_owned(),
        false => complaint.to_owned(),
    }
}
