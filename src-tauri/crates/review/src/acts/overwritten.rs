//! Files that an act would write over although git does not know of them.
//!
//! git itself spares untracked files, but takes ignored ones (an `.env`, say) for expendable, and
//! removes a directory that stands where a file goes, with the repositories in it: their branches, stashes
//! and uncommitted files are in no commit of this one.
//! Promise: only looks; what it names has not been written over yet; a repository of its own is always named,
//! whatever the index and the repository's settings say of it.

use crate::diffs::file::io;
use crate::limits::{NAMED_MAX, WALKED_MAX};
use crate::place::{Place, Result, fault, refused};
use nightshift_worktree::{Checkout, pieces};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a commit's tree is compared by: what is added, or takes the place of another kind of thing (a submodule,
/// a link).
const ADDED: &[&str] =
    &["diff-tree", "-r", "--no-commit-id", "--raw", "-z", "--no-renames", "--diff-filter=AT"];
const REPOSITORY_MODE: &[u8] = b"160000";

/// What an act brings.
#[derive(Default)]
pub struct Added {
    files: BTreeSet<PathBuf>,
    /// Links to repositories. git makes a directory for one, and takes one that is there as it is.
    repositories: BTreeSet<PathBuf>,
}

impl Added {
    pub fn extend(&mut self, other: Added) {
        self.files.extend(other.files);
        self.repositories.extend(other.repositories);
    }

    /// `:<mode> <mode> <object> <object> <letter>`, then the path, byte for byte.
    fn parse(printed: &[u8]) -> Added {
        let mut added = Added::default();
        let pieces: Vec<&[u8]> = pieces(printed).collect();
        let (rows, _) = pieces.as_chunks::<2>();
        for [what, path] in rows {
            let is_repository = what.split(|&b| b == b' ').nth(1) == Some(REPOSITORY_MODE);
            let set = if is_repository { &mut added.repositories } else { &mut added.files };
            set.insert(PathBuf::from(OsStr::from_bytes(path)));
        }
        added
    }
}

/// Files that `to` has and `from` has not, or not as files.
pub fn added(place: &Place<'_>, from: &str, to: &str) -> Result<Added> {
    let call = place.look(ADDED).arg(from).arg(to);
    call.long().read().map(|printed| Added::parse(&printed)).map_err(fault)
}

/// The same of the commits of `range`, what a later one deletes too.
pub fn added_within(place: &Place<'_>, range: &str) -> Result<Added> {
    let commits = place.look(&["rev-list", range, "--"]).read().map_err(fault)?;
    let call = place.look(ADDED).arg("-m").arg("--root").arg("--stdin");
    call.input(commits).long().read().map(|printed| Added::parse(&printed)).map_err(fault)
}

/// Refuses when something that git does not know of is where `added` goes.
pub fn refuse(place: &Place<'_>, checkout: &Checkout, added: &Added) -> Result<()> {
    let is_directory = |path: &&PathBuf| {
        let metadata = std::fs::symlink_metadata(checkout.root.join(path));
        metadata.is_ok_and(|metadata| metadata.is_dir())
    };
    let repositories = added.repositories.iter().filter(|path| !is_directory(path));
    let wanted = added.files.iter().chain(repositories).cloned().collect();
    refuse_all(&checkout.root, &in_the_way(place, checkout, &wanted)?)
}

pub fn refuse_all(checkout: &Path, found: &[PathBuf]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let named = found.iter().take(NAMED_MAX).map(|path| {
        let is_repository = path.as_os_str().as_bytes().ends_with(b"/");
        format!("{}{}", path.display(), if is_repository { " (a repository)" } else { "" })
    });
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
    let mut walk = Walk { root: &checkout.root, known: &known, found: Vec::new(), seen: 0 };
    // A directory may be where the index has a file.
    for (path, is_dir) in obstacles {
        match is_dir {
            true => walk.directory(&path)?,
            false if !known.contains(&path) => walk.found.push(path),
            false => {}
        }
    }
    Ok(walk.found)
}

/// A look at all that a directory holds. git's own list of unknown files is not asked: it goes neither into a
/// submodule nor into a repository without a commit.
struct Walk<'a> {
    root: &'a Path,
    known: &'a BTreeSet<PathBuf>,
    found: Vec<PathBuf>,
    seen: usize,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path) -> Result<()> {
        let mut next = vec![path.to_owned()];
        while let Some(dir) = next.pop() {
            let at = self.root.join(&dir);
            let mut entries = Vec::new();
            for entry in std::fs::read_dir(&at).map_err(|error| io(&at, &error))? {
                entries.push(entry.map_err(|error| io(&at, &error))?);
            }
            if entries.iter().any(|entry| entry.file_name() == ".git") {
                // With a slash, as git names one.
                self.found.push(dir.join(""));
                continue;
            }
            for entry in entries {
                self.seen += 1;
                if self.seen > WALKED_MAX {
                    let text = format!("{} has more files than are looked at", at.display());
                    return Err(refused(text, "move it away, then try again"));
                }
                let path = dir.join(entry.file_name());
                let kind = entry.file_type().map_err(|error| io(&at, &error))?;
                if kind.is_dir() {
                    next.push(path);
                } else if (kind.is_file() || kind.is_symlink()) && !self.known.contains(&path) {
                    self.found.push(path);
                }
            }
        }
        Ok(())
    }
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
