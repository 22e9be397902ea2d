//! The file as it was read last, and whether it has changed since.
//!
//! Promise: a file that cannot be read or understood changes nothing but what is said about it.

use crate::{Remark, Settings, parse};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Far more than a settings file holds; more is a mistake.
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// What tells one state of the file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// Keeps the last good settings of a file. Reads it only when it has changed.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// None: there is no file to look at, all is default.
    file: Option<PathBuf>,
    seen: Option<Stamp>,
    settings: Settings,
    /// What `settings` were read from.
    text: String,
    /// Why there are no settings of the user's at all: the file was broken from the first look on.
    never_read: Option<String>,
    looked: bool,
}

/// What a changed file led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// New settings are in force; these keys mean nothing, or their values name nothing.
    Read { unknown: Vec<Remark> },
    /// The settings stay as they were: why.
    Kept { why: String },
}

impl Watched {
    pub fn new(file: PathBuf) -> Watched {
        Watched { file: Some(file), ..Watched::default() }
    }

    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the settings in force were read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why the settings in force are nobody's: the file is there and could never be read.
    pub fn never_read(&self) -> Option<&str> {
        self.never_read.as_deref()
    }

    /// Looks whether the file is another than last time and reads it if so; none when it is not. A
    /// file that is not there is an empty one.
    pub fn refresh(&mut self) -> Option<Change> {
        let change = self.look();
        let first = !std::mem::replace(&mut self.looked, true);
        match &change {
            Some(Change::Kept { why }) if first || self.never_read.is_some() => {
                self.never_read = Some(why.clone());
            }
            Some(Change::Read { .. }) => self.never_read = None,
            Some(Change::Kept { .. }) | None => {}
        }
        change
    }

    fn look(&mut self) -> Option<Change> {
        let file = self.file.clone()?;
        let stamp = match std::fs::metadata(&file) {
            Ok(meta) => Some(Stamp { modified: meta.modified().ok(), bytes: meta.len() }),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return self.kept_once(&e.to_string()),
        };
        if stamp == self.seen {
            return None;
        }
        self.seen.clone_from(&stamp);
        let text = match stamp.map(|_| read(&file)) {
            None => String::new(),
            Some(Ok(text)) => text,
            Some(Err(why)) => return Some(Change::Kept { why }),
        };
        Some(match parse(&text) {
            Ok(parsed) => {
                self.settings = parsed.settings;
                self.text = text;
                Change::Read { unknown: parsed.unknown }
            }
            Err(remark) => Change::Kept { why: remark.to_string() },
        })
    }

    /// A file that cannot even be looked at is told once, until it can.
    fn kept_once(&mut self, why: &str) -> Option<Change> {
        let unreadable = Stamp { modified: None, bytes: u64::MAX };
        if self.seen.as_ref() == Some(&unreadable) {
            return None;
        }
        self.seen = Some(unreadable);
        Some(Change::Kept { why: why.to_owned() })
    }
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let open = std::fs::File::open(file).map_err(|e| e.to_string())?;
    let read = open.take(FILE_MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|e| e.to_string())?;
    if text.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("it is longer than {FILE_MAX_BYTES} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_good_settings_stay_when_the_file_breaks() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.toml");
        let mut watched = Watched::new(file.clone());
        assert_eq!(watched.refresh(), None, "a file that is not there is no change");
        std::fs::write(&file, "[defaults]\nagent = \"a\"\ncolour = 1\n").unwrap();
        let Some(Change::Read { unknown }) = watched.refresh() else { panic!() };
        assert_eq!(unknown.len(), 1);
        assert_eq!(watched.refresh(), None, "it is read once");
        std::fs::write(&file, "[defaults\n").unwrap();
        let Some(Change::Kept { why }) = watched.refresh() else { panic!() };
        assert!(why.starts_with("line 1, column 10: "), "{why}");
        assert_eq!(watched.settings().defaults.agent.as_deref(), Some("a"));
        assert_eq!(watched.refresh(), None, "and told once");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(watched.refresh(), Some(Change::Read { unknown: Vec::new() }));
        assert_eq!(watched.settings(), &Settings::default());
    }

    #[test]
    fn silent_settings_a_file_that_could_never_be_read_is_no_file_without_settings() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.toml");
        std::fs::write(&file, "[defaults\n").unwrap();
        let mut watched = Watched::new(file.clone());
        watched.refresh();
        assert!(watched.never_read().is_some_and(|why| why.starts_with("line 1")));
        std::fs::write(&file, "[defaults]\nagent = 7777\n").unwrap();
        watched.refresh();
        assert!(watched.never_read().is_some_and(|why| why.starts_with("line 2")));
        assert_eq!(watched.refresh(), None);
        assert!(watched.never_read().is_some());
        std::fs::write(&file, "[defaults]\n").unwrap();
        watched.refresh();
        assert_eq!(watched.never_read(), None);
        std::fs::write(&file, "[").unwrap();
        watched.refresh();
        assert_eq!(watched.never_read(), None, "the last good settings stay");
    }
}
