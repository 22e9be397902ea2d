//! Keeping what an act may take away: a commit under a rescue ref that `git push` does not send.
//!
//! Promise: the user's index, files and branches are not touched; an error means that the act must
//! not go on.

use crate::acts::beside::Beside;
use crate::acts::bytes;
use crate::acts::bytes::Taken;
use crate::acts::take::{Left, take_bytes};
use crate::place::{Place, Result, fault};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{copy_index, expire_rescues, rescue_ref, text};
use std::path::PathBuf;
use uuid::Uuid;

/// The rescue's own author: the user's identity may not be set.
const AUTHOR: &[(&str, &str)] = &[
    ("GIT_AUTHOR_NAME", "Nightshift"),
    ("GIT_AUTHOR_EMAIL", "nightshift@localhost"),
    ("GIT_COMMITTER_NAME", "Nightshift"),
    ("GIT_COMMITTER_EMAIL", "nightshift@localhost"),
];

/// Keeps a commit that a branch is about to leave. Returns the ref's name.
pub fn commit(place: &Place<'_>, id: &str, commit: &str, why: &str) -> Result<String> {
    let now = clock::now().0;
    let name = rescue_ref(id, now, &Uuid::new_v4().simple().to_string());
    // A rescue makes room for itself: those whose time is over go. If they cannot, they stay.
    expire_rescues(place.git, &place.checkout.common, now).ok();
    let none = "0".repeat(commit.len());
    place.act(&["update-ref", "-m", why, &name, commit, &none]).read().map_err(fault)?;
    match place.tip(&name)? {
        Some(kept) if kept == commit => Ok(name),
        Some(_) | None => {
            Err(Fault::new(FaultCode::Io, format!("{name} does not hold the rescue")))
        }
    }
}

/// All files that are not ignored, and the index, as they are now.
pub struct Files {
    head: String,
    tree: String,
    /// None with conflicts: an index with them is no tree, and the files hold both sides then.
    staged: Option<String>,
    /// What git cannot take and is not kept. Nothing of it may be taken away.
    pub left: Left,
    /// Those that differ from the last commit.
    taken: Vec<Taken>,
    beside: Beside,
}

/// Begins the lines of a message that say which files of the tree are byte for byte as they were, and their
/// permissions.
pub const AS_THEY_WERE: &str = "\n\nbytes as they were:\n";

/// Reads them in.
pub fn files(place: &Place<'_>) -> Result<Files> {
    let head = place.head()?.to_owned();
    let scratch = Scratch::of(place)?;
    let staged = scratch.call(place, &["write-tree"]).end().map_err(fault)?;
    let staged = (staged.code == Some(0)).then(|| text(&staged.stdout).trim().to_owned());
    let all = place.uncommitted()?;
    let (left, taken) =
        take_bytes(place, |args| scratch.call(place, args), scratch.dir.path(), &all)?;
    let tree = scratch.call(place, &["write-tree"]).line().map_err(fault)?;
    let beside = Beside::of(place, &all)?;
    Ok(Files { head, tree, staged, left, taken, beside })
}

impl Files {
    /// Keeps them. Returns the ref's name.
    pub fn keep(self, place: &Place<'_>, id: &str, why: &str) -> Result<String> {
        let mut parents = vec![self.head.clone()];
        if let Some(staged) = &self.staged {
            parents.push(store(place, staged, &[self.head], "what was staged")?);
        }
        let taken = bytes::listed(&self.taken, one_line);
        // Versions that know nothing of these lines read the ones behind.
        let message = format!("{why}{AS_THEY_WERE}{}{taken}", self.beside.listed());
        let kept = store(place, &self.tree, &parents, &message)?;
        commit(place, id, &kept, why.lines().next().unwrap_or_default())
    }
}

/// A name as one line of a message.
pub fn one_line(path: &str) -> String {
    path.replace('\\', "\\\\").replace('\n', "\\n")
}

/// The name that a line says.
pub fn of_line(line: &str) -> String {
    let mut path = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => path.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => path.push(c),
        }
    }
    path
}

fn store(place: &Place<'_>, tree: &str, parents: &[String], message: &str) -> Result<String> {
    let mut call = place.act(&["commit-tree", "--no-gpg-sign", tree, "-F", "-"]);
    // Not an argument: a list of thousands of files is longer than one may be.
    call = call.input(message.as_bytes().to_vec());
    for parent in parents {
        call = call.arg("-p").arg(parent);
    }
    for (name, value) in AUTHOR {
        call = call.env(name, value);
    }
    call.line().map_err(fault)
}

/// A copy of the index that is ours to change.
struct Scratch {
    index: PathBuf,
    dir: tempfile::TempDir,
}

impl Scratch {
    fn of(place: &Place<'_>) -> Result<Scratch> {
        let own = &place.checkout.git_dir;
        let io = |e: std::io::Error| Fault::new(FaultCode::Io, format!("{}: {e}", own.display()));
        // Beside the index: a shared or split index is found from there.
        let dir = tempfile::Builder::new().prefix("nightshift-").tempdir_in(own).map_err(io)?;
        let index = dir.path().join("index");
        match copy_index(&own.join("index"), &index) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(io(e)),
        }
        Ok(Scratch { index, dir })
    }

    fn call<'a>(&self, place: &'a Place<'_>, args: &[&str]) -> nightshift_worktree::Call<'a> {
        place.act(args).env("GIT_INDEX_FILE", &self.index)
    }
}
