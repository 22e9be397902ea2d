//! The configuration that a call of git is about, read once and again whenever it may be another.
//!
//! Promise: read by `git config` alone, which follows nothing; bounded in size, time and memory; what is
//! remembered is used only while every file that it came from is as it was.

use crate::error::{Error, Kind, Result};
use crate::git_program::belonging::{Ground, environment_of_git};
use crate::git_program::configuration::Configuration;
use crate::git_program::frozen::Frozen;
use crate::git_program::git::{Git, not_started, took_too_long};
use crate::limits::{CONFIGURATION_LIMITS, CONFIGURATION_MAX_BYTES, CONFIGURATION_TIMEOUT};
use nightshift_platform::program::{Ended, Run, run_limited};
use nightshift_platform::spawn::Program;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where git is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub dir: PathBuf,
    pub git_dir: Option<OsString>,
}

/// What was read, and the state of the files it came from.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    snapshot: Arc<Snapshot>,
    /// What is not there must not come.
    files: Vec<(Option<Stamp>, PathBuf)>,
}

/// Device, inode, size, time of change in s and ns. Writing to a file changes at least the time.
type Stamp = (u64, u64, u64, i64, i64);

/// A configuration as it was read, and the directory in which git finds a copy of it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub configuration: Configuration,
    frozen: Mutex<Option<Arc<Frozen>>>,
}

impl Snapshot {
    /// Made at the first call that needs it.
    pub fn frozen(&self, git_dir: &Path) -> Result<Arc<Frozen>> {
        let mut known = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frozen) = known.as_ref().filter(|frozen| frozen.is_current()) {
            return Ok(Arc::clone(frozen));
        }
        let frozen = Arc::new(Frozen::of(git_dir, &self.configuration)?);
        *known = Some(Arc::clone(&frozen));
        Ok(frozen)
    }
}

/// What reading it gave.
pub(crate) enum Read {
    Configuration(Arc<Snapshot>),
    /// git cannot work here at all, and says why.
    Failed(Ended),
}

pub(crate) fn configuration_of(git: &Git, asked: Asked) -> Result<Read> {
    if let Some(known) = git.known().get(&asked)
        && known.files.iter().all(|(then, path)| stamp(path) == *then)
    {
        return Ok(Read::Configuration(Arc::clone(&known.snapshot)));
    }
    // Before it is read: what changes meanwhile is read again.
    let place = place(&asked);
    let ended = list(git, &asked)?;
    if ended.code != Some(0) {
        return Ok(Read::Failed(ended));
    }
    let ground = Ground::of(&directories(&asked), git.environment());
    let configuration = Configuration::parse(&ended.stdout, &ground).ok_or_else(|| {
        Error::new(Kind::Git, format!("git config in {} is not understood", asked.dir.display()))
    })?;
    let snapshot = Arc::new(Snapshot { configuration, frozen: Mutex::default() });
    let configuration = &snapshot.configuration;
    if let Some(mut files) = place.filter(|_| !configuration.may_grow()) {
        let named = configuration.files.iter().map(|file| asked.dir.join(OsStr::from_bytes(file)));
        files.extend(named.map(|path| (stamp(&path), path)));
        // A file that is not where it is looked for cannot be watched.
        if files.iter().skip(1).all(|(stamp, _)| stamp.is_some()) {
            let snapshot = Arc::clone(&snapshot);
            git.known().insert(asked, Known { snapshot, files });
        }
    }
    Ok(Read::Configuration(snapshot))
}

/// What says where the configuration is, first of all. None where that is decided by several files.
fn place(asked: &Asked) -> Option<Vec<(Option<Stamp>, PathBuf)>> {
    let git_dir = match &asked.git_dir {
        Some(git_dir) => PathBuf::from(git_dir),
        None => asked.dir.join(".git"),
    };
    let is_dir = std::fs::symlink_metadata(&git_dir).is_ok_and(|metadata| metadata.is_dir());
    let commondir = git_dir.join("commondir");
    is_dir.then(|| vec![(stamp(&commondir), commondir), (stamp(&git_dir), git_dir)])
}

/// None for what is not there, or may be elsewhere. A directory is the same while it is that directory.
fn stamp(path: &Path) -> Option<Stamp> {
    let m = std::fs::symlink_metadata(path).ok().filter(|m| !m.is_symlink())?;
    let (size, s, ns) = if m.is_dir() { (0, 0, 0) } else { (m.size(), m.ctime(), m.ctime_nsec()) };
    Some((m.dev(), m.ino(), size, s, ns))
}

fn directories(asked: &Asked) -> Vec<&Path> {
    let git_dir = asked.git_dir.as_deref().map(Path::new);
    [Some(asked.dir.as_path()), git_dir].into_iter().flatten().collect()
}

fn list(git: &Git, asked: &Asked) -> Result<Ended> {
    let args = ["config", "--list", "--show-scope", "--show-origin", "--null"].map(OsString::from);
    let mut env = environment_of_git(&directories(asked), git.environment());
    if let Some(git_dir) = &asked.git_dir {
        env.insert("GIT_DIR".into(), git_dir.clone());
    }
    let program = Program { program: OsStr::new("git"), args: &args, env: &env, cwd: &asked.dir };
    let (timeout, output_max_bytes) = (CONFIGURATION_TIMEOUT, CONFIGURATION_MAX_BYTES);
    let how = Run { input: b"", timeout, output_max_bytes, log: None };
    let ended = run_limited(&program, &how, CONFIGURATION_LIMITS)
        .map_err(|error| not_started(&asked.dir, &error))?;
    let named = format!("git config in {}", asked.dir.display());
    if ended.timed_out {
        return Err(took_too_long(&named, timeout));
    }
    if ended.truncated {
        let text = format!("{named} printed more than {output_max_bytes} bytes");
        return Err(
            Error::new(Kind::Refused, text).hint("make the repository's configuration shorter")
        );
    }
    Ok(ended)
}
