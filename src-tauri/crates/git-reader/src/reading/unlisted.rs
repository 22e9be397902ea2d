//! Files beside tracked ones that libgit2's walk passed over without a word.
//!
//! Promise: a directory that holds tracked files holds nothing that the walk neither named nor called
//! ignored. libgit2 takes the checkout itself for ignored where a pattern matches the empty name
//! (`*/`, `**/`), and then it does not even name what is in it as ignored.

use crate::reading::place::Place;
use git2::IndexEntry;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::ReadDir;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Entries looked at to find out whether a directory holds files at all; beyond it it does.
const EMPTY_MAX_ENTRIES: usize = 1_000;

/// The first such file or directory; `listed` are paths of the walk, sorted.
pub fn first(place: &Place, entries: &[IndexEntry], listed: &[Vec<u8>]) -> Option<Vec<u8>> {
    let tracked: HashSet<&[u8]> = entries.iter().map(|entry| &entry.path[..]).collect();
    let mut directories: HashSet<&[u8]> = HashSet::from([&b""[..]]);
    for entry in entries {
        let mut path = &entry.path[..];
        while let Some(at) = path.iter().rposition(|&b| b == b'/') {
            path = &path[..at];
            if !directories.insert(path) {
                break;
            }
        }
    }
    directories.iter().find_map(|directory| {
        let content = match open(&place.root, directory) {
            Ok(content) => content?,
            Err(_) => return Some(directory.to_vec()),
        };
        content.filter_map(Result::ok).find_map(|entry| {
            let name = entry.file_name();
            let path = joined(directory, name.as_bytes());
            let kind = entry.file_type().ok()?;
            let is_known = tracked.contains(&path[..]) || directories.contains(&path[..]);
            let is_own = name == OsStr::new(".git");
            let passed_over = !is_known
                && !is_own
                && if kind.is_dir() {
                    !is_named_below(listed, &path) && holds_file(&entry.path())
                } else {
                    // Pipes and sockets are nobody's.
                    (kind.is_file() || kind.is_symlink()) && listed.binary_search(&path).is_err()
                };
            passed_over.then_some(path)
        })
    })
}

/// None when there is no such directory any more: what was in it counts as deleted.
fn open(root: &Path, directory: &[u8]) -> io::Result<Option<ReadDir>> {
    let at = root.join(OsStr::from_bytes(directory));
    match at.symlink_metadata() {
        Ok(meta) if meta.is_dir() => at.read_dir().map(Some),
        Ok(_) => Ok(None),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(error),
        },
    }
}

fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

/// Something in `path`, or the whole of it, is in the list.
fn is_named_below(listed: &[Vec<u8>], path: &[u8]) -> bool {
    let below = [path, b"/"].concat();
    let at = listed.partition_point(|known| known < &below);
    listed.get(at).is_some_and(|known| known.starts_with(&below))
}

/// git knows no empty directories.
fn holds_file(directory: &Path) -> bool {
    let mut seen = 0;
    let mut next = vec![directory.to_owned()];
    while let Some(at) = next.pop() {
        let Ok(entries) = at.read_dir() else { return true };
        for entry in entries {
            seen += 1;
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) if kind.is_dir() && seen < EMPTY_MAX_ENTRIES => next.push(path),
                Ok(_) | Err(_) => return true,
            }
        }
    }
    false
}
