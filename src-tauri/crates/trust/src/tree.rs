//! Files by their path, from a commit or from a disk.
//!
//! Promise: names are bytes, whatever they are; links are followed inside of the repository, and what lies
//! outside counts without being shown; reading is bounded, and what is not looked at is an error.

use crate::committed::{Committed, Directory, Leads, Stands};
use crate::limits::{DEPTH_MAX, ENTRIES_MAX, ITEM_MAX_BYTES};
use crate::outside::{self, Inside};
use nightshift_platform::files::read_bounded;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where files are taken from.
pub struct Tree<'a> {
    pub from: Source<'a>,
    pub inside: Inside,
}

pub enum Source<'a> {
    Commit(Committed<'a>),
    Files { root: &'a Path },
}

/// Paths with what is there, and what could not be looked at.
#[derive(Default)]
pub struct Listed {
    pub files: BTreeMap<PathBuf, Entry>,
    pub wrong: Vec<String>,
}

#[derive(Clone)]
pub enum Entry {
    /// An object of git, and the checkout whose git has it.
    Object {
        at: PathBuf,
        object: String,
    },
    Disk(PathBuf),
    /// Leads to where nothing is known: its target.
    Link(String),
    /// Leads out of the repository, to this place.
    Outside(PathBuf),
}

/// Which paths are not entered.
pub type PassedOver = fn(&Path) -> bool;

impl Tree<'_> {
    /// Everything at or below these paths, relative to the root.
    pub fn list(&self, paths: &[PathBuf], passed_over: PassedOver) -> Listed {
        let (listed, inside) = (Listed::default(), &self.inside);
        let mut walk = Walk { listed, left: ENTRIES_MAX, passed_over, inside };
        for path in paths {
            match &self.from {
                Source::Commit(commit) => match commit.resolve(path) {
                    Ok(leads) => walk.lead(commit, path, leads, &mut Vec::new()),
                    Err(why) => walk.wrong(path, &why),
                },
                Source::Files { root } => walk.disk(&root.join(path), path, &mut Vec::new()),
            }
        }
        if walk.left == 0 {
            walk.listed.wrong.push(format!("there are more than {ENTRIES_MAX} files"));
        }
        walk.listed
    }

    /// Of these paths, those that are files; nothing below a directory.
    pub fn plain_files(&self, paths: &[String]) -> Listed {
        let mut listed = Listed::default();
        for path in paths {
            let on_disk = |place: &Path| on_disk(&self.inside, place);
            let entry = match &self.from {
                Source::Commit(commit) => match commit.resolve(Path::new(path)) {
                    Ok(Leads::File(entry)) => Some(entry),
                    Ok(Leads::Away { place: Some(place), said: None }) => on_disk(&place),
                    Ok(Leads::Away { place, said }) => {
                        let there = place.as_deref().and_then(on_disk);
                        Some(there.unwrap_or_else(|| Entry::Link(away(said))))
                    }
                    Ok(Leads::Nowhere | Leads::Directory(_)) => None,
                    Err(why) => {
                        listed.wrong.push(format!("{path}: {why}"));
                        None
                    }
                },
                Source::Files { root } => on_disk(&root.join(path)),
            };
            listed.files.extend(entry.map(|entry| (path.into(), entry)));
        }
        listed
    }

    pub fn read(&self, path: &Path, entry: &Entry) -> Result<Vec<u8>, String> {
        let read = match (&self.from, entry) {
            (_, Entry::Link(target)) => Ok(format!("a link to {target}\n").into_bytes()),
            (_, Entry::Outside(place)) => outside::words(place),
            (_, Entry::Disk(full)) => {
                read_bounded(full, ITEM_MAX_BYTES).map_err(|error| error.to_string())
            }
            (Source::Commit(commit), Entry::Object { at, object }) => {
                commit.read(at, object, ITEM_MAX_BYTES)
            }
            (Source::Files { .. }, Entry::Object { .. }) => Err("it is no file".to_owned()),
        };
        read.map_err(|why| format!("{}: {why}", name(path)))
    }
}

/// A file, or a link that leads to nothing.
fn on_disk(inside: &Inside, full: &Path) -> Option<Entry> {
    if full.is_file() {
        return Some(match inside.leaves(full) {
            Some(place) => Entry::Outside(place),
            None => Entry::Disk(full.to_owned()),
        });
    }
    let target = std::fs::read_link(full).ok().filter(|_| !full.exists())?;
    Some(Entry::Link(target.display().to_string()))
}

fn away(said: Option<String>) -> String {
    said.unwrap_or_else(|| "outside of the repository".to_owned())
}

/// A path as text that no other path has: bytes that are no UTF-8 stand as their number.
pub fn name(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Into a string it never fails.
            write!(out, "\\x{byte:02X}").ok();
        }
    }
    out
}

struct Walk<'a> {
    listed: Listed,
    left: usize,
    passed_over: PassedOver,
    inside: &'a Inside,
}

impl Walk<'_> {
    fn wrong(&mut self, path: &Path, why: &str) {
        self.listed.wrong.push(format!("{}: {why}", name(path)));
    }

    /// Whether there is room for one more.
    fn takes(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// `trail`: the directories that lead here, without any link.
    fn lead(
        &mut self,
        commit: &Committed<'_>,
        path: &Path,
        leads: Leads,
        trail: &mut Vec<PathBuf>,
    ) {
        match leads {
            Leads::Nowhere => {}
            Leads::File(entry) => {
                self.listed.files.insert(path.to_owned(), entry);
            }
            Leads::Directory(directory) => {
                if trail.is_empty()
                    && let Err(why) = commit.read_ahead(&directory)
                {
                    return self.wrong(path, &why);
                }
                self.committed(commit, path, &directory, trail);
            }
            Leads::Away { place, said } => {
                let before = self.listed.files.len() + self.listed.wrong.len();
                if let Some(place) = &place {
                    self.disk(place, path, &mut Vec::new());
                }
                let none = self.listed.files.len() + self.listed.wrong.len() == before;
                if none && (place.is_none() || said.is_some()) {
                    self.listed.files.insert(path.to_owned(), Entry::Link(away(said)));
                }
            }
        }
    }

    fn committed(
        &mut self,
        commit: &Committed<'_>,
        path: &Path,
        directory: &Directory,
        trail: &mut Vec<PathBuf>,
    ) {
        if trail.contains(&directory.path) {
            return self.wrong(path, "it leads in a circle");
        }
        if trail.len() >= DEPTH_MAX {
            return self.wrong(path, "it is too deep");
        }
        let entries = match commit.entries(directory) {
            Ok(entries) => entries,
            Err(why) => return self.wrong(path, &why),
        };
        trail.push(directory.path.clone());
        for (child, stands) in entries {
            let below = path.join(&child);
            if (self.passed_over)(&below) {
                continue;
            }
            if !self.takes() {
                break;
            }
            match stands {
                Stands::File(entry) => {
                    self.listed.files.insert(below, entry);
                }
                Stands::Directory(inner) => self.committed(commit, &below, &inner, trail),
                Stands::Link(_) => match commit.resolve(&directory.path.join(&child)) {
                    Ok(leads) => self.lead(commit, &below, leads, trail),
                    Err(why) => self.wrong(&below, &why),
                },
            }
        }
        trail.pop();
    }

    /// `trail`: device and number of the directories that lead here.
    fn disk(&mut self, full: &Path, path: &Path, trail: &mut Vec<(u64, u64)>) {
        // Agents follow links here, so what they lead to is what counts.
        let metadata = match std::fs::metadata(full) {
            Ok(metadata) => metadata,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let nowhere = on_disk(self.inside, full).map(|entry| (path.to_owned(), entry));
                return self.listed.files.extend(nowhere);
            }
            Err(e) => return self.wrong(path, &e.to_string()),
        };
        if !metadata.is_file() && !metadata.is_dir() {
            return self.wrong(path, "it is neither file nor directory");
        }
        // Only a link leads out, or what is above the first path.
        let may_leave = trail.is_empty() || full.is_symlink();
        if let Some(place) = may_leave.then(|| self.inside.leaves(full)).flatten() {
            self.listed.files.insert(path.to_owned(), Entry::Outside(place));
            return;
        }
        if metadata.is_file() {
            self.listed.files.insert(path.to_owned(), Entry::Disk(full.to_owned()));
            return;
        }
        let here = (metadata.dev(), metadata.ino());
        if trail.contains(&here) {
            return self.wrong(path, "it leads in a circle");
        }
        if trail.len() >= DEPTH_MAX {
            return self.wrong(path, "it is too deep");
        }
        let names = std::fs::read_dir(full).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut names: Vec<OsString> = match names {
            Ok(names) => names.into_iter().map(|entry| entry.file_name()).collect(),
            Err(e) => return self.wrong(path, &e.to_string()),
        };
        names.sort();
        trail.push(here);
        for child in names {
            let below = path.join(&child);
            if (self.passed_over)(&below) {
                continue;
            }
            if !self.takes() {
                break;
            }
            self.disk(&full.join(&child), &below, trail);
        }
        trail.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn security_05_no_two_paths_have_one_name() {
        let of = |bytes: &[u8]| name(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(of(b".codex/rules/a.rules"), ".codex/rules/a.rules");
        assert_eq!(of(b"a\xff.md"), "a\\xFF.md");
        assert_eq!(of(b"a\\xFF.md"), "a\\\\xFF.md");
        assert_ne!(of(b"\xff"), of(b"\xfe"));
    }
}
