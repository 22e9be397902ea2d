//! Worktrees whose directory is not where it was: moved by hand, deleted, or something else in its place.

use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{Blocker, Policy, Record, Removal, Wanted, clean, glances};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What keeps it, as people read it.
fn said(repo: &Repo, record: &Record) -> String {
    let blockers = repo.inspect(record).blockers(Policy::Careful);
    blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn words(blockers: &[Blocker]) -> Vec<&'static str> {
    blockers.iter().map(Blocker::word).collect()
}

fn stage(repo: &Repo, record: &Record) {
    write(&record.path, "staged.txt", "staged\n");
    repo.run_in(&record.path, &["add", "staged.txt"]);
}

/// A removal, the list and a cleaning say the same, and all of git's notes stay.
fn is_kept(repo: &Repo, record: &Record, expected: &[&str]) {
    let admin = record.admin.clone().unwrap();
    let before = snapshot(&admin);
    assert_eq!(repo.kept(&record.id, Policy::Careful), expected);
    for looker in repo.lookers() {
        let wanted = Wanted { path: &record.path, record: Some(record) };
        let seen = glances(&looker, &[wanted]).remove(0).seen.unwrap();
        assert_eq!(words(&seen.blockers(Policy::Careful)), expected);
        assert!(!seen.is_clean());
    }
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), true, 0, &repo.log());
    assert!(matches!(cleaned.orphans[..], [(_, Removal::Kept { .. })]), "{cleaned:?}");
    assert_eq!(snapshot(&admin), before);
    repo.run(&["rev-parse", "--verify", &record.branch]);
}

#[test]
fn a_worktree_that_was_moved_by_hand_with_staged_work_is_kept() {
    for far in [false, true] {
        let repo = Repo::new();
        let record = repo.make("one");
        stage(&repo, &record);
        let place = if far { repo.home.state().join("a/b/c") } else { repo.root.join("..") };
        fs::create_dir_all(&place).unwrap();
        let moved = fs::canonicalize(place).unwrap().join("moved");
        fs::rename(&record.path, &moved).unwrap();
        is_kept(&repo, &record, &["uncommitted", "missing"]);
        let text = said(&repo, &record);
        assert!(text.contains("(staged.txt)") && text.contains("--discard"), "{text}");
        assert!(text.contains("git worktree repair"), "{text}");
        assert_eq!(text.contains(&*moved.to_string_lossy()), !far, "{text}");
        // Each way out.
        repo.run_in(&moved, &["status"]);
        fs::rename(&moved, &record.path).unwrap();
        assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
        fs::rename(&record.path, &moved).unwrap();
        let removal = repo.remove("one", Policy::Discard);
        let Removal::Removed { removed, notes, uncommitted } = removal else { panic!("{far}") };
        assert_eq!(uncommitted, [Path::new("staged.txt")]);
        assert!(notes[0].contains("gone already"), "{notes:?}");
        repo.run(&["gc", "--quiet", "--prune=now"]);
        let rescued = repo.run(&["show", &format!("{}:staged.txt", removed.rescue_ref)]);
        assert_eq!(rescued, "staged\n");
        repo.undo("one");
        fs::rename(&moved, &record.path).unwrap();
        assert_eq!(repo.run_in(&record.path, &["status", "--porcelain"]), "A  staged.txt\n");
    }
}

#[test]
fn a_directory_near_that_says_it_is_the_worktree_keeps_it_whatever_is_in_it() {
    let repo = Repo::new();
    let record = repo.make("one");
    let beside = record.path.parent().unwrap();
    for (place, name) in [
        (beside.to_owned(), "moved"),
        (beside.to_owned(), "put/away"),
        (repo.root.clone(), "moved"),
        (repo.root.clone(), "put/away"),
        (repo.root.parent().unwrap().to_owned(), "moved"),
        (repo.root.parent().unwrap().to_owned(), "put/away"),
    ] {
        let moved: PathBuf = place.join(name);
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        write(&record.path, "a.txt", "changed and not staged\n");
        fs::rename(&record.path, &moved).unwrap();
        is_kept(&repo, &record, &["missing"]);
        assert!(said(&repo, &record).contains(&*moved.to_string_lossy()));
        fs::rename(&moved, &record.path).unwrap();
        assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    }
}

#[test]
fn whatever_only_gits_notes_of_a_missing_worktree_hold_keeps_it() {
    type Prepare = fn(&Repo, &Record);
    let prepared: &[(&str, Prepare, &[&str])] = &[
        ("staged", stage, &["uncommitted", "missing"]),
        (
            "a deletion",
            |repo, record| drop(repo.run_in(&record.path, &["rm", "--quiet", "a.txt"])),
            &["uncommitted", "missing"],
        ),
        (
            "a new name alone",
            |repo, record| {
                write(&record.path, "new.txt", "new\n");
                repo.run_in(&record.path, &["add", "-N", "new.txt"]);
            },
            &["uncommitted", "missing"],
        ),
        (
            "no index",
            |_, record| fs::remove_file(record.admin.as_ref().unwrap().join("index")).unwrap(),
            &["uncommitted", "missing"],
        ),
        (
            "a bisection",
            |repo, record| drop(repo.run_in(&record.path, &["bisect", "start"])),
            &["operation", "missing"],
        ),
        (
            "a commit without a branch",
            |repo, record| {
                repo.run_in(&record.path, &["checkout", "--quiet", "--detach"]);
                repo.run_in(&record.path, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
            },
            &["unpushed", "missing"],
        ),
    ];
    for (name, prepare, expected) in prepared {
        let repo = Repo::new();
        let record = repo.make("one");
        prepare(&repo, &record);
        fs::remove_dir_all(&record.path).unwrap();
        is_kept(&repo, &record, expected);
        assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }), "{name}");
    }
}

#[test]
fn a_merge_with_conflicts_keeps_a_missing_worktree() {
    let repo = Repo::new();
    let record = repo.make("one");
    repo.write("a.txt", "ours\n");
    repo.commit("ours");
    write(&record.path, "a.txt", "theirs\n");
    repo.run_in(&record.path, &["commit", "--quiet", "-am", "theirs"]);
    repo.run(&["branch", "kept", &record.branch]);
    assert_ne!(repo.try_in(&record.path, &["merge", "main"]).code, Some(0));
    let stages = repo.run_in(&record.path, &["ls-files", "--stage"]);
    let moved = repo.home.state().join("moved");
    fs::rename(&record.path, &moved).unwrap();
    is_kept(&repo, &record, &["operation", "uncommitted", "missing"]);
    let uncommitted = repo.inspect(&record).uncommitted();
    assert_eq!(uncommitted, [Path::new("a.txt")]);
    fs::rename(&moved, &record.path).unwrap();
    assert_eq!(repo.run_in(&record.path, &["ls-files", "--stage"]), stages);
}

#[test]
fn a_worktree_that_is_gone_with_everything_around_it_is_kept() {
    let repo = Repo::new();
    let record = repo.make("one");
    let beside = record.path.parent().unwrap();
    let away = repo.home.state().join("away");
    fs::rename(beside, &away).unwrap();
    is_kept(&repo, &record, &["missing"]);
    fs::rename(&away, beside).unwrap();
    assert!(repo.inspect(&record).is_clean());
}

#[test]
fn a_worktree_that_was_deleted_and_had_nothing_goes_and_comes_back() {
    let repo = Repo::new();
    let record = repo.make("one");
    fs::remove_dir_all(&record.path).unwrap();
    assert!(repo.inspect(&record).missing);
    let Removal::Removed { notes, .. } = repo.remove("one", Policy::Careful) else { panic!() };
    assert!(notes[0].contains("undo"), "{notes:?}");
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 1);
    repo.undo("one");
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 2);
    repo.fsck();
}

#[test]
fn something_else_in_its_place_keeps_it() {
    let repo = Repo::new();
    let record = repo.make("one");
    stage(&repo, &record);
    let moved = repo.home.state().join("moved");
    fs::rename(&record.path, &moved).unwrap();
    let path = record.path.to_string_lossy().into_owned();
    fs::create_dir(&record.path).unwrap();
    is_kept(&repo, &record, &["unreadable"]);
    repo.run(&["init", "--quiet", &path]);
    is_kept(&repo, &record, &["unreadable"]);
    fs::remove_dir_all(&record.path).unwrap();
    symlink(&moved, &record.path).unwrap();
    is_kept(&repo, &record, &["unreadable"]);
    fs::remove_file(&record.path).unwrap();
    fs::write(&record.path, "a file").unwrap();
    is_kept(&repo, &record, &["unreadable"]);
    fs::remove_file(&record.path).unwrap();
    fs::rename(&moved, &record.path).unwrap();
    for text in ["", "gitdir: elsewhere\n"] {
        let file = record.path.join(".git");
        let good = fs::read(&file).unwrap();
        fs::write(&file, text).unwrap();
        is_kept(&repo, &record, &["unreadable"]);
        fs::write(&file, good).unwrap();
    }
    let other = repo.root.join("other");
    repo.run(&["worktree", "move", &path, &other.to_string_lossy()]);
    is_kept(&repo, &record, &["gone"]);
    let text = said(&repo, &record);
    assert!(text.contains("git worktree move") && text.contains("/other"), "{text}");
    repo.run(&["worktree", "move", &other.to_string_lossy(), &path]);
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
}
