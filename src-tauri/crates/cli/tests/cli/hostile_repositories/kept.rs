//! What no act may change: everything around the main checkout, in it, and in its git directory but for
//! what git keeps of its own there.

use super::lab::Lab;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Thing {
    File(Vec<u8>),
    Link(PathBuf),
    Other,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Thing::File(bytes) => write!(f, "{}", String::from_utf8_lossy(bytes)),
            Thing::Link(to) => write!(f, "a link to {}", to.display()),
            Thing::Other => f.write_str("neither file nor link"),
        }
    }
}

type Files = BTreeMap<PathBuf, Thing>;

/// Everything below `dir`, links not followed; directories only by what is in them.
fn things(dir: &Path, passed_over: &dyn Fn(&Path) -> bool, found: &mut Files) {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if passed_over(&path) {
            continue;
        }
        let kind = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.file_type(),
            // A file of git's that was there for a moment only.
            Err(_) => continue,
        };
        if kind.is_dir() {
            things(&path, passed_over, found);
        } else if kind.is_symlink() {
            found.insert(path.clone(), Thing::Link(fs::read_link(&path).unwrap()));
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            found.insert(path, Thing::File(bytes));
        } else {
            found.insert(path, Thing::Other);
        }
    }
}

/// A worktree's files as they are, with those of repositories inside.
pub fn snapshot(tree: &Path) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut found = Files::new();
    // git refreshes what it knows of files' times.
    let index = |path: &Path| path.ends_with(".git/index");
    things(tree, &index, &mut found);
    found
}

/// Of git's own in a git directory, what its acts on other branches write.
const VOLATILE: [&str; 13] = [
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "ORIG_HEAD",
    "index",
    "lfs",
    "logs",
    "nightshift",
    "objects",
    "packed-refs",
    "refs",
    "sequence",
    "worktrees",
];
/// What may be said longer afterwards: a line that hides worktrees, a branch that has a remote now.
const MAY_GROW: [&str; 2] = ["config", "info/exclude"];
/// Branches and notes of our own making.
const OURS: [&str; 3] = ["refs/heads/worktree-", "refs/nightshift/", "refs/remotes/origin/"];

pub struct Kept {
    files: Files,
    refs: BTreeMap<String, String>,
    stash: Vec<u8>,
    staged: String,
}

impl Kept {
    pub fn of(lab: &Lab<'_>) -> Kept {
        let mut files = Files::new();
        let worktrees = lab.root.join(".claude/worktrees");
        let volatile = VOLATILE.map(|name| lab.git_dir.join(name));
        let remote = lab.dir.join("remote.git");
        let passed_over = |path: &Path| {
            // A link in their place counts.
            let is_dir = fs::symlink_metadata(path).is_ok_and(|m| m.is_dir());
            (is_dir && (path == worktrees || path == remote))
                || path == lab.note()
                || volatile.iter().any(|v| v == path)
        };
        things(&lab.dir, &passed_over, &mut files);
        Kept {
            files,
            refs: refs(&lab.git_dir),
            stash: fs::read(lab.git_dir.join("logs/refs/stash")).unwrap_or_default(),
            staged: lab.ground.plumbing(
                &lab.git_dir.join("index"),
                &lab.git_dir,
                &["ls-files", "--stage"],
            ),
        }
    }

    /// What is other now, a line each. `from`: the worktree from which a merge may have moved the branch
    /// and brought files.
    pub fn differences(&self, lab: &Lab<'_>, from: Option<&Path>) -> Vec<String> {
        let (now, merged) = (Kept::of(lab), from.is_some());
        let mut said = Vec::new();
        let grown: Vec<PathBuf> = MAY_GROW.iter().map(|name| lab.git_dir.join(name)).collect();
        let brought = |path: &Path| {
            let twin = path.strip_prefix(&lab.root).ok().zip(from).map(|(p, from)| from.join(p));
            twin.is_some_and(|twin| fs::symlink_metadata(twin).is_ok())
        };
        for (path, before) in &self.files {
            let fine = match (before, now.files.get(path)) {
                (Thing::File(old), Some(Thing::File(new))) if grown.contains(path) => {
                    new.starts_with(old) && new.len() < old.len() + 4096
                }
                (before, Some(after)) if before == after => true,
                (Thing::File(_), Some(Thing::File(new))) if merged => {
                    path.ends_with(SHARED) && contains(new, SHARED_TEXT)
                }
                _ => false,
            };
            if !fine {
                let now = now.files.get(path).map(ToString::to_string);
                said.push(format!("{} is other: {now:?}", path.display()));
            }
        }
        for (path, thing) in now.files.iter().filter(|(path, _)| !self.files.contains_key(*path)) {
            let fine = grown.contains(path) || brought(path);
            if !fine {
                said.push(format!("{} is new: {thing}", path.display()));
            }
        }
        said.extend(self.refs_differ(&now, lab, merged));
        if now.stash != self.stash {
            said.push("the stash is other".to_owned());
        }
        said.extend(self.staged_differs(&now, merged));
        said
    }

    fn refs_differ(&self, now: &Kept, lab: &Lab<'_>, merged: bool) -> Vec<String> {
        let ours = |name: &str| OURS.iter().any(|prefix| name.starts_with(prefix));
        let mut said = Vec::new();
        for (name, old) in &self.refs {
            match now.refs.get(name) {
                Some(new) if new == old => {}
                Some(new) if merged && name != "HEAD" && moved_on(lab, old, new) => {}
                _ if ours(name) => {}
                new => said.push(format!("{name} was {old} and is {new:?}")),
            }
        }
        let new = now.refs.keys().filter(|name| !self.refs.contains_key(*name) && !ours(name));
        said.extend(new.map(|name| format!("{name} is new")));
        said
    }

    fn staged_differs(&self, now: &Kept, merged: bool) -> Vec<String> {
        let stays = |line: &str| now.staged.lines().any(|l| l == line);
        let may_go = |line: &str| merged && line.ends_with(&format!("\t{SHARED}"));
        let kept = self.staged.lines().all(|line| stays(line) || may_go(line));
        let as_many = self.staged.lines().count() == now.staged.lines().count();
        if kept && (merged || as_many) {
            return Vec::new();
        }
        vec![format!("staged was {} and is {}", self.staged, now.staged)]
    }
}

/// What the session changes of the user's, and what stands in it then beside the user's words.
const SHARED: &str = "shared.txt";
const SHARED_TEXT: &str = "line two\n";

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether the commit `new` has `old` behind it.
fn moved_on(lab: &Lab<'_>, old: &str, new: &str) -> bool {
    let commits = lab.ground.plumbing(&lab.git_dir.join("index"), &lab.git_dir, &["rev-list", new]);
    commits.lines().any(|commit| commit == old)
}

/// All refs with their values, read as files.
fn refs(git_dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let packed = fs::read_to_string(git_dir.join("packed-refs")).unwrap_or_default();
    for line in packed.lines() {
        if let Some((value, name)) = line.split_once(' ').filter(|(v, _)| v.len() == 40) {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    let mut loose = Files::new();
    let locks = |path: &Path| path.as_os_str().as_bytes().ends_with(b".lock");
    things(&git_dir.join("refs"), &locks, &mut loose);
    for (path, thing) in loose {
        let name = path.strip_prefix(git_dir).unwrap().to_string_lossy().into_owned();
        let value = match thing {
            Thing::File(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
            Thing::Link(to) => format!("link to {}", to.display()),
            Thing::Other => "neither file nor link".to_owned(),
        };
        found.insert(name, value);
    }
    let head = fs::read_to_string(git_dir.join("HEAD")).unwrap_or_default();
    found.insert("HEAD".to_owned(), head.trim().to_owned());
    found
}
