//! What a rescue keeps beside files and what was staged: the permissions of directories that may go with their
//! last file, and files that were announced to git (`git add --intent-to-add`), which are in no tree.
//!
//! Promise: versions before this one read nothing else from these lines; nothing is changed that is there.
//! Must not know: what is kept, and why.

use crate::acts::keep::{of_line, one_line};
use crate::acts::stage::named;
use crate::acts::take::Left;
use crate::diffs::file::io;
use crate::place::{Place, Result, fault};
use nightshift_platform::below;
use nightshift_worktree::{Change, pieces, text};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "directory ";
const ANNOUNCED: &str = "announced ";
/// In the index and not in the last commit, without any content: git-status(1).
const LETTERS: [u8; 2] = *b".A";

#[derive(Debug, Default)]
pub struct Beside {
    directories: BTreeMap<PathBuf, u32>,
    announced: Vec<String>,
}

impl Beside {
    /// Of these changes.
    pub fn of(place: &Place<'_>, changes: &[Change]) -> Result<Beside> {
        let above = |change: &Change| {
            let above = change.path.ancestors().skip(1).filter(|path| path.to_str().is_some());
            above
                .filter(|path| !path.as_os_str().is_empty())
                .map(Path::to_owned)
                .collect::<Vec<_>>()
        };
        let all: BTreeSet<PathBuf> = changes.iter().flat_map(above).collect();
        let mut directories = BTreeMap::new();
        for path in all {
            // Nothing of one that cannot be looked at can be taken away.
            if let Ok(Some(permissions)) = below::directory(&place.root, &path) {
                directories.insert(path, permissions);
            }
        }
        let announced = changes.iter().filter(|change| change.letters == LETTERS);
        let announced = announced.filter_map(|change| change.path.to_str().map(str::to_owned));
        Ok(Beside { directories, announced: announced.collect() })
    }

    pub fn listed(&self) -> String {
        let mut lines = String::new();
        for (path, permissions) in &self.directories {
            let Some(path) = path.to_str() else { continue };
            // Writing to a string does not fail.
            writeln!(lines, "{DIRECTORY}{permissions:04o} {}", one_line(path)).ok();
        }
        for path in &self.announced {
            writeln!(lines, "{ANNOUNCED}{}", one_line(path)).ok();
        }
        lines
    }

    pub fn parse(lines: &str) -> Beside {
        let mut beside = Beside::default();
        for line in lines.split('\n') {
            if let Some(path) = line.strip_prefix(ANNOUNCED) {
                beside.announced.push(of_line(path));
            } else if let Some((permissions, path)) =
                line.strip_prefix(DIRECTORY).and_then(|rest| rest.split_once(' '))
                && let Ok(permissions) = u32::from_str_radix(permissions, 8)
            {
                beside.directories.insert(PathBuf::from(of_line(path)), permissions);
            }
        }
        beside
    }

    /// Directories that are not there.
    pub fn missing(&self, place: &Place<'_>) -> Result<Missing> {
        let mut missing = BTreeMap::new();
        for (path, permissions) in &self.directories {
            let there = below::directory(&place.root, path);
            if there.map_err(|error| io(&place.root.join(path), &error))?.is_none() {
                missing.insert(path.clone(), *permissions);
            }
        }
        Ok(Missing(missing))
    }

    /// Announces those again that git does not know of.
    pub fn announce(&self, place: &Place<'_>, wanted: &impl Fn(&Path) -> bool) -> Result<()> {
        if self.announced.is_empty() {
            return Ok(());
        }
        let known = place.look(&["ls-files", "--cached", "-z"]).long().read().map_err(fault)?;
        let known: BTreeSet<String> = pieces(&known).map(text).collect();
        let is_back = |path: &String| {
            wanted(Path::new(path)) && place.root.join(path).symlink_metadata().is_ok()
        };
        let again = self.announced.iter().filter(|path| is_back(path) && !known.contains(*path));
        let again: Vec<String> = again.cloned().collect();
        if again.is_empty() {
            return Ok(());
        }
        let call = place.act(&["add", "--intent-to-add", "--force"]);
        named(call, &again)?.long().read().map(|_| ()).map_err(fault)
    }
}

/// Directories that come back with their files, and their permissions.
#[derive(Debug)]
pub struct Missing(BTreeMap<PathBuf, u32>);

impl Missing {
    pub fn permit(self, place: &Place<'_>, left: &mut Left) {
        // From below: what is above may not be entered any more then.
        for (path, permissions) in self.0.iter().rev() {
            match below::directory(&place.root, path) {
                Ok(Some(now)) if now != *permissions => {}
                _ => continue,
            }
            if let Err(error) = below::permit(&place.root, path, *permissions) {
                left.insert(path.clone(), error.to_string());
            }
        }
    }
}
