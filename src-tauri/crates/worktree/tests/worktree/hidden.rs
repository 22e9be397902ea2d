//! What a repository says of itself hides no work from a look or a removal: excluded files, commits that
//! others stand in for.

use crate::reading::{same, told};
use crate::repo::{Repo, write};
use nightshift_worktree::{Looker, Policy, Record, Wanted, glances};
use std::fs;

/// A way to hide what is in the worktree.
type Hides = (&'static str, fn(&Repo, &Record));

fn excludes(repo: &Repo) -> String {
    let list = fs::canonicalize(repo.home.work()).unwrap().join("list");
    fs::write(&list, "*\n").unwrap();
    list.to_string_lossy().into_owned()
}

fn included(repo: &Repo, key: &str) {
    let more = repo.home.work().join("more");
    fs::write(&more, format!("[core]\n\texcludesFile = {}\n", excludes(repo))).unwrap();
    repo.run(&["config", key, &more.to_string_lossy()]);
}

fn glance(looker: &Looker, record: &Record) -> Vec<String> {
    let wanted = [Wanted { path: &record.path, record: Some(record) }];
    told(&glances(looker, &wanted).remove(0).seen.unwrap())
}

fn kept(repo: &Repo, record: &Record, case: &str, blocker: &str) {
    assert_eq!(repo.inspect(record).blockers(Policy::Careful).len(), 1, "{case}");
    assert_eq!(repo.kept("one", Policy::Careful), [blocker], "{case}");
    same(repo, record);
}

#[test]
fn security_12_a_repositorys_excludes_file_hides_no_new_file_from_a_removal() {
    let hides: &[Hides] = &[
        ("of the repository", |repo, _| {
            repo.run(&["config", "core.excludesFile", &excludes(repo)]);
        }),
        ("of the worktree", |repo, record| {
            repo.run(&["config", "extensions.worktreeConfig", "true"]);
            let list = excludes(repo);
            repo.run_in(&record.path, &["config", "--worktree", "core.excludesFile", &list]);
        }),
        ("in an included file", |repo, _| included(repo, "include.path")),
        ("in a file for this branch", |repo, record| {
            included(repo, &format!("includeIf.onbranch:{}.path", record.branch));
        }),
    ];
    for (case, hide) in hides {
        let repo = Repo::new();
        let record = repo.make("one");
        hide(&repo, &record);
        write(&record.path, "new.txt", "new\n");
        assert_eq!(repo.run_in(&record.path, &["status", "--porcelain"]), "", "{case}");
        kept(&repo, &record, case, "uncommitted");
        assert_eq!(fs::read_to_string(record.path.join("new.txt")).unwrap(), "new\n", "{case}");
    }
}

#[test]
fn security_12_a_commit_that_another_stands_in_for_is_not_lost() {
    let hides: &[Hides] = &[
        ("replaced by the base", |repo, record| {
            repo.run_in(&record.path, &["replace", "HEAD", "main"]);
        }),
        ("the base is said to hold it", |repo, record| {
            repo.run(&["replace", "--graft", "main", &record.branch]);
        }),
        ("a graft says so", |repo, record| {
            let ids = ["main", record.branch.as_str()].map(|name| repo.run(&["rev-parse", name]));
            let grafts = format!("{} {}\n", ids[0].trim(), ids[1].trim());
            fs::write(repo.root.join(".git/info/grafts"), grafts).unwrap();
        }),
        ("replaced files look unchanged", |repo, record| {
            repo.run_in(&record.path, &["replace", "HEAD:a.txt", "main:a.txt"]);
        }),
    ];
    for (case, hide) in hides {
        let repo = Repo::new();
        let record = repo.make("one");
        write(&record.path, "a.txt", "work\n");
        repo.run_in(&record.path, &["commit", "--quiet", "--all", "-m", "work"]);
        let gits = || {
            let range = format!("main..{}", record.branch);
            repo.run(&["log", "--format=%H %P", &range])
                + &repo.run(&["diff", "main", &record.branch])
        };
        let (plain, before) = (gits(), glance(&repo.looker(), &record));
        hide(&repo, &record);
        assert_ne!(gits(), plain, "{case}: git shows no difference");
        kept(&repo, &record, case, "unpushed");
        assert_eq!(glance(&repo.looker(), &record), before, "{case}");
        assert_eq!(fs::read_to_string(record.path.join("a.txt")).unwrap(), "work\n", "{case}");
    }
}
