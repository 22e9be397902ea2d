//! A common directory of ours, in place of the repository's own, for the time of a call.
//!
//! git reads a repository's configuration whenever it likes, and whoever may write there can change it
//! between our look at it and git's. So git is given another directory to find it in (GIT_COMMON_DIR,
//! git(1)): it holds a copy of what we have read, with a harmless value for whatever names a program,
//! and links to everything else. HEAD, index and what is under way stay where they are (GIT_DIR).
//! Promise: of the repository's configuration only the copy counts, and the copy names no program of the
//! repository's; what git writes through a link goes to the repository itself.
//! Must not know: what is asked.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::configuration::Configuration;
use crate::git_program::shadow::common_of;
use crate::git_program::temporary;
use crate::limits::COMMON_ENTRIES_MAX;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What is not linked: the configuration, what runs, and what belongs to one checkout alone.
const LEFT_OUT: &[&str] = &["commondir", "config", "config.worktree", "gitdir", "hooks", "index"];
/// Files that git may come to write, and that are linked before they are there.
const TO_COME: &[&str] = &["packed-refs", "shallow"];
/// Where git keeps what branches were before.
const LOGS: &str = "logs";
/// Where Git LFS, which users set up for all of their repositories, keeps contents.
const LFS: &str = "lfs";

#[derive(Debug)]
pub(crate) struct Frozen {
    ours: TempDir,
    common: PathBuf,
    linked: BTreeSet<OsString>,
}

impl Frozen {
    /// For calls about the checkout whose own git directory is `git_dir`.
    pub fn of(git_dir: &Path, configuration: &Configuration) -> Result<Frozen> {
        let common = common_of(git_dir)?;
        let linked = entries(&common)?;
        let ours = temporary::directory()?;
        for name in &linked {
            let (from, to) = (common.join(name), ours.path().join(name));
            symlink(&from, &to).at(&to)?;
        }
        let to = ours.path().join("config");
        fs::write(&to, configuration.copy()).at(&to)?;
        Ok(Frozen { ours, common, linked })
    }

    pub fn path(&self) -> &Path {
        self.ours.path()
    }

    /// What git complains of is in the repository: nobody knows our directory.
    pub fn named_as_the_repository(&self, said: Vec<u8>) -> Vec<u8> {
        let (ours, common) =
            (self.path().as_os_str().as_bytes(), self.common.as_os_str().as_bytes());
        let mut out = Vec::new();
        let mut rest = said.as_slice();
        while let Some(at) = rest.windows(ours.len()).position(|part| part == ours) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(common);
            rest = &rest[at + ours.len()..];
        }
        out.extend_from_slice(rest);
        out
    }

    /// It still stands for all that is there. Programs that clear up old temporary files may take a part
    /// of it.
    pub fn is_current(&self) -> bool {
        let there = |name: &OsString| fs::symlink_metadata(self.ours.path().join(name)).is_ok();
        let config = OsString::from("config");
        entries(&self.common).is_ok_and(|now| now == self.linked)
            && self.linked.iter().chain([&config]).all(there)
    }
}

/// Makes what an act would otherwise begin in our directory, where it would be lost.
pub(crate) fn prepare(git_dir: &Path, configuration: &Configuration) -> Result<()> {
    let common = common_of(git_dir)?;
    let lfs = configuration.user_has_lfs().then_some(LFS);
    for name in [LOGS].into_iter().chain(lfs) {
        let dir = common.join(name);
        match fs::create_dir(&dir) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.at(&dir)?,
        }
    }
    Ok(())
}

/// Names in the common directory that a call may need.
fn entries(common: &Path) -> Result<BTreeSet<OsString>> {
    let mut found: BTreeSet<OsString> = TO_COME.iter().map(OsString::from).collect();
    for entry in fs::read_dir(common).at(common)? {
        let name = entry.at(common)?.file_name();
        let is_lock = name.as_bytes().ends_with(b".lock");
        if is_lock || LEFT_OUT.iter().any(|left_out| name == OsStr::new(left_out)) {
            continue;
        }
        found.insert(name);
        if found.len() > COMMON_ENTRIES_MAX {
            let text = format!("{} holds more than {COMMON_ENTRIES_MAX} files", common.display());
            return Err(Error::new(Kind::Refused, text).hint("take out what git did not put there"));
        }
    }
    Ok(found)
}
