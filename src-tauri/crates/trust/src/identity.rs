//! Which repository it is, told from another that is made at the same path later.
//!
//! Promise: only looks; the same for as long as git's own directory (or the plain directory) is the same, whatever
//! is written in it. A copy, also one that is moved back to its place, is another one.
//! Must not know: who asks, what hangs on it.

use std::path::Path;
use std::time::UNIX_EPOCH;

/// Of git's own directory, or of the directory where there is no repository. None where it cannot be looked at.
pub fn identity(common: &Path) -> Option<String> {
    let found = std::fs::metadata(common).ok()?;
    // The number of an inode is given anew as soon as it is free, and on some overlays with each mount; the time of
    // a directory's birth stays, and nobody can set it.
    let born = found.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Some(match born {
        Some(born) => format!("born {}", born.as_nanos()),
        None => format!("inode {}", std::os::unix::fs::MetadataExt::ino(&found)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_directory_made_anew_is_another_and_one_that_is_written_to_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("git");
        fs::create_dir(&at).unwrap();
        let first = identity(&at).unwrap();
        fs::write(at.join("HEAD"), "x").unwrap();
        fs::create_dir(at.join("refs")).unwrap();
        assert_eq!(identity(&at), Some(first.clone()));
        let elsewhere = dir.path().join("moved");
        fs::rename(&at, &elsewhere).unwrap();
        assert_eq!(identity(&at), None);
        assert_eq!(identity(&elsewhere), Some(first.clone()));
        fs::create_dir(&at).unwrap();
        assert_ne!(identity(&at), Some(first));
    }
}
