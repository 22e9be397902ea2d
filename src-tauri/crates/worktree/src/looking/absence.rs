//! Whether something is proven not to be there any more.
//!
//! Promise: only looks. "Not there" is said by the directory that it was in, which can be read, is no link and is
//! the one that it was; whatever else makes a path lead to nothing (a disk that is not mounted, a link without
//! an end, missing permissions) proves nothing.
//! Must not know: git, what it would mean that something is gone.

use crate::error::{AtPath, Error, Kind, Result};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which directories a worktree and its repository were in when it was made: their inode numbers, from the root
/// down. A disk that is not mounted shows another directory in the place of its own. Device numbers would say
/// the same until the machine starts again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Grounds {
    pub(crate) worktree: Vec<u64>,
    pub(crate) repository: Vec<u64>,
}

impl Grounds {
    pub(crate) fn of(worktree: &Path, repository: &Path) -> Grounds {
        Grounds { worktree: above(worktree), repository: above(repository) }
    }

    /// Those above the worktree that still count. Another repository in the place of its own, which is there, is
    /// another directory, and so is all that is in it.
    pub(crate) fn above_worktree(&self, root: &Path) -> &[u64] {
        let depth = root.ancestors().count() - 1;
        let (before, now) = (self.worktree.get(depth), root.symlink_metadata());
        match now.is_ok_and(|now| before != Some(&now.ino())) {
            true => self.worktree.get(..depth).unwrap_or(&self.worktree),
            false => &self.worktree,
        }
    }

    /// Of records of older versions.
    pub(crate) fn are_unknown(&self) -> bool {
        *self == Grounds::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    Proven,
    /// It may be somewhere; why, for people.
    Doubtful(String),
}

/// None where something is at `path`. `whole`: the directory that `path` may have gone with.
pub(crate) fn look(path: &Path, whole: &Path, grounds: &[u64]) -> Result<Option<Absence>> {
    let Some((missing, parent)) = nearest(path)? else { return Ok(None) };
    let doubt = |text: String| Ok(Some(Absence::Doubtful(text)));
    let shown = parent.display();
    if std::fs::canonicalize(parent).at(parent)? != parent {
        return doubt(format!("{shown} is reached through a symbolic link now"));
    }
    let mut entries = std::fs::read_dir(parent).at(parent)?;
    let with_whole = path.starts_with(whole) && missing.starts_with(whole);
    if missing != path && !with_whole {
        let missing = missing.display();
        return doubt(format!("{missing} is not there either: its disk may not be mounted"));
    }
    let depth = parent.ancestors().count() - 1;
    match grounds.get(depth) {
        Some(inode) if *inode != parent.symlink_metadata().at(parent)?.ino() => {
            doubt(format!("{shown} is not the directory that it was: a disk may not be mounted"))
        }
        // As the place of a disk that is not mounted.
        None if !parent.starts_with(whole) && entries.next().is_none() => {
            doubt(format!("{shown} is empty: a disk may not be mounted there"))
        }
        Some(_) | None => Ok(Some(Absence::Proven)),
    }
}

/// The first part of `path` that is not there, and the directory which says so. None where all of it is there.
pub(crate) fn nearest(path: &Path) -> Result<Option<(&Path, &Path)>> {
    let mut missing = None;
    for part in path.ancestors() {
        match std::fs::symlink_metadata(part) {
            Err(error) if error.kind() == ErrorKind::NotFound => missing = Some(part),
            Err(error) => return Err(Error::io(part, &error)),
            Ok(found) => {
                let Some(missing) = missing else { return Ok(None) };
                if found.is_symlink() {
                    let text = format!("{} is a link that leads to nothing", part.display());
                    return Err(Error::new(Kind::Refused, text).hint("look at it by hand"));
                }
                return Ok(Some((missing, part)));
            }
        }
    }
    Ok(None)
}

/// None of those that cannot be looked at, nor of those below them: then less is known.
fn above(path: &Path) -> Vec<u64> {
    let mut parts: Vec<&Path> = path.ancestors().skip(1).collect();
    parts.reverse();
    let inode = |part: &&Path| part.symlink_metadata().ok().map(|found| found.ino());
    parts.iter().map_while(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn doubtful(absence: Option<Absence>) -> String {
        match absence {
            Some(Absence::Doubtful(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn failures_38_only_the_directory_that_it_was_in_proves_that_something_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        let (above, whole) = (dir.join("above"), dir.join("above/whole"));
        let path = whole.join("in/it");
        fs::create_dir_all(&path).unwrap();
        fs::write(above.join("other"), "").unwrap();
        let grounds = Grounds::of(&path, &whole).worktree;
        let look = |grounds: &[u64]| look(&path, &whole, grounds);
        assert_eq!(look(&grounds), Ok(None));
        fs::remove_dir(&path).unwrap();
        assert_eq!(look(&grounds), Ok(Some(Absence::Proven)));
        fs::remove_dir_all(&whole).unwrap();
        assert_eq!(look(&grounds), Ok(Some(Absence::Proven)), "it went with what it was in");
        assert_eq!(look(&[]), Ok(Some(Absence::Proven)));
        fs::remove_file(above.join("other")).unwrap();
        assert_eq!(look(&grounds), Ok(Some(Absence::Proven)));
        assert!(doubtful(look(&[]).unwrap()).contains("is empty"));
        // As a disk whose place is another directory.
        let mut other = grounds.clone();
        *other.iter_mut().rev().nth(2).unwrap() += 1;
        assert!(doubtful(look(&other).unwrap()).contains("not the directory that it was"));
        fs::remove_dir_all(&above).unwrap();
        assert!(doubtful(look(&grounds).unwrap()).contains("may not be mounted"));
        symlink(dir.join("nowhere"), &above).unwrap();
        assert!(look(&grounds).unwrap_err().message.contains("leads to nothing"));
        fs::remove_file(&above).unwrap();
        fs::write(&above, "a file").unwrap();
        assert!(look(&grounds).is_err());
    }
}
