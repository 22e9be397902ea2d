//! Repositories inside of a checkout that an act would take away with all that is in them alone.

use crate::repo::{Repo, write};
use nightshift_protocol::review::ReviewAct;
use std::fs;
use std::path::Path;

/// Makes a repository at `dir`, with a branch that is nowhere else.
fn init(repo: &Repo, dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    repo.run_in(dir, &["init", "--quiet"]);
    write(dir, "s", "s\n");
    repo.run_in(dir, &["add", "--all"]);
    repo.run_in(dir, &["commit", "--quiet", "-m", "s"]);
    repo.run_in(dir, &["branch", "mine"]);
}

/// A repository at `sub` of the main checkout, committed as a link, which the worktree has too.
fn with_link(at: &str) -> Repo {
    let repo = Repo::new();
    init(&repo, &repo.root.join(at));
    repo.commit_main("a link to a repository");
    repo.git(&["merge", "--quiet", "main"]);
    repo
}

/// Commits a file in the place of `path`.
fn file_instead(repo: &Repo, dir: &Path, path: &str) {
    repo.run_in(dir, &["rm", "-rfq", "--cached", path]);
    fs::remove_dir_all(dir.join(path)).ok();
    write(dir, path, "a file\n");
    repo.run_in(dir, &["add", "--all", path]);
    repo.run_in(dir, &["commit", "--quiet", "-m", "a file instead"]);
}

/// What becomes of the repository after it was committed.
type Case = (&'static str, fn(&Repo, &Path));

const CASES: &[Case] = &[
    ("clean", |_, _| {}),
    ("a branch of its own", |repo, sub| {
        repo.run_in(sub, &["checkout", "--quiet", "-b", "w"]);
        repo.run_in(sub, &["commit", "--quiet", "--allow-empty", "-m", "w"]);
        repo.run_in(sub, &["checkout", "--quiet", "-"]);
    }),
    ("changed files", |_, sub| {
        write(sub, "s", "mine\n");
        write(sub, "new", "mine\n");
    }),
    ("its settings say that nothing is looked at", |repo, sub| {
        write(sub, "s", "mine\n");
        repo.main(&["config", "diff.ignoreSubmodules", "all"]);
        repo.main(&["config", "submodule.sub.ignore", "all"]);
    }),
    ("no files, no commit that is checked out", |repo, sub| {
        repo.run_in(sub, &["checkout", "--quiet", "--orphan", "empty"]);
        repo.run_in(sub, &["rm", "-rfq", "."]);
    }),
    ("files without a repository", |_, sub| {
        fs::rename(sub.join(".git"), sub.join("no-git")).unwrap();
    }),
];

#[test]
fn security_12_a_merge_takes_no_repository_away() {
    for (what, change) in CASES {
        let repo = with_link("sub");
        file_instead(&repo, &repo.tree, "sub");
        let sub = repo.root.join("sub");
        change(&repo, &sub);
        let fault = repo.act(ReviewAct::Merge).unwrap_err().to_string();
        let words = ["would be lost", "uncommitted change"];
        assert!(words.iter().any(|word| fault.contains(word)), "{what}: {fault}");
        assert!(fault.contains("sub") || fault.contains("uncommitted"), "{what}: {fault}");
        assert!(sub.is_dir() && fs::read_dir(&sub).unwrap().count() > 0, "{what}");
        fs::rename(&sub, repo.home.work().join("moved")).unwrap();
        fs::create_dir(&sub).unwrap();
        repo.done(ReviewAct::Merge);
        assert_eq!(fs::read_to_string(&sub).unwrap(), "a file\n", "{what}");
    }
}

#[test]
fn security_12_a_rebase_takes_no_repository_away() {
    let repo = with_link("sub");
    repo.write("w.txt", "w\n");
    repo.git(&["add", "w.txt"]);
    repo.git(&["commit", "--quiet", "-m", "work"]);
    let sub = repo.tree.join("sub");
    // The very commit that is linked: a new one would be a change.
    let original = repo.root.join("sub").to_string_lossy().into_owned();
    repo.git(&["clone", "--quiet", &original, "sub"]);
    repo.run_in(&sub, &["branch", "mine"]);
    write(&sub, "new", "mine\n");
    file_instead(&repo, &repo.root, "sub");
    repo.refuses(ReviewAct::Rebase, &["would be lost", "sub/ (a repository)", "move"]);
    assert_eq!(repo.run_in(&sub, &["rev-parse", "--verify", "mine"]).len(), 41);
    assert_eq!(fs::read_to_string(sub.join("new")).unwrap(), "mine\n");
    fs::remove_dir_all(&sub).unwrap();
    fs::create_dir(&sub).unwrap();
    repo.done(ReviewAct::Rebase);
    assert_eq!(repo.read("sub"), "a file\n");
}

/// Not at the place itself: somewhere below a directory that becomes a file.
#[test]
fn security_12_a_repository_below_a_directory_that_goes_is_spared() {
    for ignored in [false, true] {
        let repo = with_link("dir/deep/sub");
        if ignored {
            fs::write(repo.root.join(".git/info/exclude"), "other\n").unwrap();
            init(&repo, &repo.root.join("dir/other"));
        }
        file_instead(&repo, &repo.tree, "dir");
        repo.refuses(ReviewAct::Merge, &["would be lost", "dir/deep/sub/"]);
        if ignored {
            repo.refuses(ReviewAct::Merge, &["dir/other/ (a repository)"]);
        }
        assert!(repo.root.join("dir/deep/sub/.git").is_dir());
        assert!(repo.root.join("dir/b.txt").exists());
    }
}

/// A repository may stay where its link becomes files of ours, or goes: git leaves it there.
#[test]
fn security_12_a_repository_whose_link_goes_stays_where_it_is() {
    for with_files in [false, true] {
        let repo = with_link("sub");
        repo.git(&["rm", "-rfq", "--cached", "sub"]);
        fs::remove_dir_all(repo.tree.join("sub")).ok();
        if with_files {
            repo.write("sub/ours", "ours\n");
        }
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "-m", "no link"]);
        write(&repo.root, "sub/new", "mine\n");
        repo.done(ReviewAct::Merge);
        let sub = repo.root.join("sub");
        assert_eq!(fs::read_to_string(sub.join("new")).unwrap(), "mine\n");
        assert_eq!(repo.run_in(&sub, &["rev-parse", "--verify", "mine"]).len(), 41);
    }
}

#[test]
fn security_12_a_discard_takes_no_repository_away() {
    let repo = Repo::new();
    fs::remove_file(repo.tree.join("a.txt")).unwrap();
    init(&repo, &repo.tree.join("a.txt"));
    for named in [&["a.txt"][..], &[]] {
        let discard = ReviewAct::Discard { paths: crate::repo::paths(named) };
        let fault = repo.act(discard).unwrap_err().to_string();
        assert!(fault.contains("a.txt"), "{fault}");
        assert!(repo.tree.join("a.txt/.git").is_dir());
    }
}
