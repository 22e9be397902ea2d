//! Merging into the base and rebasing onto it: done whole or not at all.

use crate::repo::{Repo, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};

/// What a merge or rebase came to: `merged`, or the files in conflict.
fn outcome(repo: &Repo, what: ReviewAct) -> Vec<String> {
    match repo.done(what) {
        ReviewResult::Merged { .. } => vec!["merged".into()],
        ReviewResult::Rebased { .. } => vec!["rebased".into()],
        ReviewResult::Conflicts { files, message, .. } => {
            assert!(message.contains("main") && message.contains(&files[0]), "{message}");
            files
        }
        other => panic!("{other:?}"),
    }
}

fn diverged() -> Repo {
    let repo = Repo::new();
    repo.write("work.txt", "w\n");
    repo.commit("work");
    write(&repo.root, "main.txt", "m\n");
    repo.commit_main("main goes on");
    repo
}

fn conflicting() -> Repo {
    let repo = Repo::new();
    repo.write("a.txt", "one\nOURS\nthree\n");
    repo.commit("ours");
    write(&repo.root, "a.txt", "one\nTHEIRS\nthree\n");
    repo.commit_main("theirs");
    repo
}

#[test]
fn a_clean_main_checkout_gets_the_merge() {
    let repo = diverged();
    write(&repo.root, "untracked.txt", "mine\n");
    assert_eq!(outcome(&repo, ReviewAct::Merge), ["merged"]);
    assert!(repo.root.join("work.txt").exists() && repo.root.join("untracked.txt").exists());
    assert_eq!(repo.main(&["status", "--porcelain"]), "?? untracked.txt\n");
    assert_eq!(repo.rescues().len(), 1, "where main was is kept");
    repo.refuses(ReviewAct::Merge, &["all of this work already"]);
    assert_eq!(repo.changes().ahead, 0);
}

#[test]
fn a_main_checkout_with_changes_is_not_merged_in() {
    let repo = diverged();
    write(&repo.root, "a.txt", "being edited\n");
    let before = repo.main(&["rev-parse", "main"]);
    repo.refuses(ReviewAct::Merge, &["1 uncommitted", "main is checked out there"]);
    assert_eq!(repo.main(&["rev-parse", "main"]), before);
    assert_eq!(std::fs::read_to_string(repo.root.join("a.txt")).unwrap(), "being edited\n");
}

#[test]
fn a_branch_that_nobody_has_checked_out_moves_by_itself() {
    for goes_on in [true, false] {
        let repo = Repo::new();
        repo.write("work.txt", "w\n");
        let work = repo.commit("work");
        if goes_on {
            write(&repo.root, "main.txt", "m\n");
            repo.commit_main("main goes on");
        }
        repo.main(&["switch", "--quiet", "-c", "elsewhere"]);
        write(&repo.root, "a.txt", "being edited\n");
        assert_eq!(outcome(&repo, ReviewAct::Merge), ["merged"]);
        repo.main(&["merge-base", "--is-ancestor", &work, "main"]);
        assert_eq!(repo.main(&["rev-parse", "main"]).trim() == work, !goes_on);
        assert_eq!(repo.main(&["show", "main:work.txt"]), "w\n");
        assert_eq!(repo.main(&["status", "--porcelain"]), " M a.txt\n", "nothing else was touched");
    }
}

#[test]
fn a_merge_that_conflicts_changes_nothing_and_names_the_files() {
    let repo = conflicting();
    let before = (repo.main(&["rev-parse", "main", "work"]), repo.main(&["status", "--porcelain"]));
    assert_eq!(outcome(&repo, ReviewAct::Merge), ["a.txt"]);
    let after = (repo.main(&["rev-parse", "main", "work"]), repo.main(&["status", "--porcelain"]));
    assert_eq!(before, after);
}

#[test]
fn a_rebase_moves_the_work_and_keeps_where_it_was() {
    let repo = diverged();
    let before = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(outcome(&repo, ReviewAct::Rebase), ["rebased"]);
    let kept = repo.rescues();
    assert_eq!(repo.git(&["rev-parse", &kept[0]]), before);
    let changes = repo.changes();
    assert_eq!((changes.ahead, changes.behind), (1, 0));
    assert_eq!(changes.files.len(), 1, "what came from main is no change of the session");
    repo.refuses(ReviewAct::Rebase, &["newest commit of main"]);
}

#[test]
fn a_rebase_that_conflicts_is_undone() {
    let repo = conflicting();
    let before = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(outcome(&repo, ReviewAct::Rebase), ["a.txt"]);
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), before);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.git(&["branch", "--show-current"]), "work\n");
    assert_eq!(repo.read("a.txt"), "one\nOURS\nthree\n");
}

#[test]
fn uncommitted_work_is_neither_merged_nor_rebased() {
    let repo = diverged();
    repo.write("work.txt", "unsaved\n");
    repo.refuses(ReviewAct::Merge, &["uncommitted", "commit or discard"]);
    repo.refuses(ReviewAct::Rebase, &["uncommitted", "commit or discard"]);
    assert_eq!(repo.read("work.txt"), "unsaved\n");
}

#[test]
fn work_on_the_base_itself_has_nothing_to_merge_into() {
    let mut repo = Repo::new();
    repo.subject.dir = repo.root.clone();
    repo.refuses(ReviewAct::Merge, &["on main itself"]);
    repo.refuses(ReviewAct::Rebase, &["on main itself"]);
}

#[test]
fn a_file_of_a_filter_of_the_users_own_whose_time_is_new_is_not_changed() {
    let repo = Repo::new();
    let config = repo.home.user_home().join(".gitconfig");
    let filter = "[filter \"up\"]\n\tclean = tr a-z A-Z\n\tsmudge = tr A-Z a-z\n";
    let known = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, known + filter).unwrap();
    write(&repo.root, ".gitattributes", "*.up filter=up\n");
    write(&repo.root, "x.up", "words\n");
    repo.commit_main("what the filter governs");
    assert_eq!(repo.main(&["show", "HEAD:x.up"]), "WORDS\n");
    repo.write("work.txt", "w\n");
    repo.commit("work");
    // As if it had been written anew.
    let file = std::fs::File::options().write(true).open(repo.root.join("x.up")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(outcome(&repo, ReviewAct::Merge), ["merged"]);
    assert_eq!(std::fs::read_to_string(repo.root.join("x.up")).unwrap(), "words\n");
    // What is really changed still counts.
    write(&repo.root, "x.up", "other words\n");
    repo.write("more.txt", "m\n");
    repo.commit("more");
    repo.refuses(ReviewAct::Merge, &["1 uncommitted"]);
}

/// Both sides have changed what a merge driver governs.
fn driven(driver: &str, attributes: &str) -> Repo {
    let repo = Repo::new();
    if !attributes.is_empty() {
        write(&repo.root, ".git/info/attributes", attributes);
    }
    repo.main(&["config", &format!("merge.{driver}.driver"), "cp %B %A"]);
    repo.write("a.txt", "one\nours\nthree\n");
    repo.write("dir/b.txt", "ours\n");
    repo.commit("ours");
    write(&repo.root, "a.txt", "one\ntheirs\nthree\n");
    write(&repo.root, "dir/b.txt", "theirs\n");
    repo.commit_main("theirs");
    repo
}

fn note(repo: &Repo, act: ReviewAct) -> String {
    match repo.done(act) {
        ReviewResult::Conflicts { note, message, .. } => {
            assert!(message.contains(&note), "{message}");
            note
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_38_a_merge_driver_that_was_not_run_is_named_with_its_files() {
    for act in [ReviewAct::Merge, ReviewAct::Rebase] {
        let repo = driven("union2", "*.txt merge=union2\n");
        let said = note(&repo, act.clone());
        for part in ["`union2`", "a.txt, dir/b.txt", "by hand", "~/.gitconfig"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // Only what it governs.
        let repo = driven("x", "b.txt merge=x\n");
        let said = note(&repo, act.clone());
        assert!(said.contains("dir/b.txt") && !said.contains("a.txt"), "{said}");
        // Named for all files.
        let repo = driven("x", "b.txt -merge\n");
        repo.main(&["config", "merge.default", "x"]);
        let said = note(&repo, act.clone());
        assert!(said.contains("for a.txt.") && !said.contains("b.txt"), "{said}");
        // One that governs nothing here, and git's own.
        for attributes in ["", "*.md merge=x\n", "*.txt merge=binary\n"] {
            assert_eq!(note(&driven("x", attributes), act.clone()), "", "{attributes}");
        }
    }
}

#[test]
fn failures_38_a_merge_driver_of_the_users_own_runs() {
    for act in [ReviewAct::Merge, ReviewAct::Rebase] {
        let repo = driven("x", "*.txt merge=x\n");
        repo.main(&["config", "--global", "merge.x.driver", "cp %B %A"]);
        assert!(!matches!(repo.done(act), ReviewResult::Conflicts { .. }));
    }
}
