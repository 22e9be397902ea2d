//! Worktrees of which neither the directory nor git's notes are there: taken away by the user, gone with their
//! repository, or only out of reach.

use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{Listed, Policy, Record, Removal, clean, list};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn force(repo: &Repo, record: &Record) {
    repo.run(&["worktree", "remove", "--force", &record.path.to_string_lossy()]);
}

/// What a removal says of it; the record is gone then.
fn forgotten(repo: &Repo, policy: Policy) -> String {
    let Removal::Forgotten { found } = repo.remove("one", policy) else { panic!("not forgotten") };
    assert_eq!(repo.ledger.record("one"), Ok(None));
    assert!(rows(repo).is_empty(), "{:?}", rows(repo));
    found
}

fn rows(repo: &Repo) -> Vec<Listed> {
    let (rows, wrong) = list(&repo.looker(), &repo.ledger, &BTreeSet::new());
    assert!(wrong.is_empty(), "{wrong:?}");
    rows
}

/// Only who asks for it gets it off the list, and nothing on disk changes by that.
fn stays_without_proof(repo: &Repo, record: &Record, words: &[&str], kept: &[&Path]) {
    let before: Vec<_> = kept.iter().map(|dir| snapshot(dir)).collect();
    let Removal::Kept { blockers } = repo.remove("one", Policy::Careful) else {
        panic!("{words:?}")
    };
    let text = blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    for word in words.iter().chain(&["--discard"]) {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(blockers[0].word(), "gone");
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), true, 0, &repo.log());
    assert!(matches!(cleaned.orphans[..], [(_, Removal::Kept { .. })]), "{cleaned:?}");
    let row = rows(repo).into_iter().find(|row| row.path == record.path).unwrap();
    assert!(row.missing && row.unknown.unwrap().contains("--discard"));
    let Removal::Forgotten { found } = repo.remove("one", Policy::Discard) else {
        panic!("{words:?}")
    };
    assert!(found.contains("stays as it is"), "{found}");
    let after: Vec<_> = kept.iter().map(|dir| snapshot(dir)).collect();
    assert_eq!(before, after);
}

#[test]
fn failures_38_a_worktree_that_the_user_took_away_goes_off_the_list_and_its_branch_stays() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "work.txt", "w\n");
    repo.run_in(&record.path, &["add", "--all"]);
    repo.run_in(&record.path, &["commit", "--quiet", "-m", "work"]);
    force(&repo, &record);
    let row = rows(&repo).remove(0);
    assert!(row.missing && row.unknown.unwrap().contains("is kept"));
    let found = forgotten(&repo, Policy::Careful);
    assert!(found.contains(&format!("its branch {} is kept", record.branch)), "{found}");
    assert_eq!(repo.run(&["show", &format!("{}:work.txt", record.branch)]), "w\n");
    // Its name is free again for another.
    repo.run(&["branch", "-D", &record.branch]);
    let again = repo.make("one");
    assert_eq!(again.path, record.path);
    force(&repo, &again);
    repo.run(&["branch", "-D", &record.branch]);
    let found = forgotten(&repo, Policy::Discard);
    assert!(found.contains("no branch"), "{found}");
}

#[test]
fn failures_38_a_cleaning_takes_what_nothing_is_left_of_off_the_list() {
    let repo = Repo::new();
    let record = repo.make("one");
    let other = repo.make("two");
    force(&repo, &record);
    fs::remove_dir_all(&other.path).unwrap();
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), true, 0, &repo.log());
    let all = cleaned.orphans.iter().map(|(_, removal)| removal).collect::<Vec<_>>();
    // What git has notes of goes as ever, and can be brought back.
    assert!(matches!(all[..], [Removal::Forgotten { .. }, Removal::Removed { .. }]), "{all:?}");
    assert!(cleaned.problems.is_empty(), "{cleaned:?}");
    repo.run(&["rev-parse", "--verify", &record.branch]);
}

#[test]
fn failures_38_a_worktree_whose_repository_was_deleted_goes_off_the_list() {
    for files_only in [false, true] {
        let repo = Repo::new();
        let record = repo.make("one");
        match files_only {
            false => fs::remove_dir_all(&repo.root).unwrap(),
            // The checkout stays without its git directory.
            true => {
                fs::remove_dir_all(&record.path).unwrap();
                fs::remove_dir_all(repo.root.join(".git")).unwrap();
            }
        }
        let found = match repo.remove("one", Policy::Careful) {
            Removal::Forgotten { found } => found,
            other => panic!("{other:?}"),
        };
        assert!(found.contains("so is its repository"), "{found}");
        assert_eq!(repo.ledger.record("one"), Ok(None));
    }
}

#[test]
fn failures_38_a_removed_worktree_of_a_deleted_repository_goes_when_its_time_is_over() {
    let repo = Repo::new();
    repo.make("one");
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
    fs::remove_dir_all(&repo.root).unwrap();
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), false, u64::MAX, &repo.log());
    assert!(cleaned.problems.is_empty(), "{cleaned:?}");
    assert_eq!(cleaned.expired.len(), 1);
    assert!(repo.ledger.removed().0.is_empty());
}

#[test]
fn failures_38_another_repository_in_the_place_of_its_own_keeps_no_record() {
    let repo = Repo::new();
    let record = repo.make("one");
    fs::remove_dir_all(&repo.root).unwrap();
    fs::create_dir(&repo.root).unwrap();
    repo.run(&["init", "--quiet"]);
    repo.write("a.txt", "another\n");
    repo.commit("another");
    let found = forgotten(&repo, Policy::Careful);
    assert!(found.contains(&format!("no branch {} either", record.branch)), "{found}");
    assert_eq!(repo.run(&["show", "HEAD:a.txt"]), "another\n");
}

#[test]
fn failures_38_a_repository_that_was_renamed_keeps_its_worktrees_on_the_list() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "work.txt", "w\n");
    let moved = repo.root.with_file_name("renamed");
    fs::rename(&repo.root, &moved).unwrap();
    let at = moved.join(record.path.strip_prefix(&repo.root).unwrap());
    let at_text = at.to_string_lossy().into_owned();
    stays_without_proof(&repo, &record, &["git worktree repair", &at_text], &[&moved]);
    // The way that was named.
    repo.run_in(&moved, &["worktree", "repair", &at_text]);
    assert_eq!(repo.run_in(&at, &["status", "--porcelain"]), "?? work.txt\n");
}

#[test]
fn failures_38_a_worktree_that_git_moved_is_forgotten_only_where_that_is_asked_for() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "work.txt", "w\n");
    let other = repo.root.join("other");
    let (from, to) = (record.path.to_string_lossy(), other.to_string_lossy());
    repo.run(&["worktree", "move", &from, &to]);
    let before = snapshot(&other);
    assert_eq!(repo.kept("one", Policy::Careful), ["gone"]);
    let Removal::Forgotten { found } = repo.remove("one", Policy::Discard) else { panic!() };
    assert!(found.contains("stays as it is"), "{found}");
    assert_eq!(snapshot(&other), before);
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 2);
}

#[test]
fn failures_38_a_disk_that_may_not_be_mounted_keeps_the_record() {
    let repo = Repo::new();
    let record = repo.make("one");
    let work = repo.root.parent().unwrap().to_owned();
    let away = repo.home.state().join("away");
    // All of it is away, with the directory that it was in.
    fs::rename(&work, &away).unwrap();
    stays_without_proof(&repo, &record, &["may not be mounted"], &[&away]);
    fs::rename(&away, &work).unwrap();

    let repo = Repo::new();
    let record = repo.make("one");
    let work = repo.root.parent().unwrap().to_owned();
    let away = repo.home.state().join("away");
    fs::rename(&work, &away).unwrap();
    // Another directory in its place, as where a disk is mounted otherwise; it need not be empty.
    fs::create_dir(&work).unwrap();
    fs::write(work.join("README"), "mount here").unwrap();
    stays_without_proof(&repo, &record, &["not the directory that it was"], &[&away]);
}

#[test]
fn failures_38_a_link_or_a_file_on_the_way_is_no_proof() {
    for discard in [Policy::Careful, Policy::Discard] {
        for link in [true, false] {
            let repo = Repo::new();
            repo.make("one");
            fs::rename(&repo.root, repo.home.state().join("away")).unwrap();
            match link {
                true => symlink("nowhere", &repo.root).unwrap(),
                false => fs::write(&repo.root, "a file").unwrap(),
            }
            assert_eq!(repo.kept("one", discard), ["unreadable"], "{link}");
        }
    }
}

#[test]
fn failures_38_files_that_git_does_not_know_any_more_stay_and_the_way_out_is_named() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "work.txt", "w\n");
    let admin = record.admin.clone().unwrap();
    let aside = repo.home.state().join("admin");
    fs::rename(&admin, &aside).unwrap();
    let before = snapshot(&record.path);
    for policy in [Policy::Careful, Policy::Discard] {
        let Removal::Kept { blockers } = repo.remove("one", policy) else { panic!() };
        let text = blockers[0].to_string();
        assert!(text.contains("take out what you need") && text.contains("repair"), "{text}");
        assert!(rows(&repo)[0].unknown.as_ref().unwrap().contains("take out what you need"));
    }
    assert_eq!(snapshot(&record.path), before);
    // Without its `.git` it is just a directory of the user's.
    fs::remove_file(record.path.join(".git")).unwrap();
    assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
    fs::remove_dir_all(&record.path).unwrap();
    forgotten(&repo, Policy::Careful);
}

#[test]
fn failures_38_a_locked_worktree_that_is_missing_is_kept_and_one_that_is_prunable_goes_as_ever() {
    let repo = Repo::new();
    let record = repo.make("one");
    let path = record.path.to_string_lossy().into_owned();
    repo.run(&["worktree", "lock", "--reason", "on a stick", &path]);
    fs::remove_dir_all(&record.path).unwrap();
    assert_eq!(repo.kept("one", Policy::Discard), ["locked"]);
    repo.run(&["worktree", "unlock", &path]);
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
    repo.undo("one");
    // git's own way for these.
    repo.run(&["worktree", "prune", "--expire", "now"]);
    forgotten(&repo, Policy::Careful);
}

#[test]
fn failures_38_a_record_of_an_older_version_is_read_and_one_on_an_empty_place_is_no_proof() {
    let repo = Repo::new();
    let record = repo.make("one");
    let file = repo.home.state().join("worktrees/made/one.json");
    let strip = || {
        let mut old: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert!(old.as_object_mut().unwrap().remove("grounds").is_some());
        fs::write(&file, serde_json::to_vec(&old).unwrap()).unwrap();
    };
    strip();
    force(&repo, &record);
    forgotten(&repo, Policy::Careful);
    repo.run(&["branch", "-D", &record.branch]);
    repo.make("one");
    strip();
    // Nothing else is where the repository was.
    let (work, away) = (repo.root.parent().unwrap(), repo.home.state().join("away"));
    for entry in fs::read_dir(work).unwrap().map(Result::unwrap) {
        fs::create_dir_all(&away).unwrap();
        fs::rename(entry.path(), away.join(entry.file_name())).unwrap();
    }
    stays_without_proof(&repo, &record, &["is empty"], &[&away]);
}
