//! A removal and its undo move only what is theirs: no branch through a symbolic ref, no directory through a
//! symbolic link.

use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{Policy, Removal, clean, remove, undo};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

fn branches(repo: &Repo) -> String {
    repo.run(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

#[test]
fn security_12_a_branch_that_stands_for_another_is_not_removed() {
    for policy in [Policy::Careful, Policy::Discard] {
        let repo = Repo::new();
        let record = repo.make("one");
        repo.run(&["branch", "keep"]);
        let own = format!("refs/heads/{}", record.branch);
        for other in ["refs/heads/main", "refs/heads/keep", "refs/heads/nowhere"] {
            repo.run(&["update-ref", "--no-deref", "-d", &own]);
            repo.run(&["symbolic-ref", &own, other]);
            let before = (branches(&repo), snapshot(&record.path));
            let error = remove(&repo.git, &repo.ledger, "one", policy, &repo.log()).unwrap_err();
            let said = format!("{} {}", error.message, error.hint);
            for part in [own.as_str(), other, "git symbolic-ref --delete"] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert_eq!((branches(&repo), snapshot(&record.path)), before);
        }
        repo.run(&["symbolic-ref", "--delete", &own]);
        repo.run(&["update-ref", &own, "main"]);
        assert!(matches!(repo.remove("one", policy), Removal::Removed { .. }));
        assert!(branches(&repo).contains("refs/heads/keep"));
    }
}

#[test]
fn security_12_a_rescue_is_not_written_where_another_ref_is() {
    for target in ["refs/heads/main", "refs/heads/nowhere"] {
        let repo = Repo::new();
        let record = repo.make("one");
        write(&record.path, "new.txt", "work\n");
        let name = "refs/nightshift/rescue/one";
        repo.run(&["symbolic-ref", name, target]);
        let before = branches(&repo);
        let removed = remove(&repo.git, &repo.ledger, "one", Policy::Discard, &repo.log()).unwrap();
        match removed {
            Removal::Removed { removed, .. } => assert_ne!(removed.rescue_ref, name),
            Removal::Forgotten { found } => panic!("{found}"),
            Removal::Kept { blockers } => {
                assert!(blockers[0].to_string().contains(name), "{blockers:?}");
                assert_eq!(branches(&repo), before);
                repo.run(&["symbolic-ref", "--delete", name]);
                assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
            }
        }
        let main = |list: &str| list.lines().find(|line| line.contains("/main")).map(str::to_owned);
        assert_eq!(main(&branches(&repo)), main(&before));
        let back = repo.undo("one");
        assert_eq!(fs::read_to_string(back.path.join("new.txt")).unwrap(), "work\n");
        assert_eq!(branches(&repo), before);
    }
}

#[test]
fn security_12_an_undo_moves_nothing_through_a_symbolic_ref() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    let own = format!("refs/heads/{}", record.branch);
    for name in [own.as_str(), removed.rescue_ref.as_str()] {
        let before = branches(&repo);
        repo.run(&["update-ref", "--no-deref", "-d", name]);
        repo.run(&["symbolic-ref", name, "refs/heads/main"]);
        let error = undo(&repo.git, &repo.ledger, "one").unwrap_err();
        assert!(error.message.contains(name), "{error}");
        assert!(removed.aside.join("tree").exists() && !record.path.exists());
        if name == own {
            repo.run(&["symbolic-ref", "--delete", name]);
            assert_eq!(branches(&repo), before);
        }
    }
    // Nor does the end of its time, which takes the rescue away.
    let over = removed.removed_at + 1000 * 24 * 60 * 60 * 1000;
    let before = branches(&repo);
    let cleaned = clean(&repo.git, &repo.ledger, &BTreeSet::new(), false, over, &repo.log());
    assert!(cleaned.expired.is_empty() && !cleaned.problems.is_empty());
    assert!(removed.aside.join("tree").exists());
    assert_eq!(branches(&repo), before);
    repo.run(&["symbolic-ref", "--delete", &removed.rescue_ref]);
    repo.run(&["update-ref", &removed.rescue_ref, &removed.rescue_commit]);
    repo.undo("one");
    assert!(branches(&repo).starts_with(&before), "the branch is back beside the others");
}

#[test]
fn security_02_a_link_below_the_rescues_directory_is_refused() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let elsewhere = repo.home.work().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let ours = repo.root.join(".git/nightshift");
    fs::create_dir_all(&ours).unwrap();
    for link in ["removed", "removed/one"] {
        fs::create_dir_all(ours.join(link).parent().unwrap()).unwrap();
        symlink(&elsewhere, ours.join(link)).unwrap();
        let before = snapshot(&record.path);
        let Removal::Kept { blockers } = repo.remove("one", Policy::Discard) else { panic!() };
        let why = blockers.iter().map(ToString::to_string).collect::<String>();
        assert!(why.contains("removed") && why.contains("nothing is put there"), "{why}");
        assert_eq!(snapshot(&record.path), before);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        fs::remove_file(ours.join(link)).unwrap();
    }
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
}

#[test]
fn security_02_an_undo_puts_nothing_where_a_link_leads() {
    for above in [".claude/worktrees", ".claude"] {
        let repo = Repo::new();
        let record = repo.make("one");
        write(&record.path, "new.txt", "work\n");
        let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else {
            panic!()
        };
        let elsewhere = repo.home.work().join("elsewhere");
        fs::create_dir_all(elsewhere.join("worktrees")).unwrap();
        let link = repo.root.join(above);
        fs::remove_dir_all(&link).unwrap();
        symlink(&elsewhere, &link).unwrap();
        for _ in 0..2 {
            let error = undo(&repo.git, &repo.ledger, "one").unwrap_err();
            assert!(error.message.contains(above) && error.message.contains("nothing was moved"));
            assert!(removed.aside.join("tree").exists());
            assert_eq!(snapshot(&elsewhere).len(), 1, "nothing is put there");
        }
        fs::remove_file(&link).unwrap();
        let back = repo.undo("one");
        assert_eq!(fs::read_to_string(back.path.join("new.txt")).unwrap(), "work\n");
    }
}

#[test]
fn security_02_an_undo_that_finds_a_link_where_it_put_something_aside_changes_nothing() {
    let repo = Repo::new();
    let record = repo.make("one");
    write(&record.path, "new.txt", "work\n");
    let Removal::Removed { removed, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    let before = branches(&repo);
    let elsewhere = repo.home.work().join("elsewhere");
    for aside in [removed.aside.join("admin"), removed.aside.join("tree"), removed.aside.clone()] {
        fs::rename(&aside, &elsewhere).unwrap();
        for is_link in [true, false] {
            match is_link {
                true => symlink(&elsewhere, &aside).unwrap(),
                false => fs::write(&aside, "").unwrap(),
            }
            let there = snapshot(&elsewhere);
            let error = undo(&repo.git, &repo.ledger, "one").unwrap_err();
            let named = error.message.contains(&aside.display().to_string());
            assert!(named && error.message.contains("nothing was changed"), "{error}");
            assert!(!record.path.exists());
            assert_eq!((branches(&repo), snapshot(&elsewhere)), (before.clone(), there));
            fs::remove_file(&aside).unwrap();
        }
        fs::rename(&elsewhere, &aside).unwrap();
    }
    let back = repo.undo("one");
    assert_eq!(fs::read_to_string(back.path.join("new.txt")).unwrap(), "work\n");
}

#[test]
fn security_12_a_new_branch_is_not_made_where_a_ref_leads() {
    let repo = Repo::new();
    repo.run(&["symbolic-ref", "refs/heads/worktree-one", "refs/heads/new"]);
    let record = repo.make("one");
    assert_ne!(record.branch, "worktree-one");
    assert!(!branches(&repo).contains("refs/heads/new"));
}

#[test]
fn security_12_a_setting_about_case_hides_nothing_from_a_removal() {
    let repo = Repo::new();
    let record = repo.make("one");
    repo.run(&["config", "core.ignoreCase", "true"]);
    write(&record.path, "A.txt", "upper\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
}
