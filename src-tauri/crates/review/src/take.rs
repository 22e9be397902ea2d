//! Taking files into an index, as git's status names them.
//!
//! `git add` looks into every submodule that it meets, by that submodule's own configuration; this
//! takes a submodule by its commit alone.
//! Promise: names are names, never patterns; a repository inside is never looked into.

use crate::place::{Place, Result, fault, refused};
use nightshift_worktree::{Call, Change};
use std::os::unix::ffi::OsStrExt;

const ARGS: &[&str] = &["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];

/// Into the checkout's own index.
pub fn take(place: &Place<'_>, changes: &[Change]) -> Result<()> {
    refuse_filtered(place, changes)?;
    into(place.act(ARGS), changes)
}

/// Into the index that `call` is given.
pub fn take_by<'a>(call: impl Fn(&[&str]) -> Call<'a>, changes: &[Change]) -> Result<()> {
    into(call(ARGS), changes)
}

/// A filter of the repository's own that does not run would leave in the commit what it is there to keep out
/// of it, such as plain text in place of what it encrypts.
fn refuse_filtered(place: &Place<'_>, changes: &[Change]) -> Result<()> {
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

fn into(call: Call<'_>, changes: &[Change]) -> Result<()> {
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
