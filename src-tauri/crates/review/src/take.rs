//! Taking files into an index, as git's status names them.
//!
//! `git add` looks into every submodule that it meets, by that submodule's own configuration; this
//! takes a submodule by its commit alone. Nor does it take what lies beyond a symbolic link: where one
//! stands in place of a directory now, the files that were in there are gone, and the link is new.
//! Promise: names are names, never patterns; a repository inside is never looked into; nothing is read
//! through a link, for git itself refuses one that comes in between.

use crate::file::io;
use crate::place::{Place, Result, fault, refused};
use nightshift_worktree::{Call, Change};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// For files that are not at their place any more.
const FORGET: &[&str] = &["update-index", "--force-remove", "-z", "--stdin"];
const ARGS: &[&str] = &["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];

/// Into the checkout's own index.
pub fn take(place: &Place<'_>, changes: &[Change]) -> Result<()> {
    let (gone, there) = by_presence(&place.root, changes)?;
    refuse_filtered(place, &there)?;
    into(place.act(FORGET), &gone)?;
    into(place.act(ARGS), &there)
}

/// Into the index that `call` is given, from the files of `place`.
pub fn take_by<'a>(
    place: &Place<'_>,
    call: impl Fn(&[&str]) -> Call<'a>,
    changes: &[Change],
) -> Result<()> {
    let (gone, there) = by_presence(&place.root, changes)?;
    into(call(FORGET), &gone)?;
    into(call(ARGS), &there)
}

/// Changes whose file is not at its place any more, and those that are there.
fn by_presence<'c>(
    root: &Path,
    changes: &'c [Change],
) -> Result<(Vec<&'c Change>, Vec<&'c Change>)> {
    let (mut gone, mut there) = (Vec::new(), Vec::new());
    for change in changes {
        if is_there(root, change)? { there.push(change) } else { gone.push(change) }
    }
    Ok((gone, there))
}

/// Whether git can take `change` from where it stands: through directories alone, and no directory itself
/// unless that is a repository of its own.
fn is_there(root: &Path, change: &Change) -> Result<bool> {
    let above: Vec<&Path> = change.path.ancestors().skip(1).collect();
    // From the top down: what is below a link is never looked at.
    for dir in above.into_iter().rev() {
        let dir = root.join(dir);
        match std::fs::symlink_metadata(&dir) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if is_absent(&error) => return Ok(false),
            Err(error) => return Err(io(&dir, &error)),
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
        Err(error) => Err(io(&file, &error)),
    }
}

/// Whether a repository of its own stands at the change's place, reached through directories alone.
pub fn is_repository(root: &Path, change: &Change) -> Result<bool> {
    let path = root.join(&change.path);
    let is_dir = || std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
    let has_git = || std::fs::symlink_metadata(path.join(".git")).is_ok();
    Ok(is_there(root, change)? && is_dir() && has_git())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A filter of the repository's own that does not run would leave in the commit what it is there to keep out
/// of it, such as plain text in place of what it encrypts.
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
    let Some([path, _, filter]) = rows.iter().find(|[_, _, filter]| filters.contains(*filter))
    else {
        return Ok(());
    };
    let (path, filter) = (String::from_utf8_lossy(path), String::from_utf8_lossy(filter));
    let text = format!(
        "{path} goes through the filter `{filter}` of this repository's own configuration, which Nightshift \
         does not run; nothing was taken"
    );
    let hint = "commit it with git itself, or set the filter in your own ~/.gitconfig";
    Err(refused(text, hint))
}

fn into(call: Call<'_>, changes: &[&Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    for change in changes {
        let name = change.path.as_os_str().as_bytes();
        // The slash says: a repository of its own.
        names.extend_from_slice(name.strip_suffix(b"/").unwrap_or(name));
        names.push(0);
    }
    call.input(names).long().read().map(|_| ()).map_err(fault)
}
