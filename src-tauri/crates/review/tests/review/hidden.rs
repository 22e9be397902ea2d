//! What a repository says of itself hides nothing of a session's work: excluded files, replaced commits.

use crate::repo::{Repo, paths};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::path::Path;

/// Ways to say that all new files are ignored; `list` is a file with `*`.
type Hides = (&'static str, fn(&Repo, &Path));

const EXCLUDES: &[Hides] = &[
    ("of the repository", |repo, list| {
        repo.main(&["config", "core.excludesFile", &list.to_string_lossy()]);
    }),
    ("in other letters", |repo, list| {
        repo.main(&["config", "CORE.excludesfile", &list.to_string_lossy()]);
    }),
    ("of the worktree", |repo, list| {
        repo.main(&["config", "extensions.worktreeConfig", "true"]);
        repo.git(&["config", "--worktree", "core.excludesFile", &list.to_string_lossy()]);
    }),
    ("in an included file", |repo, list| {
        let more = list.with_file_name("more");
        fs::write(&more, format!("[core]\n\texcludesFile = {}\n", list.display())).unwrap();
        repo.main(&["config", "include.path", &more.to_string_lossy()]);
    }),
    ("in a file for this branch", |repo, list| {
        let more = list.with_file_name("more");
        fs::write(&more, format!("[core]\n\texcludesFile = {}\n", list.display())).unwrap();
        repo.main(&["config", "includeIf.onbranch:work.path", &more.to_string_lossy()]);
    }),
];

fn new_files(repo: &Repo) -> Vec<String> {
    repo.changes().files.into_iter().map(|file| file.path).collect()
}

#[test]
fn security_12_a_repositorys_excludes_file_hides_no_new_file() {
    for (case, hide) in EXCLUDES {
        let repo = Repo::new();
        let list = fs::canonicalize(repo.home.work()).unwrap().join("list");
        fs::write(&list, "*\n").unwrap();
        hide(&repo, &list);
        repo.write("new.txt", "new\n");
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{case}: git hides it");
        assert_eq!(new_files(&repo), ["new.txt"], "{case}");
        // What is shown is what is kept, committed and discarded.
        let ReviewResult::Discarded { rescue, paths: taken, .. } =
            repo.done(ReviewAct::Discard { paths: Vec::new() })
        else {
            panic!("{case}")
        };
        assert_eq!(taken, ["new.txt"], "{case}");
        repo.done(ReviewAct::Restore { rescue, paths: Vec::new() });
        assert_eq!(repo.read("new.txt"), "new\n", "{case}");
        repo.commit("all of it");
        assert_eq!(repo.git(&["show", "HEAD:new.txt"]), "new\n", "{case}");
    }
    // The user's own counts, as it does for git.
    let repo = Repo::new();
    let list = repo.home.user_home().join("list");
    fs::write(&list, "*.swp\n").unwrap();
    repo.git(&["config", "--global", "core.excludesFile", &list.to_string_lossy()]);
    repo.write("a.swp", "x");
    repo.write("new.txt", "new\n");
    assert_eq!(new_files(&repo), ["new.txt"]);
}

/// A way to say that the branch's commit, or a file in it, is another one.
type Replaces = (&'static str, fn(&Repo));

const REPLACES: &[Replaces] = &[
    ("the commit", |repo| {
        repo.git(&["replace", "HEAD", "main"]);
    }),
    ("its tree", |repo| {
        repo.git(&["replace", "HEAD^{tree}", "main^{tree}"]);
    }),
    ("the file", |repo| {
        repo.git(&["replace", "HEAD:a.txt", "main:a.txt"]);
    }),
    ("the base, which is said to hold it", |repo| {
        repo.git(&["replace", "--graft", "main", "work"]);
    }),
    ("a graft of the base", |repo| {
        let [main, work] = ["main", "work"].map(|name| repo.git(&["rev-parse", name]));
        let grafts = format!("{} {}\n", main.trim(), work.trim());
        fs::write(repo.root.join(".git/info/grafts"), grafts).unwrap();
    }),
    ("a graft of the commit", |repo| {
        fs::write(repo.root.join(".git/info/grafts"), repo.git(&["rev-parse", "work"])).unwrap();
    }),
];

#[test]
fn security_12_what_stands_in_for_a_commit_changes_nothing_that_is_shown_or_kept() {
    for (case, replace) in REPLACES {
        let repo = Repo::new();
        repo.write("a.txt", "one\nTWO\nthree\n");
        let commit = repo.commit("work");
        let shown = |repo: &Repo| (repo.changes(), repo.page("a.txt", None, 0));
        let gits = |repo: &Repo| {
            let log = repo.git(&["log", "--format=%H %P", "main..work"]);
            log + &repo.git(&["diff", "main", "work"]) + &repo.git(&["log", "--format=%P", "work"])
        };
        let (before, plain) = (shown(&repo), gits(&repo));
        replace(&repo);
        assert_ne!(gits(&repo), plain, "{case}: git shows no difference");
        assert_eq!(shown(&repo), before, "{case}");
        // Nothing is lost by what is done then.
        repo.write("a.txt", "again\n");
        let discard = ReviewAct::Discard { paths: paths(&["a.txt"]) };
        repo.done(discard);
        assert_eq!(repo.read("a.txt"), "one\nTWO\nthree\n", "{case}");
        let merged = repo.done(ReviewAct::Merge);
        assert!(matches!(merged, ReviewResult::Merged { .. }), "{case}: {merged:?}");
        let merged = fs::read_to_string(repo.root.join("a.txt")).unwrap();
        assert_eq!(merged, "one\nTWO\nthree\n", "{case}");
        let real = ["--no-replace-objects", "cat-file", "-p", "main:a.txt"];
        assert_eq!(repo.main(&real), "one\nTWO\nthree\n", "{case}");
        assert_eq!(repo.main(&["rev-parse", "work"]).trim(), commit, "{case}");
    }
}

/// A command of another's holds the index while ours is under way.
#[test]
fn a_discard_that_stops_half_way_names_what_it_kept() {
    let repo = Repo::new();
    repo.write("a.txt", "changed\n");
    repo.write("new.txt", "new\n");
    let admin = repo.git(&["rev-parse", "--absolute-git-dir"]);
    let lock = Path::new(admin.trim()).join("index.lock");
    fs::write(&lock, "").unwrap();
    let fault = repo.act(ReviewAct::Discard { paths: Vec::new() }).unwrap_err().to_string();
    assert!(!repo.tree.join("new.txt").exists(), "it stopped before it began: {fault}");
    let [rescue] = &repo.rescues()[..] else { panic!("{:?}", repo.rescues()) };
    let told = format!("nightshift discard {} --undo {rescue}", repo.subject.id);
    assert!(fault.contains("all of it is kept") && fault.contains(&told), "{fault}");
    // What it names brings everything back.
    fs::remove_file(&lock).unwrap();
    repo.done(ReviewAct::Restore { rescue: rescue.clone(), paths: Vec::new() });
    assert_eq!((repo.read("new.txt"), repo.read("a.txt")), ("new\n".into(), "changed\n".into()));
}
