//! Refs that stand for others: nothing that an act does moves what they stand for.

use crate::repo::{Repo, write};
use nightshift_protocol::review::ReviewAct;
use nightshift_worktree::{Choice, Defaults, Git, Ledger, Order, Plan, create, plan};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

fn commit() -> ReviewAct {
    ReviewAct::Commit { message: "x".into(), all: true, amend: false }
}

/// Both sides have gone on, and `keep` is a branch of the user's.
fn diverged() -> Repo {
    let repo = Repo::new().with_remote();
    repo.main(&["branch", "keep"]);
    repo.write("work.txt", "w\n");
    repo.commit("work");
    write(&repo.root, "main.txt", "m\n");
    repo.commit_main("main goes on");
    repo
}

/// All branches and where they are.
fn branches(repo: &Repo) -> String {
    repo.main(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

#[test]
fn security_12_no_ref_beside_head_is_written_through() {
    let names = [
        "ORIG_HEAD",
        "MERGE_HEAD",
        "CHERRY_PICK_HEAD",
        "REVERT_HEAD",
        "REBASE_HEAD",
        "AUTO_MERGE",
        "FETCH_HEAD",
        "BISECT_HEAD",
        "MERGE_AUTOSTASH",
    ];
    for name in names {
        let repo = diverged();
        let own = repo.git(&["rev-parse", "--absolute-git-dir"]);
        let before = branches(&repo);
        for (git_dir, act) in [
            (PathBuf::from(own.trim()), ReviewAct::Rebase),
            (PathBuf::from(own.trim()), commit()),
            (repo.root.join(".git"), ReviewAct::Merge),
        ] {
            let file = git_dir.join(name);
            fs::write(&file, "ref: refs/heads/keep\n").unwrap();
            if matches!(act, ReviewAct::Commit { .. }) {
                repo.write("more.txt", "m\n");
            }
            let fault = repo.act(act.clone()).unwrap_err().to_string();
            assert!(fault.contains(name) || fault.contains("under way"), "{name} {act:?}: {fault}");
            assert_eq!(branches(&repo), before, "{name} {act:?}");
            fs::remove_file(file).unwrap();
            fs::remove_file(repo.tree.join("more.txt")).ok();
        }
        repo.done(ReviewAct::Rebase);
        repo.done(ReviewAct::Merge);
    }
}

#[test]
fn security_12_a_message_that_begins_like_a_symbolic_ref_is_none() {
    let repo = diverged();
    repo.write("more.txt", "m\n");
    repo.done(ReviewAct::Commit {
        message: "ref: refs/heads/keep".into(),
        all: true,
        amend: false,
    });
    repo.write("more.txt", "n\n");
    repo.done(commit());
    repo.done(ReviewAct::Merge);
}

#[test]
fn security_12_a_target_that_stands_for_another_branch_is_not_merged_into() {
    let repo = diverged();
    // Nobody has it checked out, then the main checkout has.
    repo.main(&["checkout", "--quiet", "--detach"]);
    let main = repo.main(&["rev-parse", "main"]);
    repo.main(&["update-ref", "refs/heads/keep", main.trim()]);
    repo.main(&["symbolic-ref", "refs/heads/main", "refs/heads/keep"]);
    let before = branches(&repo);
    repo.refuses(ReviewAct::Merge, &["refs/heads/main", "refs/heads/keep", "git symbolic-ref"]);
    assert_eq!(branches(&repo), before);
    repo.main(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    assert!(repo.act(ReviewAct::Merge).is_err());
    assert_eq!(branches(&repo), before);
}

#[test]
fn security_12_a_push_notes_nothing_in_a_branch() {
    let repo = diverged();
    let before = branches(&repo);
    let noted = "refs/remotes/origin/work";
    repo.main(&["symbolic-ref", noted, "refs/heads/main"]);
    repo.refuses(ReviewAct::Push, &[noted, "refs/heads/main", "git symbolic-ref --delete"]);
    repo.main(&["symbolic-ref", "--delete", noted]);
    // Leads nowhere yet.
    repo.main(&["symbolic-ref", noted, "refs/heads/new"]);
    repo.refuses(ReviewAct::Push, &[noted]);
    repo.main(&["symbolic-ref", "--delete", noted]);
    repo.main(&["config", "--add", "remote.origin.fetch", "refs/heads/work:refs/heads/keep"]);
    repo.refuses(ReviewAct::Push, &["refs/heads/keep", "remote.origin.fetch"]);
    assert_eq!(branches(&repo), before);
    assert_eq!(repo.remote(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main\n");
    repo.main(&["config", "--unset-all", "remote.origin.fetch", "^refs/heads/work:"]);
    repo.done(ReviewAct::Push);
    assert_eq!(repo.main(&["rev-parse", noted]), repo.main(&["rev-parse", "work"]));
    assert_eq!(branches(&repo), before);
}

#[test]
fn security_12_a_push_publishes_the_branch_alone() {
    let repo = diverged();
    repo.git(&["tag", "--annotate", "-m", "mine", "v1"]);
    repo.main(&["config", "push.followTags", "true"]);
    repo.done(ReviewAct::Push);
    assert_eq!(repo.remote(&["tag"]), "");
}

#[test]
fn security_12_a_session_acts_on_its_own_branch_alone() {
    let mut repo = Repo::new().with_remote();
    let git = Git::new(&repo.env);
    let ledger = Ledger::open(&repo.subject.ledger).unwrap();
    let Plan::Own(own) = plan(&git, &repo.root, &Choice::Usual, &Defaults::default()).unwrap()
    else {
        panic!("no worktree");
    };
    let id = repo.subject.id.clone();
    let order = Order { id: &id, hint: "own", own: &own, holder: None };
    let record = create(&git, &ledger, &order).unwrap().record;
    (repo.tree, repo.subject.dir) = (record.path.clone(), record.path.clone());
    repo.main(&["branch", "keep"]);
    let head = PathBuf::from(repo.git(&["rev-parse", "--absolute-git-dir"]).trim()).join("HEAD");
    for other in ["main", "keep"] {
        let before = branches(&repo);
        repo.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{other}")]);
        repo.write("a.txt", "changed\n");
        for act in [commit(), ReviewAct::Push, ReviewAct::Rebase, ReviewAct::Merge] {
            let words = [format!("the branch {other}"), record.branch.clone()];
            repo.refuses(act, &[&words[0], &words[1], "git switch"]);
        }
        assert_eq!(branches(&repo), before);
        assert_eq!(repo.read("a.txt"), "changed\n");
    }
    fs::write(&head, format!("ref: refs/heads/{}\n", record.branch)).unwrap();
    repo.commit("on its own");
    repo.done(ReviewAct::Push);
    repo.done(ReviewAct::Merge);
}

#[test]
fn security_12_a_branch_that_a_rebase_comes_back_to_is_not_merged_into() {
    let repo = diverged();
    let other = repo.home.work().join("other");
    repo.main(&["checkout", "--quiet", "keep"]);
    repo.main(&["worktree", "add", "--quiet", &other.to_string_lossy(), "main"]);
    repo.run_in(&other, &["bisect", "start"]);
    repo.run_in(&other, &["checkout", "--quiet", "--detach"]);
    let before = branches(&repo);
    repo.refuses(ReviewAct::Merge, &["a bisect of main", "other"]);
    repo.run_in(&other, &["bisect", "reset"]);
    let rebase = ["-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-i", "HEAD~1"];
    repo.run_in(&other, &rebase);
    repo.refuses(ReviewAct::Merge, &["a rebase of main", "other"]);
    assert_eq!(branches(&repo), before);
    repo.run_in(&other, &["rebase", "--abort"]);
    fs::rename(&other, repo.home.work().join("away")).unwrap();
    repo.refuses(ReviewAct::Merge, &["other", "not there"]);
    fs::rename(repo.home.work().join("away"), &other).unwrap();
    repo.done(ReviewAct::Merge);
}

/// What is written to one name of a file is written to all: git gets a copy.
#[test]
fn security_12_no_act_writes_to_another_name_of_a_file() {
    for name in ["COMMIT_EDITMSG", "logs/HEAD", "logs/refs/heads/work"] {
        let repo = Repo::new();
        let own = PathBuf::from(repo.git(&["rev-parse", "--absolute-git-dir"]).trim());
        let dir = if name.contains("refs") { repo.root.join(".git") } else { own };
        let (file, precious) = (dir.join(name), repo.home.work().join("precious"));
        fs::write(&precious, "precious\n").unwrap();
        fs::set_permissions(&precious, fs::Permissions::from_mode(0o640)).unwrap();
        fs::remove_file(&file).ok();
        fs::hard_link(&precious, &file).unwrap();
        repo.write("a.txt", "changed\n");
        repo.done(commit());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious\n");
        assert_eq!(fs::metadata(&precious).unwrap().nlink(), 1);
        if name.starts_with("logs") {
            let log = fs::read_to_string(&file).unwrap();
            assert!(log.starts_with("precious\n") && log.lines().count() > 1, "{log}");
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        }
        // Nor through a link to it, which is no backup's.
        fs::remove_file(&file).unwrap();
        symlink(&precious, &file).unwrap();
        repo.write("a.txt", "changed again\n");
        repo.refuses(commit(), &[name, "symbolic link"]);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious\n");
    }
}

/// As `cp -al` and rsnapshot make them: every file has two names.
#[test]
fn failures_38_backups_of_hard_links_keep_nothing_from_being_done_and_stay_as_they_are() {
    let repo = Repo::new();
    repo.write("dir/new.txt", "n\n");
    let backup = repo.home.work().join("backup");
    for (from, to) in [(&repo.root, "main"), (&repo.tree, "tree")] {
        fs::create_dir_all(&backup).unwrap();
        let copied = std::process::Command::new("cp")
            .arg("-al")
            .args([from, &backup.join(to)])
            .status()
            .unwrap();
        assert!(copied.success());
    }
    let before = contents(&backup);
    // As editors write.
    let write_anew = |text: &str| {
        fs::remove_file(repo.tree.join("a.txt")).unwrap();
        repo.write("a.txt", text);
    };
    write_anew("mine\n");
    repo.done(commit());
    write_anew("discarded\n");
    repo.done(ReviewAct::Discard { paths: Vec::new() });
    repo.done(ReviewAct::Merge);
    assert!(contents(&backup) == before, "the backup is as it was");
}

/// Files below `dir` with their bytes.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            found.extend(contents(&path));
        } else if kind.is_file() {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn security_12_refs_in_a_reftable_are_looked_at_too() {
    let mut repo = Repo::new();
    let other = repo.home.work().join("other");
    fs::create_dir(&other).unwrap();
    repo.run_in(&other, &["init", "--quiet", "--ref-format=reftable"]);
    write(&other, "a.txt", "a\n");
    repo.run_in(&other, &["add", "--all"]);
    repo.run_in(&other, &["commit", "--quiet", "-m", "a"]);
    repo.run_in(&other, &["branch", "keep"]);
    repo.run_in(&other, &["checkout", "--quiet", "-b", "work"]);
    (repo.tree, repo.subject.dir) = (other.clone(), other.clone());
    repo.subject.recorded = None;
    repo.write("a.txt", "b\n");
    repo.git(&["symbolic-ref", "ORIG_HEAD", "refs/heads/keep"]);
    repo.refuses(commit(), &["ORIG_HEAD", "refs/heads/keep"]);
    repo.git(&["symbolic-ref", "--delete", "ORIG_HEAD"]);
    repo.git(&["symbolic-ref", "refs/heads/work", "refs/heads/keep"]);
    repo.refuses(commit(), &["work", "stands for keep"]);
    repo.git(&["symbolic-ref", "--delete", "refs/heads/work"]);
    repo.git(&["update-ref", "refs/heads/work", "refs/heads/keep"]);
    repo.done(commit());
}
