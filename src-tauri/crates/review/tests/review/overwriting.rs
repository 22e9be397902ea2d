//! Files that git does not know of, where an act would write: they stay.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use nightshift_worktree::{Choice, Defaults, Git, Ledger, Order, Plan, create, plan};
use std::fs;
use std::path::Path;

fn discard(named: &[&str]) -> ReviewAct {
    ReviewAct::Discard { paths: paths(named) }
}

fn rescue_of(result: ReviewResult) -> String {
    match result {
        ReviewResult::Discarded { rescue, .. } => rescue,
        other => panic!("{other:?}"),
    }
}

fn read(dir: &Path, path: &str) -> String {
    fs::read_to_string(dir.join(path)).unwrap()
}

/// `.env` is ignored in the main checkout and in the worktree, which begins there.
fn ignoring() -> Repo {
    let repo = Repo::new();
    write(&repo.root, ".gitignore", ".env\ncache/\n");
    repo.commit_main("ignore");
    repo.git(&["merge", "--quiet", "main"]);
    repo
}

#[test]
fn a_merge_does_not_write_over_an_ignored_file() {
    let repo = ignoring();
    write(&repo.root, ".env", "the user's\n");
    repo.write(".env", "the agent's\n");
    repo.git(&["add", "--force", ".env"]);
    repo.commit("a file that main ignores");
    for path in ["other.txt", "more.txt"] {
        repo.refuses(ReviewAct::Merge, &["would be lost", ".env", "move"]);
        assert_eq!(read(&repo.root, ".env"), "the user's\n");
        // And when both sides have gone on.
        write(&repo.root, path, "m\n");
        repo.commit_main("main goes on");
    }
    fs::remove_file(repo.root.join(".env")).unwrap();
    repo.done(ReviewAct::Merge);
    assert_eq!(read(&repo.root, ".env"), "the agent's\n");
}

#[test]
fn a_rebase_does_not_write_over_an_ignored_file() {
    let repo = ignoring();
    repo.write("work.txt", "w\n");
    repo.commit("work");
    repo.write("cache/x", "built\n");
    write(&repo.root, "cache/x", "committed\n");
    repo.main(&["add", "--force", "cache/x"]);
    repo.commit_main("a file that the work ignores");
    repo.refuses(ReviewAct::Rebase, &["would be lost", "cache/x"]);
    assert_eq!(repo.read("cache/x"), "built\n");
    fs::remove_file(repo.tree.join("cache/x")).unwrap();
    repo.done(ReviewAct::Rebase);
    assert_eq!(repo.read("cache/x"), "committed\n");
}

#[test]
fn a_rebase_does_not_write_over_what_a_commit_had_for_a_while() {
    let repo = ignoring();
    repo.write(".env", "by mistake\n");
    repo.git(&["add", "--force", ".env"]);
    repo.commit("with a secret");
    repo.git(&["rm", "--quiet", ".env"]);
    repo.commit("without");
    repo.write(".env", "mine\n");
    write(&repo.root, "main.txt", "m\n");
    repo.commit_main("main goes on");
    repo.refuses(ReviewAct::Rebase, &["would be lost", ".env"]);
    assert_eq!(repo.read(".env"), "mine\n");
}

#[test]
fn a_discard_spares_what_is_where_a_file_was() {
    let repo = ignoring();
    fs::remove_file(repo.tree.join("a.txt")).unwrap();
    repo.write("a.txt/.env", "mine\n");
    repo.refuses(discard(&[]), &["would be lost", "a.txt/.env"]);
    assert_eq!(repo.read("a.txt/.env"), "mine\n");
    fs::remove_file(repo.tree.join("a.txt/.env")).unwrap();
    repo.write("a.txt/new", "new\n");
    repo.refuses(discard(&["a.txt"]), &["would be lost", "a.txt/new"]);
    let rescue = rescue_of(repo.done(discard(&[])));
    assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n");
    repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
    assert_eq!(repo.read("a.txt/new"), "new\n");
}

#[test]
fn a_file_that_git_was_told_to_forget_is_brought_back_whole() {
    let repo = ignoring();
    repo.git(&["rm", "--quiet", "--cached", "a.txt"]);
    repo.write("a.txt", "mine\n");
    let rescue = rescue_of(repo.done(discard(&[])));
    assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n");
    repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
    assert_eq!(repo.read("a.txt"), "mine\n");
}

#[test]
fn an_undo_does_not_write_over_a_file_that_is_ignored_now() {
    let repo = Repo::new();
    repo.write("notes", "old\n");
    let rescue = rescue_of(repo.done(discard(&["notes"])));
    repo.write(".gitignore", "notes\n");
    repo.write("notes", "new\n");
    let undo = ReviewAct::Restore { rescue, paths: paths(&[]) };
    repo.refuses(undo.clone(), &["would be lost", "notes"]);
    assert_eq!(repo.read("notes"), "new\n");
    fs::remove_file(repo.tree.join("notes")).unwrap();
    repo.done(undo);
    assert_eq!(repo.read("notes"), "old\n");
}

#[test]
fn an_undo_knows_every_name_and_thousands_of_them() {
    let repo = Repo::new();
    let odd = ["two\nlines", "back\\slash\\n", "blank "];
    for name in odd {
        repo.write(name, "odd\n");
    }
    // Together longer than one argument of a program may be.
    let long = "x".repeat(200);
    for n in 0..800 {
        repo.write(&format!("{long}{n}"), "many\n");
    }
    let rescue = rescue_of(repo.done(discard(&[])));
    assert_eq!(repo.changes().uncommitted, 0);
    repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
    assert_eq!(repo.changes().uncommitted, 803);
    for name in odd {
        assert_eq!(repo.read(name), "odd\n", "{name:?}");
    }
}

#[test]
fn a_tag_of_the_branchs_name_changes_nothing() {
    let repo = Repo::new();
    let first = repo.main(&["rev-parse", "HEAD"]);
    for name in ["main", "work"] {
        repo.main(&["tag", name, first.trim()]);
    }
    repo.write("work.txt", "w\n");
    let work = repo.commit("work");
    assert_eq!(repo.changes().branch.as_deref(), Some("work"));
    write(&repo.root, "main.txt", "m\n");
    repo.commit_main("main goes on");
    repo.done(ReviewAct::Rebase);
    assert!(repo.tree.join("main.txt").exists(), "rebased onto the branch, not the tag");
    assert_ne!(repo.git(&["rev-parse", "HEAD"]).trim(), work);
    repo.done(ReviewAct::Merge);
    assert!(repo.root.join("work.txt").exists());
}

#[test]
fn a_worktree_without_its_git_file_is_not_taken_for_the_main_checkout() {
    let mut repo = Repo::new();
    let git = Git::new(&repo.env);
    let ledger = Ledger::open(&repo.subject.ledger).unwrap();
    let Plan::Own(own) = plan(&git, &repo.root, &Choice::Usual, &Defaults::default()).unwrap()
    else {
        panic!("no worktree");
    };
    let id = repo.subject.id.clone();
    let order = Order { id: &id, hint: "inside", own: &own, holder: None };
    let record = create(&git, &ledger, &order).unwrap().record;
    repo.subject.dir = record.path.clone();
    write(&repo.root, "a.txt", "the user's\n");
    repo.write("b.txt", "elsewhere\n");
    fs::remove_file(record.path.join(".git")).unwrap();
    repo.refuses(discard(&[]), &[".git"]);
    assert_eq!(read(&repo.root, "a.txt"), "the user's\n");
}
