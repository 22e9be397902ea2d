//! Files that an act would write over although git does not know of them.
//!
//! git itself spares untracked files, but takes ignored ones (an `.env`, say) for expendable, and
//! removes a directory that stands where a file goes.
//! Promise: only looks; what it names has not been written over yet.

use crate::limits::NAMED_MAX;
use crate::place::{Place, Result, fault, refused};
use nightshift_worktree::{Checkout, pieces};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a commit's tree is compared by: names of added files, byte for byte.
const ADDED: &[&str] =
    &["diff-tree", "-r", "--no-commit-id", "--name-only", "-z", "--no-renames", "--diff-filter=A"];

/// Files that `to` has and `from` has not.
pub fn added(place: &Place<'_>, from: &str, to: &str) -> Result<BTreeSet<PathBuf>> {
    place.look(ADDED).arg(from).arg(to).long().read().map(|names| paths(&names)).map_err(fault)
}

/// Files that commits of `range` bring, those that a later one deletes too.
pub fn added_within(place: &Place<'_>, range: &str) -> Result<BTreeSet<PathBuf>> {
    let commits = place.look(&["rev-list", range, "--"]).read().map_err(fault)?;
    let call = place.look(ADDED).arg("-m").arg("--root").arg("--stdin");
    call.input(commits).long().read().map(|names| paths(&names)).map_err(fault)
}

/// Refuses when files that git does not know of are where `wanted` go.
pub fn refuse(place: &Place<'_>, checkout: &Checkout, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    refuse_all(&checkout.root, &in_the_way(place, checkout, wanted)?)
}

pub fn refuse_all(checkout: &Path, found: &[PathBuf]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let named = found.iter().take(NAMED_MAX).map(|path| path.display().to_string());
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if found.len() > NAMED_MAX { ", …" } else { "" };
    let text = format!("files in {} would be lost: {named}{more}", checkout.display());
    Err(refused(text, "git does not know of them; move them away, then try again"))
}

/// Files at, above or below `wanted` that are not in the index of `checkout`.
pub fn in_the_way(
    place: &Place<'_>,
    checkout: &Checkout,
    wanted: &BTreeSet<PathBuf>,
) -> Result<Vec<PathBuf>> {
    let obstacles: BTreeSet<(PathBuf, bool)> =
        wanted.iter().filter_map(|path| obstacle(&checkout.root, path)).collect();
    if obstacles.is_empty() {
        return Ok(Vec::new());
    }
    let known = checkout.look(place.git, &["ls-files", "-z", "--cached"]).read().map_err(fault)?;
    let known = paths(&known);
    let mut found = Vec::new();
    // A directory may be where the index has a file.
    let strange = |(path, is_dir): &(PathBuf, bool)| *is_dir || !known.contains(path);
    for (path, is_dir) in obstacles.into_iter().filter(strange) {
        if !is_dir {
            found.push(path);
            continue;
        }
        // Without patterns to exclude by, ignored ones are told too.
        let others = checkout.look(place.git, &["ls-files", "-z", "--others", "--"]).arg(&path);
        let others = others.env("GIT_LITERAL_PATHSPECS", "1").long().read().map_err(fault)?;
        found.extend(paths(&others));
    }
    Ok(found)
}

/// What stands where `path` goes, and whether that is a directory.
fn obstacle(checkout: &Path, path: &Path) -> Option<(PathBuf, bool)> {
    let mut above: Vec<&Path> = path.ancestors().filter(|p| !p.as_os_str().is_empty()).collect();
    above.reverse();
    for part in above {
        // Nothing can be below what is not there.
        let metadata = std::fs::symlink_metadata(checkout.join(part)).ok()?;
        if part == path || !metadata.is_dir() {
            return Some((part.to_owned(), metadata.is_dir()));
        }
    }
    None
}

fn paths(names: &[u8]) -> BTreeSet<PathBuf> {
    pieces(names).map(|name| PathBuf::from(OsStr::from_bytes(name))).collect()
}
