//! The list of all worktrees, their sizes, the cleaner, and the watch on the main checkout.

use crate::repo::{Repo, snapshot, write};
use nightshift_platform::clock;
use nightshift_worktree::{
    MainCheckout, Policy, Removal, UNDO_DAYS, clean, expire_rescues, list, rescue_ref, size,
};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[test]
fn worktrees_of_all_makers_are_listed_and_a_damaged_record_is_named() {
    let repo = Repo::new();
    let record = repo.make("one");
    let by_hand = repo.home.work().join("by-hand");
    repo.run(&["worktree", "add", "--quiet", &by_hand.to_string_lossy()]);
    fs::write(repo.home.state().join("worktrees/made/two.json"), "{").unwrap();
    let (listed, wrong) = list(&repo.looker(), &repo.ledger, &BTreeSet::new());
    assert_eq!(listed.len(), 2, "{listed:?}");
    let ours = listed.iter().find(|l| l.path == record.path).unwrap();
    assert_eq!(ours.record.as_ref(), Some(&record));
    assert_eq!(ours.branch.as_deref(), Some("worktree-one"));
    let theirs = listed.iter().find(|l| l.path != record.path).unwrap();
    assert!(theirs.record.is_none() && !theirs.missing);
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].message.contains("two.json"), "{wrong:?}");
}

#[test]
fn sizes_follow_no_link_and_count_a_file_once() {
    let repo = Repo::new();
    let dir = repo.home.work().join("sized");
    write(&dir, "deep/a", &"x".repeat(100_000));
    fs::hard_link(dir.join("deep/a"), dir.join("b")).unwrap();
    symlink("/usr", dir.join("out")).unwrap();
    let counted = size(&dir, &AtomicBool::new(false)).unwrap();
    assert!((100_000..200_000).contains(&counted.bytes), "{counted:?}");
    assert_eq!((counted.files, counted.partial), (3, false));
    assert!(size(&dir, &AtomicBool::new(true)).unwrap().partial);
}

#[test]
fn the_cleaner_takes_orphans_carefully_and_deletes_only_after_the_time() {
    let repo = Repo::new();
    let busy = repo.make("busy");
    let orphan = repo.make("orphan");
    let dirty = repo.make("dirty");
    write(&dirty.path, "new.txt", "work\n");
    write(&orphan.path, "cache.ignored/x", "x");
    let cache = orphan.path.join("cache.ignored");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o555)).unwrap();
    let sessions = BTreeSet::from(["busy".to_owned()]);
    let run = |now: u64| clean(&repo.git, &repo.ledger, &sessions, true, now, &repo.log());
    let cleaned = run(clock::now().0);
    assert_eq!(cleaned.problems, []);
    let gone: Vec<_> = cleaned
        .orphans
        .iter()
        .map(|(record, removal)| (record.id.as_str(), matches!(removal, Removal::Removed { .. })))
        .collect();
    assert_eq!(gone, [("dirty", false), ("orphan", true)]);
    assert!(busy.path.exists() && dirty.path.exists() && !orphan.path.exists());
    let aside = repo.ledger.removed().0[0].aside.clone();
    assert!(run(clock::now().0 + (UNDO_DAYS - 1) * DAY_MS).expired.is_empty());
    assert!(aside.exists());
    let cleaned = run(clock::now().0 + (UNDO_DAYS + 1) * DAY_MS);
    assert_eq!((cleaned.expired.len(), cleaned.problems), (1, vec![]));
    assert!(!aside.exists());
    assert_eq!(repo.run(&["for-each-ref", "refs/nightshift"]), "");
    assert!(dirty.path.join("new.txt").exists());
}

#[test]
fn a_removal_cut_off_by_a_crash_is_finished_or_forgotten() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let before = snapshot(&record.path);
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    // As after a kill just after the rename of the files.
    fs::rename(removed.aside.join("admin"), record.admin.clone().unwrap()).unwrap();
    let file = repo.home.state().join("worktrees/removed/one.json");
    let prepared = fs::read_to_string(&file).unwrap().replace("\"done\"", "\"prepared\"");
    fs::write(&file, prepared).unwrap();
    let sessions = BTreeSet::new();
    let cleaned = clean(&repo.git, &repo.ledger, &sessions, false, 0, &repo.log());
    assert_eq!(cleaned.problems, []);
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 1);
    repo.undo("one");
    assert_eq!(snapshot(&record.path), before);
}

#[test]
fn what_changes_in_the_main_checkout_is_seen() {
    let repo = Repo::new();
    repo.write("notes.txt", "mine\n");
    let look = || MainCheckout::look(&repo.looker(), &repo.root).unwrap();
    let before = look();
    assert_eq!(look().changed_since(&before), Vec::<PathBuf>::new());
    repo.write("a.txt", "written over\n");
    repo.write("notes.txt", "also\n");
    repo.write("new.txt", "new\n");
    let changed = look().changed_since(&before);
    assert_eq!(changed, ["a.txt", "new.txt", "notes.txt"].map(PathBuf::from));
    let dirty = look();
    repo.commit("all of it");
    assert_eq!(look().changed_since(&dirty)[0], PathBuf::from("HEAD"));
}

#[test]
fn rescues_of_acts_stay_as_long_as_removals_and_go_after_that() {
    let repo = Repo::new();
    repo.make("one");
    let now = clock::now().0;
    let names: Vec<String> = [0, UNDO_DAYS * DAY_MS, UNDO_DAYS * DAY_MS + 1]
        .map(|age| rescue_ref("one", now - age, "abc"))
        .to_vec();
    let others =
        ["refs/nightshift/rescue/one", "refs/nightshift/rescue/one-abc", "refs/heads/one-0"];
    for name in names.iter().map(String::as_str).chain(others) {
        repo.run(&["update-ref", name, "HEAD"]);
    }
    let left = || repo.run(&["for-each-ref", "--format=%(refname)", "refs"]);
    // A clock that was set back takes nothing.
    assert_eq!(
        expire_rescues(&repo.git, &repo.root.join(".git"), 0).unwrap(),
        Vec::<String>::new()
    );
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), false, now, &repo.log());
    assert_eq!(cleaned.problems, []);
    for name in names[..2].iter().map(String::as_str).chain(others) {
        assert!(left().contains(&format!("{name}\n")), "{name} of {}", left());
    }
    assert!(!left().contains(&names[2]));
    assert_eq!(
        expire_rescues(&repo.git, &repo.root.join(".git"), now + 1).unwrap(),
        [names[1].clone()]
    );
}
