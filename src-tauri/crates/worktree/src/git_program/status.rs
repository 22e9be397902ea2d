//! What `git status` says, read without a lock and without losing a byte of a name.
//!
//! Promise: output that is not understood is an error, never a clean worktree.

use crate::error::{Error, Kind, Result};
use crate::git_program::git::{Call, pieces, text};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// One file that is not as committed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub path: PathBuf,
    pub untracked: bool,
    /// The two letters of git's status.
    pub letters: [u8; 2],
    /// A submodule, with its four letters.
    pub submodule: bool,
}

/// Runs a prepared `git … status` (see `ARGS`) and reads it.
pub fn changes(call: Call<'_>) -> Result<Vec<Change>> {
    let (printed, complaint) = call.read_with_complaint()?;
    if let Some(line) = text(&complaint).lines().find(|line| passes_over(line)) {
        let line = line.trim_start_matches(PASSED_OVER);
        let error = Error::new(Kind::Io, format!("git could not look at everything: {line}"));
        return Err(error.hint("make it readable for you, or have git ignore it"));
    }
    parse(&printed)
}

/// How git says that it left out a directory, and goes on.
const PASSED_OVER: &str = "warning: could not open directory ";
/// How it says of a file that it could not look at it, and goes on as if that had not changed.
const NOT_LOOKED_AT: &[&str] = &[": Permission denied", ": Input/output error"];

/// Whether git says in this line that its answer is not whole.
fn passes_over(line: &str) -> bool {
    let of_a_file = !line.starts_with("warning: ") && !line.starts_with("error: ");
    line.starts_with(PASSED_OVER)
        || (of_a_file && NOT_LOOKED_AT.iter().any(|end| line.ends_with(end)))
}

/// Every untracked file by name, nothing folded; submodules only by their commit, because git would
/// look into them by their own configuration.
pub const ARGS: &[&str] = &[
    "status",
    "--porcelain=v2",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--ignore-submodules=dirty",
];
/// Directories of untracked files as one entry, submodules only by their commit.
pub const FOLDED_ARGS: &[&str] = &[
    "status",
    "--porcelain=v2",
    "-z",
    "--no-renames",
    "--untracked-files=normal",
    "--ignore-submodules=dirty",
];

fn parse(output: &[u8]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for piece in pieces(output) {
        let unclear = || {
            let text = format!("git status said `{}`", String::from_utf8_lossy(piece));
            Error::new(Kind::Git, text)
        };
        // Fields before the path: porcelain format version 2, git-status(1).
        let fields = match piece.first() {
            Some(b'1') => 8,
            Some(b'u') => 10,
            Some(b'?') => 1,
            Some(b'#' | b'!') => continue,
            Some(_) | None => return Err(unclear()),
        };
        let mut parts = piece.splitn(fields + 1, |&b| b == b' ');
        let untracked = piece[0] == b'?';
        let letters = if untracked { *b"??" } else { two(parts.nth(1)).ok_or_else(unclear)? };
        let submodule = !untracked && parts.next().is_some_and(|sub| sub.first() == Some(&b'S'));
        let path = parts.last().filter(|path| !path.is_empty()).ok_or_else(unclear)?;
        let path = PathBuf::from(OsStr::from_bytes(path));
        changes.push(Change { path, untracked, letters, submodule });
    }
    Ok(changes)
}

fn two(field: Option<&[u8]>) -> Option<[u8; 2]> {
    field?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_passes_over_is_told_from_what_is_of_no_harm() {
        for line in [
            "warning: could not open directory 'n/': Permission denied",
            "dir/b.txt: Permission denied",
        ] {
            assert!(passes_over(line), "{line}");
        }
        for line in [
            "warning: unable to access '/x/.config/git/ignore': Permission denied",
            "error: open(\"a.txt\"): Permission denied",
            "warning: x",
            "",
        ] {
            assert!(!passes_over(line), "{line}");
        }
    }

    #[test]
    fn names_come_through_whole_and_nonsense_is_an_error() {
        let output = b"1 .M N... 100644 100644 100644 aa bb a b\nc\0? new file\0\
            u UU N... 1 2 3 4 aa bb cc both\0\
            1 .M S..U 160000 160000 160000 aa aa sub\0";
        let found = parse(output).unwrap();
        let names: Vec<_> = found.iter().map(|c| c.path.to_str().unwrap()).collect();
        assert_eq!(names, ["a b\nc", "new file", "both", "sub"]);
        assert_eq!(found[0].letters, *b".M");
        assert!(found[1].untracked && found[3].submodule && !found[0].submodule);
        assert_eq!(parse(b"").unwrap(), []);
        for broken in [&b"x"[..], b"1 .M", b"? "] {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }
}
