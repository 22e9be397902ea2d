//! Removal and undo: what blocks, what is rescued, what comes back.

use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{Kind, Ledger, Policy, Removal, clean, remove, undo};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

#[test]
fn a_clean_worktree_goes_with_its_branch_and_comes_back() {
    let repo = Repo::new();
    let record = repo.make("one");
    let before = snapshot(&record.path);
    let removal = repo.remove("one", Policy::Careful);
    assert!(matches!(removal, Removal::Removed { .. }), "{removal:?}");
    assert!(!record.path.exists());
    assert_eq!(repo.run(&["branch", "--list", "worktree-*"]), "");
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(repo.ledger.records().0, []);
    let back = repo.undo("one");
    assert_eq!(back, record);
    assert_eq!(snapshot(&record.path), before);
    assert!(repo.inspect(&record).is_clean());
    assert_eq!(repo.run(&["for-each-ref", "refs/nightshift"]), "", "the rescue has done its work");
    repo.fsck();
}

#[test]
fn uncommitted_work_keeps_it_or_is_rescued() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "a.txt", "staged\n");
    repo.run_in(&record.path, &["add", "a.txt"]);
    write(&record.path, "a.txt", "staged and changed\n");
    write(&record.path, "new/untracked.txt", "new\n");
    write(&record.path, "build.ignored", "built\n");
    fs::remove_file(record.path.join("dir/b.txt")).unwrap();
    let status = repo.run_in(&record.path, &["status", "--porcelain"]);
    let before = snapshot(&record.path);
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    assert_eq!(snapshot(&record.path), before);
    let Removal::Removed { removed, uncommitted, .. } = repo.remove("one", Policy::Discard) else {
        panic!()
    };
    assert_eq!(uncommitted.len(), 3);
    let rescued = |path: &str| repo.run(&["show", &format!("{}:{path}", removed.rescue_ref)]);
    assert_eq!(rescued("a.txt"), "staged and changed\n");
    assert_eq!(rescued("new/untracked.txt"), "new\n");
    let staged = repo.run(&["show", &format!("{}^2:a.txt", removed.rescue_ref)]);
    assert_eq!(staged, "staged\n");
    repo.run(&["gc", "--quiet", "--prune=now"]);
    repo.undo("one");
    assert_eq!(snapshot(&record.path), before);
    assert_eq!(repo.run_in(&record.path, &["status", "--porcelain"]), status);
    repo.fsck();
}

#[test]
fn commits_on_a_detached_head_and_those_reset_away_are_rescued() {
    let repo = Repo::new().with_remote();
    let record = repo.make("one");
    let commit = |text: &str| {
        write(&record.path, "a.txt", text);
        repo.run_in(&record.path, &["commit", "--quiet", "-am", text]);
        repo.run_in(&record.path, &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let dropped = commit("dropped");
    repo.run_in(&record.path, &["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.run_in(&record.path, &["checkout", "--quiet", "--detach"]);
    let detached = commit("detached");
    assert_eq!(repo.kept("one", Policy::Careful), ["unpushed"]);
    repo.run_in(&record.path, &["push", "--quiet", "origin", "HEAD:refs/heads/there"]);
    let removal = repo.remove("one", Policy::Careful);
    assert!(matches!(removal, Removal::Removed { .. }), "{removal:?}");
    repo.run(&["gc", "--quiet", "--prune=now"]);
    for id in [&dropped, &detached] {
        repo.run(&["cat-file", "-e", id]);
    }
    let back = repo.undo("one");
    assert_eq!(repo.run_in(&back.path, &["rev-parse", "HEAD"]).trim(), detached);
    assert!(repo.inspect(&back).head.branch.is_none());
}

#[test]
fn an_unfinished_merge_comes_back_unfinished() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "a.txt", "theirs\n");
    repo.run_in(&record.path, &["commit", "--quiet", "-am", "theirs"]);
    repo.run(&["branch", "theirs", &record.branch]);
    repo.run_in(&record.path, &["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.write("a.txt", "ours\n");
    repo.commit("ours");
    repo.run_in(&record.path, &["reset", "--quiet", "--hard", "main"]);
    assert_ne!(repo.try_in(&record.path, &["merge", "theirs"]).code, Some(0));
    assert_eq!(repo.inspect(&record).operation, Some("merge"));
    let before = snapshot(&record.path);
    let stages = repo.run_in(&record.path, &["ls-files", "--stage"]);
    assert_eq!(repo.kept("one", Policy::Careful), ["operation", "uncommitted"]);
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
    repo.run(&["gc", "--quiet", "--prune=now"]);
    repo.undo("one");
    assert_eq!(snapshot(&record.path), before);
    assert_eq!(repo.run_in(&record.path, &["ls-files", "--stage"]), stages);
    assert_eq!(repo.inspect(&record).operation, Some("merge"));
}

#[test]
fn repositories_inside_count() {
    let repo = Repo::new();
    let record = repo.make("one");
    let inner = record.path.join("inner");
    repo.run(&["init", "--quiet", &inner.to_string_lossy()]);
    write(&inner, "x.txt", "x\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    repo.run_in(&inner, &["add", "."]);
    repo.run_in(&inner, &["commit", "--quiet", "-m", "x"]);
    assert_eq!(repo.kept("one", Policy::Careful), ["unpushed", "uncommitted"]);
    // Ignored by the outer repository it is found all the same.
    write(&record.path, ".gitignore", "inner/\n*.ignored\n");
    repo.run_in(&record.path, &["checkout", "--quiet", "--", ".gitignore"]);
    fs::write(repo.root.join(".git/info/exclude"), "inner/\n").unwrap();
    assert_eq!(repo.kept("one", Policy::Careful), ["unpushed"]);
    // Whoever discards it has all of it for as long as the removal can be undone.
    let before = snapshot(&record.path);
    let Removal::Removed { notes, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert!(notes[0].contains("1 unpushed commits in the repository inner"), "{notes:?}");
    repo.run(&["gc", "--quiet", "--prune=now"]);
    let back = repo.undo("one");
    assert_eq!(snapshot(&back.path), before);
    repo.run_in(&inner, &["fsck", "--full"]);
}

#[test]
fn commits_that_are_nowhere_else_go_when_they_are_discarded_and_come_back() {
    for detached in [false, true] {
        let repo = Repo::new();
        let record = repo.make("one");
        if detached {
            repo.run_in(&record.path, &["checkout", "--quiet", "--detach"]);
        }
        write(&record.path, "a.txt", "work\n");
        repo.run_in(&record.path, &["commit", "--quiet", "-am", "only here"]);
        write(&record.path, "a.txt", "and more\n");
        let tip = repo.run_in(&record.path, &["rev-parse", "HEAD"]);
        assert_eq!(repo.kept("one", Policy::Careful), ["unpushed", "uncommitted"]);
        let Removal::Removed { removed, notes, .. } = repo.remove("one", Policy::Discard) else {
            panic!()
        };
        assert!(notes.iter().any(|note| note.contains("1 unpushed commit (")), "{notes:?}");
        assert!(removed.branch_deleted, "{detached}");
        repo.run(&["gc", "--quiet", "--prune=now"]);
        let back = repo.undo("one");
        assert_eq!(repo.run_in(&back.path, &["rev-parse", "HEAD"]), tip);
        assert_eq!(fs::read_to_string(back.path.join("a.txt")).unwrap(), "and more\n");
        assert_eq!(repo.kept("one", Policy::Careful), ["unpushed", "uncommitted"]);
        repo.fsck();
    }
}

#[test]
fn a_changed_copy_of_an_ignored_file_counts_and_is_rescued() {
    let repo = Repo::new();
    repo.write(".worktreeinclude", "*.ignored\n");
    repo.commit("include");
    repo.write("env.ignored", "A=1\n");
    let record = repo.make("one");
    write(&record.path, "env.ignored", "A=2\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    let rescued = repo.run(&["show", &format!("{}:env.ignored", removed.rescue_ref)]);
    assert_eq!(rescued, "A=2\n");
}

#[test]
fn files_hidden_from_git_are_seen() {
    for mark in ["--assume-unchanged", "--skip-worktree"] {
        let repo = Repo::new();
        repo.write("o dd \"\u{e9}\n.txt", "odd\n");
        repo.commit("odd");
        let record = repo.make("one");
        repo.run_in(&record.path, &["update-index", mark, "a.txt", "o dd \"\u{e9}\n.txt"]);
        assert!(repo.inspect(&record).is_clean(), "hidden alone is not changed: {mark}");
        write(&record.path, "a.txt", "hidden\n");
        assert_eq!(repo.run_in(&record.path, &["status", "--porcelain"]), "");
        assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"], "{mark}");
        let Removal::Removed { removed, uncommitted, .. } = repo.remove("one", Policy::Discard)
        else {
            panic!("{mark}")
        };
        assert_eq!(uncommitted, [Path::new("a.txt")]);
        assert_eq!(repo.run(&["show", &format!("{}:a.txt", removed.rescue_ref)]), "hidden\n");
    }
}

#[test]
fn files_that_a_sparse_checkout_leaves_out_are_no_change_and_one_written_there_is() {
    let repo = Repo::new();
    let record = repo.make("one");
    repo.run_in(&record.path, &["sparse-checkout", "set", "--no-cone", "/a.txt"]);
    assert!(!record.path.join("dir/b.txt").exists());
    assert!(repo.inspect(&record).is_clean());
    write(&record.path, "dir/b.txt", "outside\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert_eq!(repo.run(&["show", &format!("{}:dir/b.txt", removed.rescue_ref)]), "outside\n");
}

#[test]
fn files_hidden_from_git_in_a_repository_inside_are_seen() {
    let repo = Repo::new();
    let record = repo.make("one");
    let address = repo.root.to_string_lossy().into_owned();
    repo.run_in(&record.path, &["submodule", "--quiet", "add", &address, "sub"]);
    repo.run_in(&record.path, &["commit", "--quiet", "-m", "sub"]);
    repo.run_in(&record.path, &["branch", "--quiet", "kept"]);
    assert!(repo.inspect(&record).is_clean());
    let sub = record.path.join("sub");
    repo.run_in(&sub, &["update-index", "--skip-worktree", "a.txt"]);
    write(&sub, "a.txt", "hidden\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
}

#[test]
fn a_lock_of_others_and_a_damaged_state_block_whatever_the_policy() {
    let repo = Repo::new();
    let record = repo.make("one");
    let path = record.path.to_string_lossy().into_owned();
    repo.run(&["worktree", "lock", "--reason", "on a stick", &path]);
    assert_eq!(repo.kept("one", Policy::Discard), ["locked"]);
    repo.run(&["worktree", "unlock", &path]);
    let index = record.admin.clone().unwrap().join("index");
    let good = fs::read(&index).unwrap();
    fs::write(&index, "damaged").unwrap();
    assert_eq!(repo.kept("one", Policy::Discard)[0], "unreadable");
    fs::write(&index, good).unwrap();
    fs::rename(record.path.join(".git"), record.path.join("git.away")).unwrap();
    assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
    fs::rename(record.path.join("git.away"), record.path.join(".git")).unwrap();
    assert!(repo.inspect(&record).is_clean());
}

#[test]
fn undo_never_overwrites() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "mine\n");
    repo.remove("one", Policy::Discard);
    write(&record.path, "somebody.txt", "else\n");
    let error = undo(&repo.git, &repo.ledger, "one").unwrap_err();
    assert_eq!(error.kind, Kind::Taken);
    assert_eq!(fs::read_to_string(record.path.join("somebody.txt")).unwrap(), "else\n");
    fs::remove_dir_all(&record.path).unwrap();
    let back = repo.undo("one");
    assert_eq!(fs::read_to_string(back.path.join("new.txt")).unwrap(), "mine\n");
    let error = undo(&repo.git, &repo.ledger, "one").unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn a_worktree_removed_and_made_again_can_be_brought_back_under_a_free_name() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "mine\n");
    repo.remove("one", Policy::Discard);
    // Another session gets the name; git's own directory for it has the same name too.
    let other = repo.try_make("two", "one").unwrap().record;
    assert_eq!(other.path, record.path);
    assert_eq!(undo(&repo.git, &repo.ledger, "one").unwrap_err().kind, Kind::Taken);
    assert!(repo.inspect(&other).is_clean());
    repo.remove("two", Policy::Careful);
    repo.undo("one");
    repo.fsck();
}

#[test]
fn read_only_directories_do_not_stop_a_removal() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "cache.ignored/x", "x");
    let cache = record.path.join("cache.ignored");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o555)).unwrap();
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
    repo.undo("one");
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o555);
}

/// Debian 12 has git 2.39; where the tests run, a newer one may come first.
#[test]
fn the_git_of_the_system_rescues_removes_and_brings_back() {
    let mut repo = Repo::new();
    let mut env = repo.environment();
    env.insert("PATH".into(), "/usr/bin:/bin".into());
    if !std::path::Path::new("/usr/bin/git").exists() {
        eprintln!("NOT TESTED: there is no /usr/bin/git");
        return;
    }
    repo.git = nightshift_worktree::Git::new(&env);
    let record = repo.make("one");
    write(&record.path, "lost.txt", "lost\n");
    repo.run_in(&record.path, &["add", "lost.txt"]);
    repo.run_in(&record.path, &["commit", "--quiet", "-m", "lost"]);
    let lost = repo.run_in(&record.path, &["rev-parse", "HEAD"]);
    repo.run_in(&record.path, &["reset", "--quiet", "--hard", "HEAD~1"]);
    write(&record.path, "new.txt", "new\n");
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Kept { .. }));
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    let kept = repo.run(&["rev-list", &removed.rescue_ref]);
    assert!(kept.contains(lost.trim()), "a commit that only a log names: {kept}");
    let back = repo.undo("one");
    assert_eq!(fs::read_to_string(back.path.join("new.txt")).unwrap(), "new\n");
}

#[test]
fn a_copied_ledger_removes_no_worktree_of_the_original_and_a_moved_one_does() {
    let repo = Repo::new().with_remote();
    let (record, moved) = (repo.make("one"), repo.make("two"));
    let place = |name: &str| repo.home.state().join(name);
    let copied = Command::new("cp").arg("-a").args([place("worktrees"), place("copy")]).status();
    assert!(copied.unwrap().success());
    let copy = Ledger::open(&place("copy")).unwrap();
    for policy in [Policy::Careful, Policy::Discard] {
        let error = remove(&repo.git, &copy, "one", policy, &repo.log()).unwrap_err();
        assert!(error.message.contains("belongs to another home"), "{}", error.message);
    }
    let cleaned = clean(&repo.git, &copy, &BTreeSet::new(), true, 0, &repo.log());
    assert!(cleaned.orphans.is_empty() && cleaned.problems.len() == 2, "{cleaned:?}");
    assert!(record.path.join("a.txt").exists() && moved.path.join("a.txt").exists());
    // The same by another name.
    std::os::unix::fs::symlink(place("worktrees"), place("link")).unwrap();
    let link = Ledger::open(&place("link")).unwrap();
    let removal = remove(&repo.git, &link, "one", Policy::Careful, &repo.log()).unwrap();
    assert!(matches!(removal, Removal::Removed { .. }) && !record.path.exists());
    fs::rename(place("worktrees"), place("elsewhere")).unwrap();
    let elsewhere = Ledger::open(&place("elsewhere")).unwrap();
    let removal = remove(&repo.git, &elsewhere, "two", Policy::Careful, &repo.log()).unwrap();
    assert!(matches!(removal, Removal::Removed { .. }) && !moved.path.exists());
}
