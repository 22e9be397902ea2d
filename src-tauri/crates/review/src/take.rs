//! Taking files into an index, as git's status names them.
//!
//! `git add` looks into every submodule that it meets, by that submodule's own configuration; this
//! takes a submodule by its commit alone.
//! Promise: names are names, never patterns; a repository inside is never looked into.

use crate::place::{Place, Result, fault};
use nightshift_worktree::{Call, Change};
use std::os::unix::ffi::OsStrExt;

const ARGS: &[&str] = &["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];

/// Into the checkout's own index.
pub fn take(place: &Place<'_>, changes: &[Change]) -> Result<()> {
    into(place.act(ARGS), changes)
}

/// Into the index that `call` is given.
pub fn take_by<'a>(call: impl Fn(&[&str]) -> Call<'a>, changes: &[Change]) -> Result<()> {
    into(call(ARGS), changes)
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
