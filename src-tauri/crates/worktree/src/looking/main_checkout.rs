//! The main checkout, watched from a session that should not write there.
//!
//! A worktree is no wall: a shell command may still write to the main checkout. What cannot be
//! prevented is at least seen.
//! Promise: tells which files are other than before; never by whom, because that is not known.

use crate::error::{Error, Kind, Result};
use crate::git_program::git::Git;
use crate::git_program::status::{ARGS, changes};
use crate::looking::checkout::Checkout;
use crate::looking::glance::is_certain;
use crate::looking::looker::{Looker, Told, request};
use nightshift_git_reader::Seen;
use nightshift_platform::clock;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file system's clock may be this much behind ours, in ns: it moves with the kernel's ticks.
const TICK_NS: i128 = 20_000_000;
const MS_NS: i128 = 1_000_000;

/// What a main checkout was like at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainCheckout {
    head: Option<String>,
    /// Files that are not as committed, with what tells one content from the next.
    files: BTreeMap<PathBuf, Mark>,
    by: By,
    /// When it was looked at, in ns since 1970.
    at: i128,
}

/// Who looked: there are files of which the two do not say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Reader,
    Program,
}

/// Status letters, size, time of change in ns. Writing a file changes at least the time.
type Mark = ([u8; 2], u64, i128);

const UNTRACKED: [u8; 2] = *b"??";

impl MainCheckout {
    pub fn look(looker: &Looker, root: &Path) -> Result<MainCheckout> {
        let at = i128::from(clock::now().0) * MS_NS;
        let root = &std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let told = looker.begin_files().look(request(root).as_ref());
        let (head, files, by) = match told {
            Told::Seen(seen) => match certain(&seen) {
                Some((head, files)) => (head, files, By::Reader),
                None => by_program(looker.git(), root)?,
            },
            Told::AskProgram => by_program(looker.git(), root)?,
            Told::Unknown(error) => return Err(error),
        };
        let marked = files.into_iter().map(|(path, letters)| {
            let (size, changed) = mark(&root.join(&path));
            (path, (letters, size, changed))
        });
        Ok(MainCheckout { head, files: marked.collect(), by, at })
    }

    /// Paths that are other than `before`; `HEAD` when another commit is checked out.
    pub fn changed_since(&self, before: &MainCheckout) -> Vec<PathBuf> {
        let paths: BTreeSet<&PathBuf> = self.files.keys().chain(before.files.keys()).collect();
        let other = paths.into_iter().filter(|path| {
            let (now, then) = (self.files.get(*path), before.files.get(*path));
            if self.by == before.by {
                return now != then;
            }
            match (now, then) {
                (Some((_, size, changed)), Some(then)) => (*size, *changed) != (then.1, then.2),
                // Nobody says when it was deleted.
                (Some((_, 0, 0)), None) => true,
                (Some((_, _, changed)), None) => *changed >= before.at - TICK_NS,
                (None, _) => true,
            }
        });
        let head = (self.head != before.head).then(|| PathBuf::from("HEAD"));
        head.into_iter().chain(other.cloned()).collect()
    }
}

type Files = Vec<(PathBuf, [u8; 2])>;

fn certain(seen: &Seen) -> Option<(Option<String>, Files)> {
    let files = seen.files.as_ref().filter(|files| is_certain(files))?;
    let changed = files.changed.named.iter().map(|c| (c.path.as_path().to_owned(), c.letters));
    let untracked = files.untracked.named.iter().map(|p| (p.as_path().to_owned(), UNTRACKED));
    let head = seen.head.commit().map(|commit| commit.as_str().to_owned());
    Some((head, changed.chain(untracked).collect()))
}

fn by_program(git: &Git, root: &Path) -> Result<(Option<String>, Files, By)> {
    let Some(checkout) = Checkout::of(git, root)? else {
        let text = format!("{} is no checkout of git's", root.display());
        return Err(Error::new(Kind::NotFound, text));
    };
    let head = checkout.look(git, &["rev-parse", "--verify", "--quiet", "HEAD"]).find()?;
    let changes = changes(checkout.look(git, ARGS).long())?;
    let files = changes.into_iter().map(|change| (change.path, change.letters)).collect();
    Ok((head, files, By::Program))
}

fn mark(path: &Path) -> (u64, i128) {
    match std::fs::symlink_metadata(path) {
        Ok(m) => (m.size(), i128::from(m.ctime()) * 1_000_000_000 + i128::from(m.ctime_nsec())),
        // Deleted: the letters say so already.
        Err(_) => (0, 0),
    }
}
