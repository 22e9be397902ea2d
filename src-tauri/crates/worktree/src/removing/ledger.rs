//! The ledger: one file for each worktree that was made, one for each that was removed and can be
//! brought back.
//!
//! Promise: records are replaced whole and durably; a damaged one is named and never taken for
//! "nothing there"; names and ports are given under one lock for all repositories.

use crate::error::{AtPath, Error, Kind, Result};
use crate::limits::{LEDGER_TIMEOUT, RECORD_MAX_BYTES};
use crate::looking::absence::Grounds;
use crate::looking::repository::Repository;
use crate::making::plan::Base;
use crate::making::ports::Ports;
use crate::making::scripts::Scripts;
use nightshift_platform::files::{read_bounded, write_durably};
use nightshift_platform::lock::TurnLock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Of `Record` and `Removed`; raised only with a reader for the older one.
pub(crate) const RECORD_VERSION: u32 = 1;
const EXTENSION: &str = "json";

/// How far the making of a worktree has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Name and ports are taken; nothing is on disk for certain.
    Reserved,
    /// Everything but the setup script is done.
    Made,
    /// The setup script has succeeded, or there is none.
    Ready,
}

/// An ignored file that was copied in, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Included {
    /// Relative to the worktree.
    pub path: PathBuf,
    pub bytes: u64,
    pub checksum: u32,
}

/// One worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub version: u32,
    /// The session it was made for.
    pub id: String,
    pub name: String,
    /// What its session was called when that went; empty before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub session_name: String,
    pub repository: Repository,
    pub path: PathBuf,
    /// Its directory in the repository's `worktrees`; none before it is made.
    pub admin: Option<PathBuf>,
    pub branch: String,
    pub base: Base,
    /// Where in the worktree the session works; empty for its root.
    pub subdirectory: PathBuf,
    /// Milliseconds since 1970.
    pub created_at: u64,
    pub phase: Phase,
    pub ports: Option<Ports>,
    pub included: Vec<Included>,
    /// What older versions kept of scripts: the commands that settings named.
    #[serde(default)]
    pub setup: Option<String>,
    #[serde(default)]
    pub teardown: Option<String>,
    /// What is run for it; none in records of older versions.
    #[serde(default)]
    pub scripts: Option<Scripts>,
    pub setup_timeout_seconds: u64,
    /// Uncommitted files of the main checkout that are not here: the first of them, and how many.
    pub absent: Vec<String>,
    pub absent_count: usize,
    /// What else is not as in the main checkout, in sentences.
    pub notes: Vec<String>,
    /// What it was made in; unknown in records of older versions.
    #[serde(default, skip_serializing_if = "Grounds::are_unknown")]
    pub grounds: Grounds,
}

impl Record {
    /// Where the session works.
    pub fn cwd(&self) -> PathBuf {
        // Joined with nothing the path would end in a slash.
        match self.subdirectory.as_os_str().is_empty() {
            true => self.path.clone(),
            false => self.path.join(&self.subdirectory),
        }
    }
}

/// How far a removal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalPhase {
    /// Rescued; nothing is moved for certain.
    Prepared,
    Done,
}

/// A worktree that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    pub version: u32,
    pub id: String,
    pub record: Record,
    pub phase: RemovalPhase,
    /// Milliseconds since 1970.
    pub removed_at: u64,
    pub rescue_ref: String,
    pub rescue_commit: String,
    /// What the branch was at; none when it was not there.
    pub branch_tip: Option<String>,
    pub branch_deleted: bool,
    /// Holds `tree` (all its files) and `admin` (index, HEAD, logs, operations in progress).
    pub aside: PathBuf,
    /// There were files: false for a worktree whose directory was gone already.
    pub had_tree: bool,
}

impl Removed {
    pub(crate) fn tree(&self) -> PathBuf {
        self.aside.join("tree")
    }

    pub(crate) fn admin(&self) -> PathBuf {
        self.aside.join("admin")
    }
}

#[derive(Clone, Debug)]
pub struct Ledger {
    dir: PathBuf,
}

impl Ledger {
    /// Opens or makes the ledger in `dir`.
    pub fn open(dir: &Path) -> Result<Ledger> {
        for part in [dir.join("made"), dir.join("removed")] {
            std::fs::create_dir_all(&part).at(&part)?;
        }
        Ok(Ledger { dir: dir.to_owned() })
    }

    /// The ledger in `dir`, to be read: nothing is made.
    pub(crate) fn at(dir: &Path) -> Ledger {
        Ledger { dir: dir.to_owned() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the file of a script is while it runs.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.dir.join("running")
    }

    /// While it is held nobody else gives names or ports, removes or brings back.
    pub(crate) fn lock(&self) -> Result<TurnLock> {
        let path = self.dir.join("lock");
        TurnLock::wait(&path, LEDGER_TIMEOUT).at(&path)
    }

    /// All worktrees, and what is wrong with records that cannot be read.
    pub fn records(&self) -> (Vec<Record>, Vec<Error>) {
        all(&self.dir.join("made"))
    }

    /// All removed worktrees, likewise.
    pub fn removed(&self) -> (Vec<Removed>, Vec<Error>) {
        all(&self.dir.join("removed"))
    }

    pub fn record(&self, id: &str) -> Result<Option<Record>> {
        one(&self.file("made", id)?)
    }

    pub(crate) fn removed_one(&self, id: &str) -> Result<Option<Removed>> {
        one(&self.file("removed", id)?)
    }

    pub(crate) fn save(&self, record: &Record) -> Result<()> {
        write(&self.file("made", &record.id)?, record)
    }

    pub(crate) fn forget(&self, id: &str) -> Result<()> {
        delete(&self.file("made", id)?)
    }

    pub(crate) fn save_removed(&self, removed: &Removed) -> Result<()> {
        write(&self.file("removed", &removed.id)?, removed)
    }

    pub(crate) fn forget_removed(&self, id: &str) -> Result<()> {
        delete(&self.file("removed", id)?)
    }

    /// An id becomes a file name and part of a ref.
    fn file(&self, part: &str, id: &str) -> Result<PathBuf> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > 100 || !id.chars().all(fine) {
            return Err(Error::new(Kind::Refused, format!("`{id}` names no worktree's record")));
        }
        Ok(self.dir.join(part).join(id).with_extension(EXTENSION))
    }
}

/// Keeps what the session of a worktree is called.
pub fn name_session(ledger: &Ledger, record: &mut Record, name: &str) -> Result<()> {
    if record.session_name == name {
        return Ok(());
    }
    name.clone_into(&mut record.session_name);
    ledger.save(record)
}

fn one<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match read_bounded(path, RECORD_MAX_BYTES) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.at(path)?,
    };
    let parsed = serde_json::from_slice(&bytes).map_err(|error| {
        let text = format!("the record {} is damaged: {error}", path.display());
        Error::new(Kind::Io, text).hint("nothing was removed; mend or move the file away")
    })?;
    Ok(Some(parsed))
}

fn all<T: DeserializeOwned>(dir: &Path) -> (Vec<T>, Vec<Error>) {
    let listed =
        std::fs::read_dir(dir).and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>());
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) => return (Vec::new(), vec![Error::io(dir, &error)]),
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let paths = entries.iter().map(std::fs::DirEntry::path);
    // Temporary files of a write that was cut off have another ending.
    for path in paths.filter(|path| path.extension().is_some_and(|e| e == EXTENSION)) {
        match one(&path) {
            Ok(parsed) => found.extend(parsed),
            Err(error) => wrong.push(error),
        }
    }
    (found, wrong)
}

fn write<T: Serialize>(path: &Path, document: &T) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(document)
        .map_err(|error| Error::new(Kind::Io, format!("{}: {error}", path.display())))?;
    write_durably(path, &bytes).at(path)
}

fn delete(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        deleted => deleted.at(path),
    }
}
