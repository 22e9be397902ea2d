//! What is in worktrees, for people's eyes: like `inspect`, many at once, and mostly by libgit2.
//!
//! Promise: says what `inspect` would say, or that it is unknown; one worktree that cannot be looked
//! into costs the others nothing. Never to be removed on: `remove` inspects by itself.

use crate::error::Error;
use crate::limits::GLANCES_TOTAL;
use crate::looking::inspect::{Inspection, inspect, lock, operation};
use crate::looking::looker::{Looker, Looks, Told};
use crate::looking::place::Place;
use crate::looking::size::size;
use crate::looking::{embedded, place};
use crate::making::create::alongside;
use crate::making::include;
use crate::removing::ledger::Record;
use nightshift_git_reader as reader;
use nightshift_git_reader::{Alone, AloneCount, Bytes, Clean, CommitId, Files, Request, Seen};
use nightshift_platform::process::{Occupant, working};
use nightshift_platform::{clock, mounts};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A worktree to be glanced at.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub path: &'a Path,
    /// None for one of another maker: only its size is of interest.
    pub record: Option<&'a Record>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// On disk; none when that cannot be counted.
    pub bytes: Option<u64>,
    pub seen: Option<Inspection>,
}

/// Glances at all of them, in their order; two at a time.
pub fn glances(looker: &Looker, wanted: &[Wanted<'_>]) -> Vec<Glance> {
    let ground = Ground::now();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![None; wanted.len()]);
    let work = || {
        let mut looks = None;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = wanted.get(at) else { break };
            let bytes = size(one.path, &AtomicBool::new(false)).ok().map(|size| size.bytes);
            let seen = one.record.map(|record| {
                let looks = looks.get_or_insert_with(|| looker.begin_files());
                glance(looker, looks, &ground, record)
            });
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found[at] = Some(Glance { bytes, seen });
        }
    };
    alongside(work, work);
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_iter().map(Option::unwrap_or_default).collect()
}

/// What is the same for all worktrees, read once.
struct Ground {
    working: io::Result<Vec<(PathBuf, Occupant)>>,
    mounts: io::Result<Vec<PathBuf>>,
    /// Repositories that keep every reader busy are not waited for beyond this.
    deadline: Duration,
}

impl Ground {
    fn now() -> Ground {
        let mounts = mounts::at_or_below(Path::new("/"));
        Ground { working: working(), mounts, deadline: clock::monotonic() + GLANCES_TOTAL }
    }

    fn around(&self, path: &Path, seen: &mut Inspection) {
        match &self.working {
            Ok(working) => {
                let here = working.iter().filter(|(dir, _)| dir.starts_with(path));
                seen.processes = here.map(|(_, occupant)| occupant.clone()).collect();
            }
            Err(error) => seen.unreadable.push(format!("the list of processes: {error}")),
        }
        match &self.mounts {
            Ok(mounts) => {
                let here = mounts.iter().find(|point| point.starts_with(path));
                let text = here.map(|point| format!("{} is another file system", point.display()));
                seen.unreadable.extend(text);
            }
            Err(error) => seen.unreadable.push(format!("the list of mounts: {error}")),
        }
    }
}

fn glance(looker: &Looker, looks: &mut Looks<'_>, ground: &Ground, record: &Record) -> Inspection {
    let git = looker.git();
    let request = match place::look(record) {
        Ok(Place::There { .. }) => request(record),
        Ok(Place::Missing | Place::Lost(_)) | Err(_) => return inspect(git, record),
    };
    let Some(request) = request else { return inspect(git, record) };
    let mut seen = Inspection::default();
    if clock::monotonic() > ground.deadline {
        seen.unreadable.push("it was not looked into: out of time".to_owned());
        return seen;
    }
    let told = match looks.look(Some(&request)) {
        Told::Seen(told) => told,
        Told::AskProgram => return inspect(git, record),
        Told::Unknown(error) => return unknown(record, &error),
    };
    if take(&told, &mut seen).is_none() {
        return inspect(git, record);
    }
    if let Err(error) = lock(record, &mut seen) {
        seen.unreadable.push(error.message);
    }
    seen.operation = record.admin.as_deref().and_then(operation);
    ground.around(&record.path, &mut seen);
    let within = record.admin.as_deref().unwrap_or(&record.path);
    let (embedded, wrong) = embedded::glance(git, looks, &record.path, within);
    seen.embedded = embedded;
    seen.unreadable.extend(wrong);
    match include::changed(&record.path, &record.included) {
        Ok(changed) => seen.included_changed = changed,
        Err(error) => seen.unreadable.push(error.message),
    }
    seen
}

/// None where the program must be asked anyway.
fn request(record: &Record) -> Option<Request> {
    let base = CommitId::try_from(record.base.commit.clone()).ok()?;
    let branch = Bytes::from(record.branch.as_bytes());
    let request =
        Request::linked(&record.path, record.admin.as_deref()?, &record.repository.common);
    Some(request.with_alone(Alone::Worktree { branch, base }))
}

/// Its lock needs no reader.
fn unknown(record: &Record, error: &Error) -> Inspection {
    let mut seen = Inspection::default();
    seen.unreadable.push(error.message.clone());
    if let Err(error) = lock(record, &mut seen) {
        seen.unreadable.push(error.message);
    }
    seen
}

/// None where the answer is not what git would say.
fn take(told: &Seen, seen: &mut Inspection) -> Option<()> {
    let files = told.files.as_ref()?;
    if !is_certain(files) {
        return None;
    }
    let Some(AloneCount::Known { count }) = told.alone else { return None };
    seen.unpushed_count = count;
    seen.head.commit = told.head.commit().map(|commit| commit.as_str().to_owned());
    seen.head.branch = branch(&told.head);
    seen.changed = files.changed.named.iter().map(|c| c.path.as_path().to_owned()).collect();
    seen.untracked = files.untracked.named.iter().map(|path| path.as_path().to_owned()).collect();
    Some(())
}

/// All changed files are named, and git would name the same.
pub(crate) fn is_certain(files: &Files) -> bool {
    let known = matches!(files.clean(), Clean::Known { .. }) && files.doubts.is_empty();
    known && files.changed.is_whole() && files.untracked.is_whole()
}

/// As git shows it to people.
pub(crate) fn branch(head: &reader::Head) -> Option<String> {
    match head {
        reader::Head::Branch { name, .. } | reader::Head::Unborn { name } => {
            Some(String::from_utf8_lossy(name.as_bytes()).into_owned())
        }
        reader::Head::Detached { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_certain_is_left_to_the_program() {
        let files = Files::default();
        assert!(is_certain(&files));
        let doubt = reader::Doubt { kind: reader::DoubtKind::Filter, example: None };
        assert!(!is_certain(&Files { doubts: vec![doubt], ..files.clone() }));
        let mut more = files.clone();
        more.untracked.count = 1;
        assert!(!is_certain(&more));
    }
}
