//! What a loop without a prompt sends: the project's `loop.md`, else the user's own, else words of ours.
//!
//! Promise: read at each run, so that an edit counts from the next; `LOOP_FILE_MAX_BYTES` at most.
//! Blocks: read it beside the loop.

use nightshift_model::limits::STANDING_PROMPT_MAX_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const NAME: &str = ".claude/loop.md";

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
}

impl LoopFile {
    /// For a session that works in `directory`, of a user whose home is `home`.
    pub fn read(directory: &Path, home: Option<&Path>) -> LoopFile {
        let places = [Some(directory), home].into_iter().flatten().map(|dir| dir.join(NAME));
        for path in places {
            match bounded(&path) {
                Ok((text, cut)) if !text.trim().is_empty() => {
                    return LoopFile { text, path: Some(path), cut };
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => tracing::warn!("{}: {e}", path.display()),
            }
        }
        LoopFile { text: BUILT_IN.to_owned(), path: None, cut: false }
    }
}

fn bounded(path: &Path) -> io::Result<(String, bool)> {
    let most = u64::try_from(STANDING_PROMPT_MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    let cut = bytes.len() > STANDING_PROMPT_MAX_BYTES;
    bytes.truncate(STANDING_PROMPT_MAX_BYTES);
    let valid = match std::str::from_utf8(&bytes) {
        Ok(text) => text.len(),
        // A character that the cut went through.
        Err(e) if cut && e.error_len().is_none() => e.valid_up_to(),
        Err(_) => bytes.len(),
    };
    Ok((String::from_utf8_lossy(&bytes[..valid]).into_owned(), cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_file_comes_first_then_the_users_then_ours_and_it_is_cut() {
        let (project, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let read = || LoopFile::read(project.path(), Some(home.path()));
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
}
