//! Any state of a worktree, any removal: every byte that a user wrote is still there.

use crate::reading::same;
use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{Policy, Record, Removal};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What a user or an agent may do in a worktree.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Modify,
    Stage,
    Delete,
    Untracked,
    Ignored,
    Included,
    Hidden,
    Skipped,
    HiddenDelete,
    Sparse,
    OutsideSparse,
    Commit,
    Push,
    Detach,
    Reset,
    Stash,
    Conflict,
    LinkOut,
    DirectoryBecomesLink,
    Nested,
    NestedCommit,
    Submodule,
    SubmoduleChange,
    SubmoduleSkipped,
    SubmoduleCommit,
    Lock,
    IndexCorrupt,
    OddNames,
}

const DEEDS: &[Deed] = &[
    Deed::Modify,
    Deed::Stage,
    Deed::Delete,
    Deed::Untracked,
    Deed::Ignored,
    Deed::Included,
    Deed::Hidden,
    Deed::Skipped,
    Deed::HiddenDelete,
    Deed::Sparse,
    Deed::OutsideSparse,
    Deed::Commit,
    Deed::Push,
    Deed::Detach,
    Deed::Reset,
    Deed::Stash,
    Deed::Conflict,
    Deed::LinkOut,
    Deed::DirectoryBecomesLink,
    Deed::Nested,
    Deed::NestedCommit,
    Deed::Submodule,
    Deed::SubmoduleChange,
    Deed::SubmoduleSkipped,
    Deed::SubmoduleCommit,
    Deed::Lock,
    Deed::IndexCorrupt,
    Deed::OddNames,
];

struct World {
    repo: Repo,
    record: Record,
    remote: bool,
}

impl World {
    fn new(remote: bool) -> World {
        let mut repo = Repo::new();
        repo.write(".worktreeinclude", "env.ignored\n");
        repo.commit("include");
        if remote {
            repo = repo.with_remote();
        }
        repo.write("env.ignored", "A=1\n");
        let record = repo.make("one");
        World { repo, record, remote }
    }

    /// Does it as far as the state allows: git may refuse, a file may be gone.
    fn act(&self, n: usize, deed: Deed) {
        let path = &self.record.path;
        let git = |args: &[&str]| self.repo.try_in(path, args);
        let text = format!("{deed:?} {n}\n");
        match deed {
            Deed::Modify => write(path, "a.txt", &text),
            Deed::Stage => {
                write(path, "staged.txt", &text);
                git(&["add", "staged.txt"]);
            }
            Deed::Delete => drop(fs::remove_file(path.join("dir/b.txt"))),
            Deed::Untracked => write(path, &format!("new {n}/un\u{e9}.txt"), &text),
            Deed::Ignored => write(path, &format!("{n}.ignored"), &text),
            Deed::Included => write(path, "env.ignored", &text),
            Deed::Hidden
            | Deed::Skipped
            | Deed::HiddenDelete
            | Deed::Sparse
            | Deed::OutsideSparse => self.hide(deed, &text),
            Deed::Commit => {
                write(path, &format!("c{n}.txt"), &text);
                git(&["add", "--all", "--", &format!("c{n}.txt")]);
                git(&["commit", "--quiet", "-m", &text]);
            }
            Deed::Push => {
                git(&["push", "--quiet", "--force", "origin", &format!("HEAD:refs/heads/p{n}")]);
            }
            Deed::Detach => {
                git(&["checkout", "--quiet", "--detach"]);
            }
            Deed::Reset => {
                git(&["reset", "--quiet", "--hard", &self.record.base.commit]);
            }
            Deed::Stash => {
                git(&["stash", "--quiet"]);
            }
            Deed::Conflict => self.conflict(n),
            Deed::LinkOut => {
                symlink(self.repo.home.user_home(), path.join(format!("out{n}"))).ok();
            }
            Deed::DirectoryBecomesLink => {
                if fs::rename(path.join("dir"), path.join(format!("was{n}"))).is_ok() {
                    symlink(self.repo.home.user_home(), path.join("dir")).unwrap();
                }
            }
            Deed::Nested | Deed::NestedCommit => {
                let inner = path.join(format!("inner{n}"));
                self.repo.run(&["init", "--quiet", &inner.to_string_lossy()]);
                write(&inner, "x.txt", &text);
                if matches!(deed, Deed::NestedCommit) {
                    self.repo.run_in(&inner, &["add", "."]);
                    self.repo.run_in(&inner, &["commit", "--quiet", "-m", "x"]);
                }
            }
            Deed::Submodule
            | Deed::SubmoduleChange
            | Deed::SubmoduleSkipped
            | Deed::SubmoduleCommit => self.submodule(n, deed),
            Deed::Lock => {
                git(&["worktree", "lock", "--reason", "mine", &path.to_string_lossy()]);
            }
            Deed::IndexCorrupt => {
                let index = self.record.admin.as_ref().unwrap().join("index");
                fs::write(index, text).unwrap();
            }
            Deed::OddNames => {
                for name in ["-rf", " ", "a\nb", "\"q\"", ":(glob)*", "*.txt", "x\ty"] {
                    fs::write(path.join(name), &text).unwrap();
                }
            }
        }
    }

    /// Changes that `git status` is told to pass over.
    fn hide(&self, deed: Deed, text: &str) {
        let path = &self.record.path;
        let git = |args: &[&str]| self.repo.try_in(path, args);
        let keep = |mark: &str, file: &str| git(&["update-index", mark, file]);
        match deed {
            Deed::Hidden => {
                keep("--assume-unchanged", "a.txt");
                write(path, "a.txt", text);
            }
            Deed::Skipped => {
                keep("--skip-worktree", "a.txt");
                write(path, "a.txt", text);
            }
            Deed::HiddenDelete => {
                keep("--assume-unchanged", ".gitignore");
                fs::remove_file(path.join(".gitignore")).ok();
            }
            _ => {
                git(&["sparse-checkout", "set", "--no-cone", "/a.txt"]);
                let dir = fs::symlink_metadata(path.join("dir"));
                if matches!(deed, Deed::OutsideSparse) && !dir.is_ok_and(|m| m.is_symlink()) {
                    write(path, "dir/b.txt", text);
                }
            }
        }
    }

    fn submodule(&self, n: usize, deed: Deed) {
        let sub = self.record.path.join(format!("sub{n}"));
        let address = self.repo.root.to_string_lossy().into_owned();
        let name = sub.file_name().unwrap().to_string_lossy().into_owned();
        self.repo.try_in(&self.record.path, &["submodule", "--quiet", "add", &address, &name]);
        if !sub.join(".git").exists() {
            return;
        }
        if matches!(deed, Deed::SubmoduleSkipped) {
            self.repo.try_in(&sub, &["update-index", "--skip-worktree", "a.txt"]);
        }
        if !matches!(deed, Deed::Submodule) {
            write(&sub, "a.txt", &format!("{deed:?} {n}\n"));
        }
        if matches!(deed, Deed::SubmoduleCommit) {
            self.repo.try_in(&sub, &["commit", "--quiet", "-am", "x"]);
        }
    }

    fn conflict(&self, n: usize) {
        let path = &self.record.path;
        let main = format!("other{n}");
        self.repo.try_in(&self.repo.root, &["checkout", "--quiet", "-b", &main]);
        write(&self.repo.root, "a.txt", &format!("other {n}\n"));
        self.repo.try_in(&self.repo.root, &["commit", "--quiet", "-am", "other"]);
        write(path, "a.txt", &format!("this {n}\n"));
        self.repo.try_in(path, &["commit", "--quiet", "-am", "this"]);
        self.repo.try_in(path, &["merge", &main]);
    }

    /// Files whose bytes are not in HEAD, told without asking git what it takes for a change.
    /// Ignored ones and repositories inside do not count.
    fn unsaved(&self, files: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeSet<PathBuf> {
        let path = &self.record.path;
        let kept = |file: &Path| {
            let inner = |above: &Path| files.contains_key(&above.join(".git"));
            let ignored = file.extension().is_some_and(|e| e == "ignored");
            !ignored
                && !file.starts_with(".git")
                && !file.ancestors().any(|a| !a.as_os_str().is_empty() && inner(a))
        };
        let plain = |file: &Path| {
            fs::symlink_metadata(path.join(file)).is_ok_and(|m| m.is_file() || m.is_symlink())
        };
        let in_head = |file: &Path, bytes: &[u8]| {
            let object = format!("HEAD:{}", file.to_string_lossy());
            let shown = self.repo.try_in(path, &["cat-file", "blob", &object]);
            shown.code == Some(0) && shown.stdout == bytes
        };
        let unsaved = files.iter().filter(|(file, _)| kept(file) && plain(file));
        unsaved.filter(|(file, bytes)| !in_head(file, bytes)).map(|(f, _)| f.clone()).collect()
    }

    /// Everything of the worktree: files, what is staged, commits that were HEAD, stashes.
    fn picture(&self) -> Picture {
        let path = &self.record.path;
        let says = |args: &[&str]| {
            let ended = self.repo.try_in(path, args);
            String::from_utf8_lossy(&ended.stdout).into_owned()
        };
        let commits = says(&["log", "--walk-reflogs", "--format=%H"]);
        Picture {
            files: snapshot(path),
            staged: says(&["ls-files", "--stage"]),
            status: says(&["status", "--porcelain=v2", "--branch"]),
            stashes: says(&["stash", "list", "--format=%H"]),
            commits: commits.lines().map(str::to_owned).collect(),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Picture {
    files: BTreeMap<PathBuf, Vec<u8>>,
    staged: String,
    status: String,
    stashes: String,
    commits: BTreeSet<String>,
}

/// How a worktree is taken away.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    policy: Policy,
    inside: bool,
    gone: bool,
}

fn check(deeds: &[Deed], remote: bool, attempt: Attempt) {
    let world = World::new(remote);
    for (n, deed) in deeds.iter().enumerate() {
        world.act(n, *deed);
    }
    let World { repo, record, .. } = &world;
    assert_eq!(world.remote, remote);
    same(repo, record);
    let before = world.picture();
    let unsaved = world.unsaved(&before.files);
    if attempt.gone {
        fs::remove_dir_all(&record.path).unwrap();
    }
    let worker = (attempt.inside && !attempt.gone).then(|| {
        let mut cat = std::process::Command::new("/bin/cat");
        cat.current_dir(&record.path).stdin(std::process::Stdio::piped());
        cat.stdout(std::process::Stdio::null()).spawn().unwrap()
    });
    let removal = repo.remove("one", attempt.policy);
    let occupied = worker.is_some();
    if let Some(mut worker) = worker {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let Removal::Removed { removed, uncommitted, .. } = removal else {
        if !attempt.gone {
            assert_eq!(world.picture(), before, "kept means untouched");
        }
        return;
    };
    assert!(!occupied && !record.path.exists());
    let corrupt = deeds.iter().any(|deed| matches!(deed, Deed::IndexCorrupt | Deed::Lock));
    assert!(!corrupt, "what cannot be read or is locked stays");
    assert!(attempt.policy == Policy::Discard || uncommitted.is_empty());
    repo.run(&["gc", "--quiet", "--prune=now"]);
    for commit in &before.commits {
        repo.run(&["cat-file", "-e", commit]);
    }
    if !attempt.gone {
        let untold = unsaved.iter().find(|file| !uncommitted.contains(file));
        assert_eq!(untold, None, "what is not committed is told");
        rescued(repo, &removed.rescue_ref, &before, &uncommitted);
        assert_eq!(snapshot(&removed.aside.join("tree")), before.files);
        repo.undo("one");
        assert_eq!(world.picture(), before);
    }
    repo.fsck();
}

/// Every uncommitted file is in the rescue, byte by byte; repositories inside are kept aside.
fn rescued(repo: &Repo, rescue: &str, before: &Picture, uncommitted: &[PathBuf]) {
    for path in uncommitted {
        let Some(bytes) =
            before.files.get(path).filter(|_| !before.files.contains_key(&path.join(".git")))
        else {
            continue;
        };
        let linked_above = path
            .ancestors()
            .skip(1)
            .any(|a| fs::symlink_metadata(repo.root.join(a)).is_ok_and(|m| m.is_symlink()));
        if linked_above {
            continue;
        }
        let object = format!("{rescue}:{}", path.to_string_lossy());
        let shown = repo.try_in(&repo.root, &["cat-file", "blob", &object]);
        assert_eq!(shown.stdout, *bytes, "{}", path.display());
    }
}

/// Each case runs about a hundred programs: few by default, as many as asked for by variable.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(14),
        max_shrink_iters: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_a_user_wrote_is_lost(
        deeds in prop::collection::vec(prop::sample::select(DEEDS), 0..7),
        remote in any::<bool>(),
        discard in prop::bool::weighted(0.7),
        inside in prop::bool::weighted(0.1),
        gone in prop::bool::weighted(0.1),
    ) {
        let policy = if discard { Policy::Discard } else { Policy::Careful };
        check(&deeds, remote, Attempt { policy, inside, gone });
    }
}

/// Each kind of state once for certain, whatever the seed. In parts, so that they run side by side.
fn each(part: usize) {
    for deed in DEEDS.iter().skip(part).step_by(4) {
        check(&[*deed], true, Attempt { policy: Policy::Discard, inside: false, gone: false });
    }
}

#[test]
fn each_state_alone_loses_nothing_first_part() {
    each(0);
}

#[test]
fn each_state_alone_loses_nothing_second_part() {
    each(1);
}

#[test]
fn each_state_alone_loses_nothing_third_part() {
    each(2);
}

#[test]
fn each_state_alone_loses_nothing_fourth_part() {
    each(3);
}
