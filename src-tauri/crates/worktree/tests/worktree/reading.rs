//! Looks for people's eyes: what libgit2 in its child says is what git says, and a repository that
//! was built to hang, feed or mislead its reader costs its own row.

use crate::repo::{Repo, write};
use nightshift_git_reader::{Limits, Reader};
use nightshift_platform::clock;
use nightshift_worktree::{
    Blocker, Glance, Inspection, Listed, Looker, MainCheckout, Policy, Record, Wanted, glances,
    list, whereabouts,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Short, because hostile repositories take all of it; long enough for an honest one.
const SHORT: Limits = Limits { wall: Duration::from_secs(3), cpu_s: 2 };
/// Only what hangs takes this long.
const MUCH: Duration = Duration::from_secs(50);

fn short(repo: &Repo) -> Looker {
    let reader = Reader::new([repo.reader_program().into()]).with_limits(SHORT);
    Looker::new(repo.git.clone(), Arc::new(reader))
}

fn listed(looker: &Looker, repo: &Repo, roots: &[&Path]) -> Vec<Listed> {
    let roots: BTreeSet<PathBuf> = roots.iter().map(|root| (*root).to_owned()).collect();
    list(looker, &repo.ledger, &roots).0
}

fn glanced(looker: &Looker, records: &[&Record]) -> Vec<Inspection> {
    let wanted: Vec<_> =
        records.iter().map(|r| Wanted { path: &r.path, record: Some(*r) }).collect();
    let seen = glances(looker, &wanted).into_iter();
    seen.map(|Glance { bytes, seen }| bytes.and(seen).unwrap()).collect()
}

/// What people read: kinds and counts; why something cannot be read is told in other words.
pub fn told(seen: &Inspection) -> Vec<String> {
    let blockers = seen.blockers(Policy::Careful);
    let words = blockers.iter().filter_map(|blocker| match blocker {
        Blocker::Unreadable { .. } => Some("unreadable".to_owned()),
        // Of the test's own: they come and go.
        Blocker::Occupied { .. } => None,
        other => Some(other.to_string()),
    });
    words.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Reader and program say the same of a worktree, or the reader says that it is unknown where the
/// program cannot read it either.
pub fn same(repo: &Repo, record: &Record) {
    let [by_reader, by_program] = repo.lookers();
    let [ours, gits] = [&by_reader, &by_program].map(|looker| glanced(looker, &[record]).remove(0));
    match ours.unreadable.is_empty() {
        true => assert_eq!(told(&ours), told(&gits), "{ours:?}\n{gits:?}"),
        false => assert!(!gits.unreadable.is_empty(), "{ours:?}\n{gits:?}"),
    }
    let rows = |looker| -> Vec<_> {
        let rows = listed(looker, repo, &[]).into_iter();
        rows.map(|row| (row.path, row.branch, row.commit, row.lock, row.missing)).collect()
    };
    assert_eq!(rows(&by_reader), rows(&by_program));
}

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::remove_file(path).ok();
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

struct Trap {
    name: &'static str,
    /// In the repository, or in the worktree of the record.
    set: fn(&Repo, &Record),
}

/// Of a worktree, as its agent may set them.
const IN_A_WORKTREE: &[Trap] = &[
    Trap { name: "a pipe as .gitignore", set: |_, record| fifo(&record.path.join(".gitignore")) },
    Trap {
        name: "a pipe as .gitignore where nothing is tracked",
        set: |_, record| fifo(&record.path.join("new/.gitignore")),
    },
    Trap {
        name: "a pattern of fourteen bytes that never ends",
        set: |_, record| {
            write(&record.path, ".gitignore", "*a*a*a*a*a*ab\n");
            write(&record.path, &format!("{}c", "a".repeat(120)), "");
        },
    },
    Trap {
        name: "a pipe as index",
        set: |_, record| fifo(&record.admin.as_ref().unwrap().join("index")),
    },
    Trap {
        name: "a pipe as HEAD",
        set: |_, record| fifo(&record.admin.as_ref().unwrap().join("HEAD")),
    },
    Trap {
        name: "a pipe as its branch",
        set: |repo, record| {
            fifo(&repo.root.join(".git/refs/heads").join(&record.branch));
        },
    },
    Trap {
        name: "a .git that leads elsewhere",
        set: |repo, record| {
            let text = format!("gitdir: {}\n", repo.root.join(".git").display());
            fs::write(record.path.join(".git"), text).unwrap();
        },
    },
    Trap {
        name: "a repository inside whose configuration is a pipe",
        set: |repo, record| {
            repo.run(&["init", "--quiet", &record.path.join("inner").to_string_lossy()]);
            fifo(&record.path.join("inner/.git/config"));
        },
    },
    Trap {
        name: "a repository inside that takes /etc for its checkout",
        set: |repo, record| {
            let inner = record.path.join("inner");
            repo.run(&["init", "--quiet", &inner.to_string_lossy()]);
            write(&inner, "f", "f");
            repo.run_in(&inner, &["config", "core.worktree", "/etc"]);
        },
    },
    Trap {
        name: "a commit that says it has gigabytes",
        set: |repo, record| {
            const ID: &str = "1111111111111111111111111111111111111111";
            // A zlib stream of one stored block; only its beginning is read.
            let head = b"commit 3221225472\0tree ";
            let length = u16::try_from(head.len()).unwrap();
            let mut stream = vec![0x78, 0x01, 0x01];
            stream.extend(length.to_le_bytes());
            stream.extend((!length).to_le_bytes());
            stream.extend(head);
            let object = repo.root.join(".git/objects/11").join(&ID[2..]);
            fs::create_dir_all(object.parent().unwrap()).unwrap();
            fs::write(object, stream).unwrap();
            fs::write(record.admin.as_ref().unwrap().join("HEAD"), format!("{ID}\n")).unwrap();
        },
    },
];

#[test]
fn security_01_a_hostile_worktree_is_unknown_and_costs_its_own_row() {
    for trap in IN_A_WORKTREE {
        let repo = Repo::new();
        let [good, bad, dirty] = ["good", "bad", "dirty"].map(|id| repo.make(id));
        write(&dirty.path, "new.txt", "work\n");
        (trap.set)(&repo, &bad);
        let (looker, started) = (short(&repo), clock::monotonic());
        let rows = listed(&looker, &repo, &[]);
        let seen = glanced(&looker, &[&good, &bad, &dirty]);
        assert!(clock::monotonic() - started < MUCH, "{}: the limits did not hold", trap.name);
        let row = |record: &Record| rows.iter().find(|row| row.path == record.path).unwrap();
        for record in [&good, &dirty] {
            let row = row(record);
            assert_eq!(row.branch.as_deref(), Some(&*record.branch), "{}", trap.name);
            assert_eq!(row.commit.as_deref(), Some(&*record.base.commit), "{}", trap.name);
            assert_eq!((&row.unknown, row.missing), (&None, false), "{}", trap.name);
        }
        assert_eq!(told(&seen[0]), Vec::<String>::new(), "{}", trap.name);
        assert_eq!(told(&seen[2]), ["1 uncommitted change (new.txt)"], "{}", trap.name);
        let unreadable = told(&seen[1]).contains(&"unreadable".to_owned());
        assert!(unreadable, "{}: {:?}", trap.name, seen[1]);
    }
}

/// Of a repository, as a clone brings them or an agent sets them in the main checkout.
const IN_A_REPOSITORY: &[Trap] = &[
    Trap { name: "a pipe as configuration", set: |repo, _| fifo(&repo.root.join(".git/config")) },
    Trap {
        name: "a pipe that the configuration includes",
        set: |repo, _| {
            fifo(&repo.root.join(".git/pipe"));
            let config = fs::read_to_string(repo.root.join(".git/config")).unwrap();
            repo.write(".git/config", &format!("{config}[include]\n\tpath = pipe\n"));
        },
    },
    Trap {
        name: "a pipe as packed-refs",
        set: |repo, _| fifo(&repo.root.join(".git/packed-refs")),
    },
    Trap {
        name: "another checkout",
        set: |repo, _| drop(repo.run(&["config", "core.worktree", "/etc"])),
    },
    Trap { name: "a pipe as .gitignore", set: |repo, _| fifo(&repo.root.join(".gitignore")) },
    Trap {
        name: "a pattern that never ends",
        set: |repo, _| {
            repo.write(".gitignore", "*a*a*a*a*a*ab\n");
            repo.write(&format!("{}c", "a".repeat(120)), "");
        },
    },
];

#[test]
fn security_12_a_hostile_main_checkout_is_unknown_within_its_limits() {
    for trap in IN_A_REPOSITORY {
        let repo = Repo::new();
        let record = repo.make("one");
        (trap.set)(&repo, &record);
        let (looker, started) = (short(&repo), clock::monotonic());
        let error = MainCheckout::look(&looker, &repo.root).unwrap_err();
        assert!(error.message.contains("was not looked into"), "{}: {error}", trap.name);
        assert!(!error.hint.is_empty());
        let at = whereabouts(&looker, &repo.root.join("dir"));
        assert_eq!((at.root, at.subdirectory), (repo.root.clone(), PathBuf::from("dir")));
        assert!(clock::monotonic() - started < MUCH, "{}: the limits did not hold", trap.name);
    }
}

#[test]
fn security_01_a_hostile_repository_hides_no_other() {
    for trap in IN_A_REPOSITORY {
        let repo = Repo::new();
        let record = repo.make("one");
        let other = Repo::new();
        let by_hand = other.root.with_file_name("by-hand");
        other.run(&["worktree", "add", "--quiet", &by_hand.to_string_lossy()]);
        (trap.set)(&repo, &record);
        let (looker, started) = (short(&repo), clock::monotonic());
        let rows = listed(&looker, &repo, &[&other.root]);
        assert!(clock::monotonic() - started < MUCH, "{}: the limits did not hold", trap.name);
        let row = rows.iter().find(|row| row.path == by_hand).unwrap();
        assert_eq!(row.branch.as_deref(), Some("by-hand"), "{}", trap.name);
        // Ours is named whatever is wrong with its repository.
        let ours = rows.iter().find(|row| row.path == record.path).unwrap();
        assert!(ours.unknown.is_some() || ours.commit.as_deref() == Some(&*record.base.commit));
    }
}

#[test]
fn security_12_programs_of_a_configuration_that_never_rests_do_not_run() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "a.txt", "A\n");
    let mark = repo.root.with_file_name("sprung");
    let calm = fs::read_to_string(repo.root.join(".git/config")).unwrap();
    let touch = format!("touch '{}'", mark.display());
    let evil = format!(
        "{calm}[core]\n\tfsmonitor = \"{touch}\"\n\thooksPath = \"{}\"\n\
         [filter \"evil\"]\n\tclean = \"{touch}; cat\"\n\trequired = true\n",
        repo.root.with_file_name("hooks").display()
    );
    // libgit2 does not tell what a filter makes of a file: the program is asked.
    write(&repo.root, ".git/info/attributes", "* filter=evil\n");
    let hook = repo.root.with_file_name("hooks").join("post-index-change");
    write(hook.parent().unwrap(), "post-index-change", &format!("#!/bin/sh\n{touch}\n"));
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for text in [&evil, &calm] {
                    let next = repo.root.join(".git/config.next");
                    fs::write(&next, text).unwrap();
                    fs::rename(next, repo.root.join(".git/config")).unwrap();
                }
            }
        });
        let looker = short(&repo);
        for _ in 0..10 {
            MainCheckout::look(&looker, &repo.root).ok();
            whereabouts(&looker, &repo.root);
            listed(&looker, &repo, &[]);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(!mark.exists(), "a program of the repository ran");
}

#[test]
fn what_libgit2_cannot_read_the_program_tells() {
    for args in [
        &["init", "--quiet", "--ref-format=reftable"][..],
        &["init", "--quiet", "--object-format=sha256"],
    ] {
        let repo = Repo::new();
        let root = repo.root.with_file_name("other");
        // An older git knows fewer formats.
        let made = repo.try_in(&repo.root, &[args, &[&*root.to_string_lossy()]].concat());
        if made.code != Some(0) {
            continue;
        }
        write(&root, "a.txt", "a\n");
        repo.run_in(&root, &["add", "--all"]);
        repo.run_in(&root, &["commit", "--quiet", "-m", "first"]);
        tells(&repo, &root);
    }
    let repo = Repo::new();
    repo.run(&["config", "core.repositoryFormatVersion", "1"]);
    repo.run(&["config", "extensions.partialClone", "origin"]);
    repo.run(&["config", "remote.origin.url", "/nonexistent"]);
    tells(&repo, &repo.root);
}

fn tells(repo: &Repo, root: &Path) {
    let linked = root.with_file_name("linked");
    repo.run_in(root, &["worktree", "add", "--quiet", &linked.to_string_lossy()]);
    let looker = repo.looker();
    let rows = listed(&looker, repo, &[root]);
    let head = repo.run_in(root, &["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!((rows.len(), &rows[0].path), (1, &linked));
    assert_eq!((rows[0].branch.as_deref(), rows[0].commit.clone()), (Some("linked"), Some(head)));
    let before = MainCheckout::look(&looker, root).unwrap();
    write(root, "a.txt", "changed\n");
    let after = MainCheckout::look(&looker, root).unwrap();
    assert_eq!(after.changed_since(&before), [PathBuf::from("a.txt")]);
    assert_eq!(whereabouts(&looker, &linked).repository, root);
}

#[test]
fn where_a_directory_is_is_told_alike() {
    let repo = Repo::new();
    let record = repo.make("one");
    let outside = repo.root.with_file_name("outside");
    fs::create_dir(&outside).unwrap();
    let link = repo.root.with_file_name("link");
    std::os::unix::fs::symlink(repo.root.join("dir"), &link).unwrap();
    let separate = repo.root.with_file_name("separate");
    let elsewhere = format!("--separate-git-dir={}.git", separate.display());
    repo.run(&["init", "--quiet", &elsewhere, &separate.to_string_lossy()]);
    let inside = repo.root.join(".git/refs");
    for dir in
        [&repo.root, &repo.root.join("dir"), &record.path, &outside, &link, &separate, &inside]
    {
        let [ours, gits] = repo.lookers().map(|looker| whereabouts(&looker, dir));
        assert_eq!(ours, gits, "{}", dir.display());
    }
}

#[test]
fn ahead_and_behind_are_told_with_the_list() {
    let repo = Repo::new().with_remote();
    let record = repo.make("one");
    repo.run_in(&record.path, &["branch", "--quiet", "--set-upstream-to=origin/main"]);
    repo.run_in(&record.path, &["commit", "--quiet", "--allow-empty", "-m", "ours"]);
    repo.commit("theirs");
    repo.commit("theirs too");
    repo.run(&["push", "--quiet", "origin", "main"]);
    let rows = listed(&repo.looker(), &repo, &[]);
    assert_eq!((rows[0].ahead, rows[0].behind), (Some(1), Some(2)));
    assert_eq!(told(&glanced(&repo.looker(), &[&record])[0]), ["1 unpushed commit"]);
}

#[test]
fn another_reader_of_the_main_checkout_is_no_change_of_it() {
    let repo = Repo::new();
    repo.write("notes.txt", "mine\n");
    let [reader, program] = repo.lookers();
    for (first, then) in [(&reader, &program), (&program, &reader)] {
        let before = MainCheckout::look(first, &repo.root).unwrap();
        let after = MainCheckout::look(then, &repo.root).unwrap();
        assert_eq!(after.changed_since(&before), Vec::<PathBuf>::new());
        repo.write("notes.txt", "mine, and longer\n");
        fs::remove_file(repo.root.join("dir/b.txt")).unwrap();
        let after = MainCheckout::look(then, &repo.root).unwrap();
        assert_eq!(after.changed_since(&before), ["dir/b.txt", "notes.txt"].map(PathBuf::from));
        repo.write("dir/b.txt", "b\n");
        repo.write("notes.txt", "mine\n");
    }
}

#[test]
fn what_the_user_ignores_everywhere_counts() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "x.swp", "x");
    same(&repo, &record);
    let config = repo.home.user_home().join(".gitconfig");
    let old = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{old}[core]\n\texcludesFile = ~/ignored\n")).unwrap();
    fs::write(repo.home.user_home().join("ignored"), "*.swp\n").unwrap();
    assert_eq!(told(&glanced(&repo.looker(), &[&record])[0]), Vec::<String>::new());
    same(&repo, &record);
    fs::write(&config, format!("{old}[core]\n\tfileMode = false\n")).unwrap();
    same(&repo, &record);
}
