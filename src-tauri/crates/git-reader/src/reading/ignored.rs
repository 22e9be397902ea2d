//! Whether git ignores what libgit2 calls ignored.
//!
//! Promise: no doubt only where every pattern that may have had a say is of a kind that both read
//! alike: names, paths and `*` within a name. Whatever else there is (`!`, `[`, `?`, `\\`, `**`,
//! blanks, a part of nothing but stars) is a doubt.

use crate::child::look::Stop;
use crate::limits::PATTERNS_MAX_BYTES;
use crate::reading::place::Place;
use crate::reading::small;
use crate::values::request::UserSettings;
use git2::Repository;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const FILE: &[u8] = b".gitignore";
/// Everything in the directory where it stands: what is below has no say any more.
const EVERYTHING: &[u8] = b"*";

/// What the walk saw. Directories end with a slash.
pub struct Ignored<'a> {
    pub place: &'a Place,
    pub user: &'a UserSettings,
    pub ignored: &'a [Vec<u8>],
    pub untracked: &'a [Vec<u8>],
}

impl<'a> Ignored<'a> {
    /// A path that git may not ignore.
    pub fn doubtful<'t>(
        &'t self,
        repository: &Repository,
        tracked: impl Iterator<Item = &'t [u8]>,
    ) -> Result<Option<&'a [u8]>, Stop> {
        let Some(first) = self.ignored.first() else { return Ok(None) };
        if !self.are_plain(tracked)? {
            return Ok(Some(first));
        }
        let mut directories = self.ignored.iter().filter(|path| path.ends_with(b"/"));
        let doubtful = directories.find(|path| !self.is_certain(repository, path));
        Ok(doubtful.map(|path| &path[..]))
    }

    /// All patterns but those in directories that are ignored as a whole.
    fn are_plain<'t>(&'t self, tracked: impl Iterator<Item = &'t [u8]>) -> Result<bool, Stop> {
        if let Some(excludes) = &self.user.excludes
            && !read(excludes.as_path()).is_ok_and(|content| is_plain(&content))
        {
            return Ok(false);
        }
        let others = self.untracked.iter().chain(self.ignored).map(|path| &path[..]);
        let files =
            tracked.chain(others).filter(|path| path.rsplit(|&b| b == b'/').next() == Some(FILE));
        let own = self.place.common.join("info/exclude");
        for file in files.map(|path| self.at(path)).chain([own]) {
            // git reads one that is not there from the index.
            let gone = !file.ends_with("info/exclude");
            match small::read(&file, PATTERNS_MAX_BYTES)? {
                Some(content) if !is_plain(&content) => return Ok(false),
                None if gone => return Ok(false),
                Some(_) | None => {}
            }
        }
        Ok(true)
    }

    /// A directory that is ignored by patterns outside of it, or by one in it that means everything.
    fn is_certain(&self, repository: &Repository, path: &[u8]) -> bool {
        let directory = self.at(path);
        if directory.join(".git").symlink_metadata().is_ok() {
            return false;
        }
        if repository.is_path_ignored(Path::new(OsStr::from_bytes(path))).unwrap_or(false) {
            return true;
        }
        let inside = directory.join(OsStr::from_bytes(FILE));
        let inside = small::read(&inside, PATTERNS_MAX_BYTES).ok().flatten().unwrap_or_default();
        is_plain(&inside) && lines(&inside).any(|line| line == EVERYTHING)
    }

    fn at(&self, path: &[u8]) -> PathBuf {
        self.place.root.join(OsStr::from_bytes(path))
    }
}

/// The user's own file may be a link.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(PATTERNS_MAX_BYTES).read_to_end(&mut content).map(|_| content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(content),
        Err(error) => Err(error),
    }
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|&b| b == b'\n')
}

fn is_plain(content: &[u8]) -> bool {
    lines(content).all(|line| line.is_empty() || line.starts_with(b"#") || is_plain_pattern(line))
}

fn is_plain_pattern(line: &[u8]) -> bool {
    if line == EVERYTHING {
        return true;
    }
    let plain = |&b: &u8| b.is_ascii_alphanumeric() || b"._-+@=,~*".contains(&b);
    let part = |part: &[u8]| {
        part.iter().all(plain)
            && part.iter().any(|&b| b != b'*' && b != b'.')
            && !part.windows(2).any(|two| two == b"**")
    };
    let line = line.strip_prefix(b"/").unwrap_or(line);
    line.strip_suffix(b"/").unwrap_or(line).split(|&b| b == b'/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_are_told_from_others() {
        for line in ["target", "/target/", "*.o", "a/b*/c", "*~", "*", ".env", "node_modules/"] {
            assert!(is_plain_pattern(line.as_bytes()), "{line}");
        }
        for line in [
            "*/", "**/", "/*/", "/*", "a/*", "**", "a/**/b", "a**b", "!a", "[ab]", "a?", "\\#a",
            "a ", "a\r", "\t", "//a", "a//", ".", "..", "a/./b", "/", "\u{e4}",
        ] {
            assert!(!is_plain_pattern(line.as_bytes()), "{line}");
        }
        assert!(is_plain(b"# a comment [!x]\n\n*.o\nbuild/\n"));
        assert!(!is_plain(b"*.o\n!keep.o\n"));
        assert!(!is_plain(b"\xef\xbb\xbf*.o\n"));
    }
}
