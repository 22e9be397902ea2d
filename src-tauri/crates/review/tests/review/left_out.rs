//! What git cannot take is left out and named, and keeps nothing else out.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{LeftOut, ReviewAct, ReviewResult};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// A name that git refuses on every system (git-config(1), `core.protectNTFS`).
const REFUSED: &str = "git~1";

fn discard(named: &[&str]) -> ReviewAct {
    ReviewAct::Discard { paths: paths(named) }
}

fn commit() -> ReviewAct {
    ReviewAct::Commit { message: "work".into(), all: true, amend: false }
}

fn left(result: ReviewResult) -> Vec<LeftOut> {
    match result {
        ReviewResult::Discarded { left_out, .. } | ReviewResult::Committed { left_out, .. } => {
            left_out
        }
        other => panic!("{other:?}"),
    }
}

fn names(left: &[LeftOut]) -> Vec<&str> {
    left.iter().map(|one| one.path.as_str()).collect()
}

/// What may lie in a worktree without being work that git can take: its name, how it is made, and how git
/// lists it.
type Odd = (&'static str, fn(&Repo), &'static [&'static str]);

fn init(repo: &Repo, name: &str) {
    repo.git(&["init", "--quiet", &repo.tree.join(name).to_string_lossy()]);
    repo.write(&format!("{name}/inside.txt"), "inside\n");
}

fn odd() -> Vec<Odd> {
    vec![
        ("without a commit", |repo| init(repo, "sub"), &["sub/"]),
        ("deeper", |repo| init(repo, "a/b/sub"), &["a/b/sub/"]),
        (
            "on a branch that is broken",
            |repo| {
                init(repo, "sub");
                repo.write("sub/.git/refs/heads/main", "nonsense\n");
            },
            &["sub/"],
        ),
        (
            "linked worktree of one without a commit",
            |repo| {
                init(repo, "../elsewhere");
                repo.write("sub/.git", "gitdir: ../../elsewhere/.git\n");
                repo.write("sub/inside.txt", "inside\n");
            },
            &["sub/"],
        ),
        ("a name that git refuses", |repo| repo.write(REFUSED, "x\n"), &[REFUSED]),
        (
            "several",
            |repo| {
                for name in ["s1", "s2", "x/s3"] {
                    init(repo, name);
                }
                repo.write(&format!("y/{REFUSED}"), "x\n");
            },
            &["s1/", "s2/", "x/s3/", "y/git~1"],
        ),
    ]
}

#[test]
fn a_commit_of_everything_takes_what_git_can_and_names_the_rest() {
    for (what, make, expected) in odd() {
        let repo = Repo::new();
        make(&repo);
        repo.write("a.txt", "changed\n");
        for n in 0..40 {
            repo.write(&format!("new/{n}.txt"), "new\n");
        }
        fs::remove_file(repo.tree.join("dir/b.txt")).unwrap();
        let found = left(repo.done(commit()));
        assert_eq!(names(&found), expected, "{what}");
        assert!(found.iter().all(|one| !one.why.is_empty() && !one.why.contains("hint:")));
        let listed = repo.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
        assert_eq!(listed.lines().count(), 41, "{what}: {listed}");
        assert_eq!(repo.git(&["diff", "HEAD", "--name-only"]), "", "{what}");
        // The same again has nothing to do, and says what it cannot do.
        let odd = expected[0].trim_end_matches('/');
        repo.refuses(commit(), &[odd, "nothing was taken"]);
    }
}

#[test]
fn another_file_is_discarded_beside_what_git_cannot_take() {
    for (what, make, expected) in odd() {
        let repo = Repo::new();
        make(&repo);
        repo.write("a.txt", "changed\n");
        repo.write("new.txt", "new\n");
        let done = repo.done(discard(&["a.txt"]));
        assert!(left(done).is_empty(), "{what}: nothing was asked of the others");
        assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n", "{what}");
        let before = repo.git(&["status", "--porcelain", "--untracked-files=all"]);
        for odd in expected {
            let words = [odd.trim_end_matches('/'), "nothing was discarded"];
            repo.refuses(discard(&[odd]), &words);
            repo.refuses(discard(&["new.txt", odd]), &words);
        }
        assert_eq!(repo.git(&["status", "--porcelain", "--untracked-files=all"]), before);
        let all = repo.done(discard(&[]));
        let ReviewResult::Discarded { rescue, paths: taken, left_out } = all else {
            panic!("{all:?}")
        };
        assert_eq!((taken, names(&left_out)), (paths(&["new.txt"]), expected.to_vec()), "{what}");
        assert!(!repo.tree.join("new.txt").exists(), "{what}");
        repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
        assert_eq!(repo.read("new.txt"), "new\n", "{what}");
        // Only what stays is left: that is no reason to say that all is done.
        repo.done(discard(&["new.txt"]));
        repo.refuses(discard(&[]), &[expected[0].trim_end_matches('/')]);
    }
}

#[test]
fn a_repository_inside_with_commits_is_committed_by_its_commit_and_never_discarded() {
    let repo = Repo::new();
    init(&repo, "sub");
    let sub = repo.tree.join("sub");
    repo.run_in(&sub, &["add", "--all"]);
    repo.run_in(&sub, &["commit", "--quiet", "-m", "only here"]);
    let inner = repo.run_in(&sub, &["rev-parse", "HEAD"]).trim().to_owned();
    repo.write("sub/inside.txt", "changed\n");
    repo.write("a.txt", "changed\n");
    let all = left(repo.done(discard(&[])));
    assert_eq!(names(&all), ["sub/"]);
    repo.refuses(discard(&["sub/"]), &["sub", "nested repository"]);
    assert_eq!(repo.read("sub/inside.txt"), "changed\n");
    assert!(left(repo.done(commit())).is_empty());
    let entry = repo.git(&["ls-tree", "HEAD", "sub"]);
    assert!(entry.starts_with(&format!("160000 commit {inner}")), "{entry}");
}

#[test]
fn a_pipe_or_socket_in_a_files_place_keeps_nothing_else() {
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    let socket = |path: &Path| drop(UnixListener::bind(path).unwrap());
    let make: [&dyn Fn(&Path); 2] = [&pipe, &socket];
    for make in make {
        let repo = Repo::new();
        let file = repo.tree.join("a.txt");
        fs::remove_file(&file).unwrap();
        make(&file);
        make(&repo.tree.join("new-one"));
        repo.write("dir/b.txt", "changed\n");
        assert_eq!(names(&left(repo.done(commit()))), ["a.txt"]);
        repo.write("dir/b.txt", "changed again\n");
        repo.done(discard(&["dir/b.txt"]));
        // There is nothing in it that could be lost.
        repo.done(discard(&["a.txt"]));
        assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n");
    }
}

#[test]
fn odd_names_are_taken_by_a_commit_and_named_by_a_discard_of_all() {
    let repo = Repo::new();
    let bytes = OsStr::from_bytes(b"caf\xe9");
    fs::write(repo.tree.join(bytes), "x\n").unwrap();
    repo.write("two\nlines", "x\n");
    let ReviewResult::Discarded { paths: taken, left_out, .. } = repo.done(discard(&[])) else {
        panic!("no discard")
    };
    assert_eq!(taken, ["two\nlines"]);
    assert!(left_out.len() == 1 && left_out[0].why.contains("not UTF-8"), "{left_out:?}");
    assert!(repo.tree.join(bytes).exists());
    repo.write("two\nlines", "x\n");
    assert!(left(repo.done(commit())).is_empty());
    assert_eq!(repo.git(&["ls-tree", "-r", "-z", "--name-only", "HEAD"]).matches('\0').count(), 4);
}

#[test]
fn an_undo_does_not_write_over_what_git_cannot_take() {
    let repo = Repo::new();
    write(&repo.tree, &format!("d/{REFUSED}"), "kept nowhere\n");
    fs::remove_dir_all(repo.tree.join("d")).unwrap();
    repo.write("d", "a file\n");
    let ReviewResult::Discarded { rescue, .. } = repo.done(discard(&["d"])) else {
        panic!("no discard")
    };
    write(&repo.tree, &format!("d/{REFUSED}"), "kept nowhere\n");
    repo.refuses(ReviewAct::Restore { rescue, paths: paths(&[]) }, &["d/git~1", "would be lost"]);
    assert_eq!(repo.read(&format!("d/{REFUSED}")), "kept nowhere\n");
}

#[test]
fn staging_names_what_git_cannot_take() {
    let repo = Repo::new();
    init(&repo, "sub");
    repo.write("new.txt", "x\n");
    let stage = |named: &[&str]| ReviewAct::Stage { paths: paths(named) };
    repo.refuses(stage(&["sub/"]), &["sub", "no commit"]);
    repo.refuses(stage(&["new.txt", "sub/"]), &["sub", "no commit", "others are staged"]);
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "new.txt\n");
}
