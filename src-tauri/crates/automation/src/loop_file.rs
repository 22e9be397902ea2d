//! What a loop without a prompt sends: the project's `loop.md`, else the user's own, else words of ours.
//!
//! The project's may be anybody's words: it is sent as the user has seen and trusts it, and else passed over.
//! Promise: read at each run; `STANDING_PROMPT_MAX_BYTES` at most; whose it is, and what was passed over, is said.
//! Blocks: read it beside the loop.

use nightshift_model::limits::STANDING_PROMPT_MAX_BYTES;
use nightshift_platform::files::read_bounded;
use std::io;
use std::path::{Path, PathBuf};

const NAME: &str = ".claude/loop.md";
/// As much as of any file that the user is asked to trust.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

const BUILT_IN: &str = "Look after what this session is about. See what has changed since you last \
    looked: the state of the working tree, tests and checks that ran, reviews and comments that came \
    in, commands of yours that were still running. Finish what is begun and not done, mend what broke, \
    and leave alone what nobody asked for: start no new work, delete nothing and publish nothing that \
    was not asked for before. If there is nothing to do, say so in one line.";

/// A text, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopFile {
    pub text: String,
    /// None for the built-in one.
    pub path: Option<PathBuf>,
    /// It was longer than is sent.
    pub cut: bool,
    /// The project's, where that is not as the user trusts it.
    pub passed_over: Option<PathBuf>,
}

/// Whether the user trusts the text of the project's file.
pub type Trusts<'a> = &'a dyn Fn(Vec<u8>) -> bool;

impl LoopFile {
    /// For a session that works in `directory`, of a user whose home is `home`.
    pub fn read(directory: &Path, home: Option<&Path>, trusts: Trusts<'_>) -> LoopFile {
        let project = Some(directory).filter(|directory| Some(*directory) != home);
        let mut passed_over = None;
        for (dir, is_project) in [(project, true), (home, false)] {
            let Some(path) = dir.map(|dir| dir.join(NAME)) else { continue };
            match whole(&path) {
                Ok(Some(bytes)) if bytes.trim_ascii().is_empty() => {}
                Ok(Some(bytes)) if is_project && !trusts(bytes.clone()) => passed_over = Some(path),
                Ok(Some(bytes)) => {
                    let (text, cut) = bounded(&bytes);
                    return LoopFile { text, path: Some(path), cut, passed_over };
                }
                Ok(None) => {}
                Err(e) => tracing::warn!("{}: {e}", path.display()),
            }
        }
        LoopFile { text: BUILT_IN.to_owned(), path: None, cut: false, passed_over }
    }
}

/// A plain file, so that nobody waits for a pipe.
fn whole(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => read_bounded(path, FILE_MAX_BYTES).map(Some),
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn bounded(bytes: &[u8]) -> (String, bool) {
    let cut = bytes.len() > STANDING_PROMPT_MAX_BYTES;
    let bytes = &bytes[..bytes.len().min(STANDING_PROMPT_MAX_BYTES)];
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        // A character that the cut went through.
        Err(e) if cut && e.error_len().is_none() => e.valid_up_to(),
        Err(_) => bytes.len(),
    };
    (String::from_utf8_lossy(&bytes[..valid]).into_owned(), cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_file_comes_first_then_the_users_then_ours_and_it_is_cut() {
        let (project, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let read = || LoopFile::read(project.path(), Some(home.path()), &|_| true);
        assert_eq!((read().path, read().text.as_str()), (None, BUILT_IN));
        for dir in [&home, &project] {
            std::fs::create_dir(dir.path().join(".claude")).unwrap();
            let path = dir.path().join(NAME);
            std::fs::write(&path, format!("look at {}", dir.path().display())).unwrap();
            assert_eq!(read().path.as_deref(), Some(path.as_path()));
        }
        std::fs::write(project.path().join(NAME), "é".repeat(STANDING_PROMPT_MAX_BYTES)).unwrap();
        let long = read();
        assert!(long.cut && long.text.chars().all(|c| c == 'é'));
        assert_eq!(long.text.len(), STANDING_PROMPT_MAX_BYTES);
        std::fs::write(project.path().join(NAME), "  \n").unwrap();
        assert_eq!(read().path, Some(home.path().join(NAME)));
    }
    #[test]
    fn security_08_a_projects_file_that_is_not_trusted_is_passed_over() {
        let (project, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = project.path().join(NAME);
        std::fs::create_dir(project.path().join(".claude")).unwrap();
        std::fs::write(&path, "seen").unwrap();
        let read = || LoopFile::read(project.path(), Some(home.path()), &|text| text == b"seen");
        assert_eq!((read().text.as_str(), read().passed_over), ("seen", None));
        std::fs::write(&path, "seen and more").unwrap();
        assert_eq!((read().text.as_str(), read().passed_over), (BUILT_IN, Some(path.clone())));
        std::fs::create_dir(home.path().join(".claude")).unwrap();
        std::fs::write(home.path().join(NAME), "own").unwrap();
        assert_eq!((read().text.as_str(), read().passed_over), ("own", Some(path.clone())));
        // Nothing to send, and nothing to pass over.
        std::fs::write(&path, " \n").unwrap();
        assert_eq!(read().passed_over, None);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!((read().text.as_str(), read().passed_over), ("own", None));
        // What stands in the user's home is the user's own, also for a session there.
        let at_home = LoopFile::read(home.path(), Some(home.path()), &|_| false);
        assert_eq!((at_home.text.as_str(), at_home.passed_over), ("own", None));
    }
}
