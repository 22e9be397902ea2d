//! Which repositories the user trusts: one file for each, by its path, with the hashes of what was seen.
//!
//! Promise: files are replaced whole and durably; one that is damaged trusts nothing and is named.

use crate::item::{Found, Group, Item};
use crate::limits::{ENTRY_MAX_BYTES, VERSIONS_MAX};
use nightshift_platform::files::{read_bounded, write_durably};
use nightshift_platform::lock::TurnLock;
use nightshift_worktree::sha256;
use serde::{Deserialize, Serialize};
use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const VERSION: u32 = 1;
/// Hex digits of a path's hash that name its file.
const NAME_DIGITS: usize = 32;
/// A change of one file takes milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    version: u32,
    pub repository: PathBuf,
    /// Which one it was; none in entries of older versions, which count for any at this path.
    #[serde(default)]
    identity: Option<String>,
    /// Milliseconds since 1970, of the last time.
    pub at: u64,
    /// What was seen last, in words: path and what it does.
    pub items: Vec<(String, String)>,
    #[serde(default)]
    scripts: Vec<String>,
    #[serde(default)]
    agents: Vec<String>,
    #[serde(default)]
    git: Vec<String>,
    #[serde(default)]
    instructions: Vec<String>,
}

impl Entry {
    fn hashes(&self, group: Group) -> &[String] {
        match group {
            Group::Scripts => &self.scripts,
            Group::Agents => &self.agents,
            Group::Git => &self.git,
            Group::Instructions => &self.instructions,
        }
    }

    /// Another repository may have been made at the same path since.
    fn is_of(&self, found: &Found) -> bool {
        self.identity.is_none() || self.identity == found.identity
    }

    fn hashes_mut(&mut self, group: Group) -> &mut Vec<String> {
        match group {
            Group::Scripts => &mut self.scripts,
            Group::Agents => &mut self.agents,
            Group::Git => &mut self.git,
            Group::Instructions => &mut self.instructions,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Ledger {
    dir: PathBuf,
}

const GROUPS: [Group; 4] = [Group::Scripts, Group::Agents, Group::Git, Group::Instructions];

impl Ledger {
    /// In `dir`, which need not be there.
    pub fn at(dir: &Path) -> Ledger {
        Ledger { dir: dir.to_owned() }
    }

    fn file(&self, repository: &Path) -> PathBuf {
        let name = sha256(repository.as_os_str().as_bytes());
        self.dir.join(format!("{}.json", &name[..NAME_DIGITS]))
    }

    pub fn entry(&self, repository: &Path) -> io::Result<Option<Entry>> {
        let found = one(&self.file(repository))?;
        Ok(found.filter(|entry| entry.repository == repository))
    }

    /// What is known of this very repository.
    pub fn entry_of(&self, found: &Found) -> io::Result<Option<Entry>> {
        Ok(self.entry(&found.repository)?.filter(|entry| entry.is_of(found)))
    }

    /// Another repository was trusted at its path.
    pub fn knew_another(&self, found: &Found) -> bool {
        self.entry(&found.repository)
            .is_ok_and(|entry| entry.is_some_and(|entry| !entry.is_of(found)))
    }

    /// All repositories, and what is wrong with files that cannot be read.
    pub fn all(&self) -> (Vec<Entry>, Vec<String>) {
        let (mut entries, mut wrong) = (Vec::new(), Vec::new());
        let listed = match std::fs::read_dir(&self.dir) {
            Ok(listed) => listed,
            Err(error) if error.kind() == ErrorKind::NotFound => return (entries, wrong),
            Err(error) => return (entries, vec![format!("{}: {error}", self.dir.display())]),
        };
        let json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        for path in listed.flatten().map(|entry| entry.path()).filter(json) {
            match one(&path) {
                Ok(found) => entries.extend(found),
                Err(error) => wrong.push(format!("{} trusts nothing: {error}", path.display())),
            }
        }
        entries.sort_by(|a, b| a.repository.cmp(&b.repository));
        (entries, wrong)
    }

    /// Whether the user has seen and trusts all of a group. One that holds nothing needs no trust.
    pub fn trusts(&self, found: &Found, group: Group) -> bool {
        if !found.unreadable.is_empty() && group == Group::Agents {
            return false;
        }
        let hashes = found.hashes_of(group);
        if hashes.is_empty() {
            return true;
        }
        let entry = self.entry_of(found).ok().flatten();
        entry.is_some_and(|entry| hashes.iter().all(|hash| entry.hashes(group).contains(hash)))
    }

    pub fn trusts_all(&self, found: &Found) -> bool {
        GROUPS.into_iter().all(|group| self.trusts(found, group))
    }

    /// The user has seen all of it and trusts it.
    ///
    /// Errors: some of it could not be read, and so was not seen.
    pub fn add(&self, found: &Found, at: u64) -> io::Result<()> {
        if let Some(why) = found.unreadable.first() {
            let text = format!("{} cannot be trusted: {why}", found.repository.display());
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        let _turn = self.lock()?;
        let known = self.entry_of(found).ok().flatten();
        let mut entry = known.unwrap_or_else(|| Entry {
            version: VERSION,
            repository: found.repository.clone(),
            identity: None,
            at,
            items: Vec::new(),
            scripts: Vec::new(),
            agents: Vec::new(),
            git: Vec::new(),
            instructions: Vec::new(),
        });
        entry.at = at;
        entry.identity.clone_from(&found.identity);
        let item = |item: &Item| (item.path.clone(), item.does.clone());
        entry.items = found.distinct().into_iter().map(item).collect();
        for group in GROUPS {
            let seen = found.hashes_of(group);
            let hashes = entry.hashes_mut(group);
            hashes.retain(|known| !seen.contains(known));
            hashes.extend(seen);
            let over = hashes.len().saturating_sub(VERSIONS_MAX);
            hashes.drain(..over);
        }
        let bytes = serde_json::to_vec_pretty(&entry)?;
        write_durably(&self.file(&found.repository), &bytes)
    }

    /// An entry of an older version counts for this repository alone from now on.
    pub fn bind(&self, found: &Found) -> io::Result<()> {
        let unbound = |entry: &Entry| entry.identity.is_none() && found.identity.is_some();
        if !self.entry(&found.repository)?.is_some_and(|entry| unbound(&entry)) {
            return Ok(());
        }
        let _turn = self.lock()?;
        let Some(mut entry) = self.entry(&found.repository)?.filter(unbound) else { return Ok(()) };
        entry.identity.clone_from(&found.identity);
        write_durably(&self.file(&found.repository), &serde_json::to_vec_pretty(&entry)?)
    }

    /// Nothing of it is trusted any more. What was; none where it was not.
    pub fn revoke(&self, repository: &Path) -> io::Result<Option<Entry>> {
        let file = self.file(repository);
        if !file.exists() {
            return Ok(None);
        }
        let _turn = self.lock()?;
        let entry = one(&file).ok().flatten();
        std::fs::remove_file(&file)?;
        Ok(entry)
    }

    fn lock(&self) -> io::Result<TurnLock> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        TurnLock::wait(&self.dir.join("lock"), LOCK_TIMEOUT)
    }
}

fn one(path: &Path) -> io::Result<Option<Entry>> {
    let bytes = match read_bounded(path, ENTRY_MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let entry: Entry = serde_json::from_slice(&bytes)?;
    if entry.version != VERSION {
        let text = format!("it is of version {}, written by another Nightshift", entry.version);
        return Err(io::Error::new(ErrorKind::InvalidData, text));
    }
    Ok(Some(entry))
}
