//! All worktrees of the repositories that are known: ours, other programs' and what was removed.
//!
//! Promise: only looks, one for each repository where it can be, so that it is quick; what one
//! repository or worktree cannot tell is said there and never hides the others.

use crate::error::Error;
use crate::git_program::git::{Git, pieces, text};
use crate::limits::LIST_TOTAL;
use crate::looking::glance::branch;
use crate::looking::looker::{Looker, Looks, Told, request};
use crate::looking::place;
use crate::looking::place::{Place, normal};
use crate::removing::gone;
use crate::removing::ledger::{Ledger, Record};
use nightshift_git_reader::{Counts, Expected, Head, Linked, Request, Upstream};
use nightshift_platform::clock;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One linked worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    /// The main checkout it belongs to.
    pub root: PathBuf,
    pub branch: Option<String>,
    pub commit: Option<String>,
    /// Commits that its branch has and the upstream has not, and the other way round; none without an
    /// upstream, and where that is not known.
    pub ahead: Option<usize>,
    pub behind: Option<usize>,
    pub lock: Option<String>,
    /// Its directory is gone.
    pub missing: bool,
    /// Why its branch and commit are not known.
    pub unknown: Option<String>,
    /// What we know of it; none when another program or the user made it.
    pub record: Option<Record>,
}

/// Worktrees of every repository in the ledger and of those with a main checkout in `roots`.
pub fn list(
    looker: &Looker,
    ledger: &Ledger,
    roots: &BTreeSet<PathBuf>,
) -> (Vec<Listed>, Vec<Error>) {
    let (records, mut wrong) = ledger.records();
    let mut all_roots = roots.clone();
    all_roots.extend(records.iter().map(|record| record.repository.root.clone()));
    let mut looks = looker.begin();
    let deadline = clock::monotonic() + LIST_TOTAL;
    let mut found: Vec<Row> = Vec::new();
    // One that is gone is told of with each of its worktrees.
    let is_gone = |root: &Path| {
        let own = records.iter().any(|record| record.repository.root == root);
        own && root.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    for root in all_roots.iter().filter(|root| !is_gone(root)) {
        match of_repository(looker.git(), &mut looks, root, deadline) {
            Ok(rows) => found.extend(rows),
            Err(error) => wrong.push(error),
        }
    }
    for record in records {
        match found.iter_mut().find(|row| row.listed.path == record.path) {
            Some(row) => row.listed.record = Some(record),
            // Not made completely, or its repository is gone: it must not vanish from the list.
            None => found.push(Row::of(looker.git(), record)),
        }
    }
    for row in found.iter_mut().filter(|row| row.alone.is_some() && !row.listed.missing) {
        row.look(&mut looks, deadline);
    }
    let mut found: Vec<Listed> = found.into_iter().map(|row| row.listed).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    (found, wrong)
}

struct Row {
    listed: Listed,
    /// Its repository did not tell what is checked out: it is to be looked at by itself.
    alone: Option<Request>,
}

impl Row {
    fn of(git: &Git, record: Record) -> Row {
        let unknown = match place::look(&record) {
            Ok(Place::Lost(traces)) => Some(gone::lost(git, &record, traces).to_string()),
            Ok(Place::There { .. } | Place::Missing) => None,
            Err(error) => Some(error.message),
        };
        let admin = record.admin.as_deref();
        let own = |admin| Request::linked(&record.path, admin, &record.repository.common);
        let alone = admin.map(own).map(Request::without_files).filter(|_| unknown.is_none());
        let listed = Listed {
            unknown,
            path: record.path.clone(),
            root: record.repository.root.clone(),
            branch: Some(record.branch.clone()),
            missing: !record.path.exists(),
            record: Some(record),
            ..Listed::default()
        };
        Row { listed, alone }
    }

    fn look(&mut self, looks: &mut Looks<'_>, deadline: Duration) {
        if clock::monotonic() > deadline {
            self.listed.unknown = Some("it was not looked into: out of time".to_owned());
            return;
        }
        match looks.look(self.alone.as_ref()) {
            Told::Seen(seen) => self.listed.take(&seen.head, seen.upstream.as_ref()),
            Told::Unknown(error) => self.listed.unknown = Some(error.message),
            // Its repository is beyond libgit2 too, and the program said what it could.
            Told::AskProgram => {}
        }
    }
}

impl Listed {
    fn take(&mut self, head: &Head, upstream: Option<&Upstream>) {
        self.branch = branch(head);
        self.commit = head.commit().map(|commit| commit.as_str().to_owned());
        if let Some(Counts::Known { ahead, behind }) = upstream.map(|upstream| &upstream.counts) {
            (self.ahead, self.behind) = (Some(*ahead), Some(*behind));
        }
    }
}

fn of_repository(
    git: &Git,
    looks: &mut Looks<'_>,
    root: &Path,
    deadline: Duration,
) -> Result<Vec<Row>, Error> {
    let request = request(root).map(Request::without_files);
    let whole = request.clone().map(Request::with_linked_heads);
    let told = match looks.look(whole.as_ref()) {
        // One of its worktrees may be what cannot be looked at.
        Told::Unknown(_) if clock::monotonic() < deadline => looks.look(request.as_ref()),
        told => told,
    };
    let seen = match told {
        Told::Seen(seen) if seen.worktrees.is_whole() => seen,
        Told::Seen(_) | Told::AskProgram => return by_program(git, root),
        Told::Unknown(error) => return Err(error),
    };
    let common = match request.map(|request| request.expected) {
        Some(Expected::Elsewhere { common, .. }) => common.as_path().to_owned(),
        Some(Expected::Own) | None => root.join(".git"),
    };
    Ok(seen.worktrees.named.iter().map(|linked| row(root, &common, linked)).collect())
}

fn row(root: &Path, common: &Path, linked: &Linked) -> Row {
    let admin = common.join("worktrees").join(linked.name.as_path());
    let path = linked.path.as_ref().map(|path| normal(path.as_path()));
    let lock = linked.locked.as_ref().map(|reason| text(reason.as_bytes()));
    let Some(path) = path else {
        let unknown = Some("the repository does not say where it is".to_owned());
        let (path, root) = (admin, root.to_owned());
        let listed = Listed { path, root, lock, unknown, ..Listed::default() };
        return Row { listed, alone: None };
    };
    let missing = !path.exists();
    let mut listed = Listed { path, root: root.to_owned(), lock, missing, ..Listed::default() };
    let mut alone = None;
    match &linked.head {
        Some(head) => listed.take(head, linked.upstream.as_ref()),
        None if missing => listed.unknown = Some("its HEAD cannot be read".to_owned()),
        None => alone = Some(Request::linked(&listed.path, &admin, common).without_files()),
    }
    Row { listed, alone }
}

/// Of a repository that libgit2 cannot read.
fn by_program(git: &Git, root: &Path) -> Result<Vec<Row>, Error> {
    let printed = git.look(root, &["worktree", "list", "--porcelain", "-z"]).read()?;
    let mut found: Vec<Listed> = Vec::new();
    for line in pieces(&printed).map(text) {
        let (key, value) = line.split_once(' ').unwrap_or((&line, ""));
        if key == "worktree" {
            let (path, root) = (PathBuf::from(value), root.to_owned());
            let missing = !path.exists();
            found.push(Listed { path, root, missing, ..Listed::default() });
            continue;
        }
        let Some(last) = found.last_mut() else { continue };
        match key {
            "HEAD" => last.commit = Some(value.to_owned()),
            "branch" => {
                let short = value.strip_prefix("refs/heads/").unwrap_or(value);
                last.branch = Some(short.to_owned());
            }
            "locked" => last.lock = Some(value.to_owned()),
            _ => {}
        }
    }
    // The first is the main checkout itself.
    let linked = found.split_off(1.min(found.len()));
    Ok(linked.into_iter().map(|listed| Row { listed, alone: None }).collect())
}
