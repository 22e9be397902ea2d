//! The rescue of a worktree: one commit that holds everything in it that is not committed.
//!
//! Its tree is the files as they are, untracked and changed included ones among them. Its parents
//! are HEAD, the index, the branch, commits of an unfinished operation, and commits that only a log
//! of moves still names: nothing that was ever committed here is left to git's garbage collection.
//! Promise: the user's index and branches are not touched; an error means that nothing may go.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Call, Git};
use crate::limits::{LOGGED_COMMITS_MAX, RESCUES};
use crate::looking::inspect::{Asked, Inspection};
use crate::removing::ledger::Record;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The rescue's own author: the user's identity may not be set.
const AUTHOR: &[(&str, &str)] = &[
    ("GIT_AUTHOR_NAME", "Nightshift"),
    ("GIT_AUTHOR_EMAIL", "nightshift@localhost"),
    ("GIT_COMMITTER_NAME", "Nightshift"),
    ("GIT_COMMITTER_EMAIL", "nightshift@localhost"),
];
/// Commits that git itself remembers in a worktree.
const REMEMBERED: &[&str] = &[
    "HEAD",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "AUTO_MERGE",
    "BISECT_HEAD",
];
/// The same as files of an unfinished rebase.
const REBASE_FILES: &[&str] = &[
    "rebase-merge/orig-head",
    "rebase-merge/onto",
    "rebase-merge/autostash",
    "rebase-apply/orig-head",
    "rebase-apply/onto",
    "rebase-apply/autostash",
];

pub(crate) struct Rescue {
    pub name: String,
    pub commit: String,
    pub branch_tip: Option<String>,
}

/// Stores everything under a ref named by `id`.
pub(crate) fn rescue(git: &Git, record: &Record, seen: &Inspection, id: &str) -> Result<Rescue> {
    let asked = Asked::new(git, record, seen.missing);
    let scratch = Scratch::of(record, id)?;
    let index_tree = index_tree(&asked, &scratch)?;
    let tree = if seen.missing { index_tree.clone() } else { files_tree(&asked, seen, &scratch)? };
    let own = format!("refs/heads/{}", record.branch);
    let branch_tip = asked.look(&["rev-parse", "--verify", "--quiet", &own]).find()?;
    let mut parents: Vec<String> = Vec::new();
    parents.extend(seen.head.commit.clone());
    if let Some(tree) = &index_tree {
        let first: Vec<String> = parents.clone();
        parents.push(commit(&asked, tree, &first, "index of a removed worktree")?);
    }
    parents.extend(branch_tip.clone());
    parents.extend(remembered(&asked)?);
    parents.extend(logged(&asked)?);
    let mut seen_already = std::collections::BTreeSet::new();
    parents.retain(|parent| seen_already.insert(parent.clone()));
    let tree = match tree {
        Some(tree) => tree,
        None => asked.act(&["hash-object", "-t", "tree", "-w", "--stdin"]).line()?,
    };
    let message = format!("{} on {}, removed", record.path.display(), record.branch);
    let commit = commit(&asked, &tree, &parents, &message)?;
    let name = format!("{RESCUES}{id}");
    // Only where there is none: an earlier rescue is nobody's to write over.
    let none = "0".repeat(commit.len());
    let made = asked.act(&["update-ref", "-m", "rescue before removal"]);
    made.arg(&name).arg(&commit).arg(&none).read()?;
    let kept = asked.look(&["rev-parse", "--verify", "--quiet", &name]).find()?;
    if kept.as_deref() != Some(commit.as_str()) {
        return Err(Error::new(Kind::Git, format!("{name} does not hold the rescue")));
    }
    Ok(Rescue { name, commit, branch_tip })
}

/// Takes a rescue away: its time is over, or the worktree is back.
pub(crate) fn forget(git: &Git, record: &Record, name: &str, commit: &str) -> Result<()> {
    let call = record.repository.act(git, &["update-ref", "-d"]);
    call.arg(name).arg(commit).read().map(|_| ())
}

/// Copies an index with its time. By that git tells which files may have changed in the moment in
/// which it was written, so that neither size nor time would show it.
pub fn copy_index(from: &Path, to: &Path) -> std::io::Result<()> {
    let written = std::fs::metadata(from)?.modified()?;
    let mut copy = std::fs::File::options().write(true).create_new(true).open(to)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut copy)?;
    copy.set_modified(written)
}

/// What is rescued must not go to another place.
pub(crate) fn refuse_link(dir: &Path) -> Result<()> {
    if std::fs::symlink_metadata(dir).at(dir)?.is_dir() {
        return Ok(());
    }
    let text = format!("{} is not a directory; nothing is put there", dir.display());
    Err(Error::new(Kind::Refused, text).hint("look at who made it so, and remove it"))
}

/// A copy of the index that is ours to change. It lies beside the rescued data and goes with this.
struct Scratch {
    index: PathBuf,
    had_index: bool,
}

impl Scratch {
    fn of(record: &Record, id: &str) -> Result<Scratch> {
        let dir = record.repository.common.join("nightshift");
        std::fs::create_dir_all(&dir).at(&dir)?;
        refuse_link(&dir)?;
        // A name that nobody knows before, so that no link waits there.
        let unique = uuid::Uuid::new_v4().simple();
        let index = dir.join(format!("{id}-{unique}.index"));
        let admin = record.admin.clone().unwrap_or_default();
        let source = admin.join("index");
        let had_index = match copy_index(&source, &index) {
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            copied => copied.at(&source).map(|()| true)?,
        };
        Ok(Scratch { index, had_index })
    }

    fn call<'a>(&self, asked: &Asked<'a>, args: &[&str]) -> Call<'a> {
        asked.act(args).env("GIT_INDEX_FILE", &self.index).long()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Of no use to anyone; a leftover goes with the data beside it.
        std::fs::remove_file(&self.index).ok();
    }
}

/// What is staged. None for an index with conflicts: its parts are in the commits being merged.
fn index_tree(asked: &Asked<'_>, scratch: &Scratch) -> Result<Option<String>> {
    if !scratch.had_index {
        return Ok(None);
    }
    let conflicts = scratch.call(asked, &["ls-files", "-z", "--unmerged"]).read()?;
    if !conflicts.is_empty() {
        return Ok(None);
    }
    scratch.call(asked, &["write-tree"]).line().map(Some)
}

/// The files as they are.
fn files_tree(asked: &Asked<'_>, seen: &Inspection, scratch: &Scratch) -> Result<Option<String>> {
    // git takes but one of these at a time.
    for mark in ["--no-assume-unchanged", "--no-skip-worktree"] {
        if !seen.hidden.is_empty() {
            let args = ["update-index", mark, "-z", "--stdin"];
            scratch.call(asked, &args).input(nul_separated(&seen.hidden)).read()?;
        }
    }
    let (gone, there) = sorted_by_presence(&asked.record().path, seen)?;
    if !gone.is_empty() {
        let args = ["update-index", "--force-remove", "-z", "--stdin"];
        scratch.call(asked, &args).input(nul_separated(&gone)).read()?;
    }
    for (files, force) in [(&there, "--all"), (&seen.included_changed, "--force")] {
        if files.is_empty() {
            continue;
        }
        // Bytes as they are: no line ends are converted, and none complained of.
        let args = ["-c", "core.autocrlf=false", "-c", "core.safecrlf=false", "add", force];
        let call = scratch.call(asked, &args).arg("--sparse").arg("--pathspec-from-file=-");
        // Names, not patterns.
        let call = call.env("GIT_LITERAL_PATHSPECS", "1");
        call.arg("--pathspec-file-nul").input(nul_separated(files)).read()?;
    }
    scratch.call(asked, &["write-tree"]).line().map(Some)
}

/// Changed paths without a file (or with a link where a directory was), and those with one.
/// Repositories inside are left out: their files are kept aside, git would take a commit for them.
fn sorted_by_presence(root: &Path, seen: &Inspection) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut gone, mut there) = (Vec::new(), Vec::new());
    for path in seen.changed.iter().chain(&seen.untracked).chain(&seen.hidden) {
        if seen.embedded.iter().any(|inner| inner.path == *path) {
            continue;
        }
        let mut is_there = true;
        let above = path.ancestors().skip(1).filter(|a| !a.as_os_str().is_empty());
        for dir in above {
            is_there &= std::fs::symlink_metadata(root.join(dir)).is_ok_and(|m| m.is_dir());
        }
        if is_there {
            let file = root.join(path);
            is_there = match std::fs::symlink_metadata(&file) {
                Err(e) if e.kind() == ErrorKind::NotFound => false,
                read => read.at(&file).map(|_| true)?,
            };
        }
        if is_there { there.push(path.clone()) } else { gone.push(path.clone()) }
    }
    Ok((gone, there))
}

fn nul_separated(paths: &[PathBuf]) -> Vec<u8> {
    let mut out = Vec::new();
    for path in paths {
        out.extend_from_slice(path.as_os_str().as_bytes());
        out.push(0);
    }
    out
}

fn commit(asked: &Asked<'_>, tree: &str, parents: &[String], message: &str) -> Result<String> {
    let mut call = asked.act(&["commit-tree", "--no-gpg-sign", "-m", message]);
    for parent in parents {
        call = call.arg("-p").arg(parent);
    }
    for (name, value) in AUTHOR {
        call = call.env(name, value);
    }
    call.arg(tree).line()
}

/// Commits of an unfinished operation, and refs that only this worktree has.
fn remembered(asked: &Asked<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let admin = asked.record().admin.clone().unwrap_or_default();
    let in_files = REBASE_FILES
        .iter()
        .filter_map(|file| Some(std::fs::read_to_string(admin.join(file)).ok()?.trim().to_owned()));
    let names = REMEMBERED.iter().map(|name| (*name).to_owned()).chain(in_files);
    for name in names.filter(|name| !name.is_empty()) {
        let rev = format!("{name}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &rev];
        let ended = asked.look(&args).end()?;
        if ended.code == Some(0) {
            found.push(crate::git_program::git::text(&ended.stdout).trim().to_owned());
        }
    }
    let own = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/worktree",
        "refs/bisect",
        "refs/rewritten",
    ];
    found.extend(asked.look(&own).line()?.lines().map(str::to_owned));
    Ok(found)
}

/// Commits that were HEAD or the branch once and that no ref has any more.
fn logged(asked: &Asked<'_>) -> Result<Vec<String>> {
    let record = asked.record();
    let logs = [
        record.admin.clone().unwrap_or_default().join("logs/HEAD"),
        record.repository.common.join("logs/refs/heads").join(&record.branch),
    ];
    let mut ids: Vec<String> = Vec::new();
    for log in &logs {
        // `<old> <new> <who> <when>\t<what>`; a missing log has nothing to tell.
        let text = read_log(log)?;
        ids.extend(text.lines().rev().flat_map(|line| line.split(' ').take(2)).map(str::to_owned));
    }
    ids.retain(|id| id.len() >= 40 && id.bytes().any(|b| b != b'0'));
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Those that are gone already cannot be kept; of the others only tips are needed.
    let asked_for = ids.iter().map(|id| format!("{id}^{{commit}}\n")).collect::<String>();
    let known = asked.look(&["cat-file", "--batch-check=%(objectname)"]);
    let known = crate::git_program::git::text(&known.input(asked_for.into_bytes()).read()?);
    let known: Vec<&str> = known.lines().filter(|line| !line.contains(' ')).collect();
    let max = format!("--max-count={LOGGED_COMMITS_MAX}");
    // Options stand in the call: gits before 2.42 read none from the input.
    let list = asked.look(&["rev-list", &max, "--stdin", "--not", "--all"]);
    let lines = crate::git_program::git::text(&list.input(known.join("\n").into_bytes()).read()?);
    Ok(lines.lines().map(str::to_owned).collect())
}

fn read_log(path: &Path) -> Result<String> {
    match std::fs::read(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(String::new())
        }
        read => read.at(path).map(|bytes| crate::git_program::git::text(&bytes)),
    }
}
