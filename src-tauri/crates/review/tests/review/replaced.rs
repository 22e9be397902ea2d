//! A file, a directory or a link that stands where another kind of thing is committed: committed, discarded and
//! brought back as `git add --all` and a checkout by hand would, and nothing is read or written through a link.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A repository in which something stands at another's place, and a directory outside of it.
struct Replaced {
    repo: Repo,
    outside: PathBuf,
}

/// What is committed, and what then becomes of it in the worktree.
type Case = (&'static str, fn(&Path, &Path), fn(&Path, &Path));

fn nothing(_: &Path, _: &Path) {}

fn gone(tree: &Path, path: &str) {
    fs::remove_dir_all(tree.join(path)).unwrap();
}

const CASES: &[Case] = &[
    ("a directory is a link to the outside", nothing, |tree, outside| {
        gone(tree, "dir");
        symlink(outside, tree.join("dir")).unwrap();
    }),
    ("a directory is a link to a repository", nothing, |tree, outside| {
        gone(tree, "dir");
        fs::create_dir(outside.join(".git")).unwrap();
        fs::create_dir_all(outside.join("b.txt/.git")).ok();
        symlink(outside, tree.join("dir")).unwrap();
    }),
    ("a directory is a link to nothing", nothing, |tree, _| {
        gone(tree, "dir");
        symlink("nowhere", tree.join("dir")).unwrap();
    }),
    ("a directory is a link to another of the worktree", nothing, |tree, _| {
        fs::rename(tree.join("dir"), tree.join("moved")).unwrap();
        symlink("moved", tree.join("dir")).unwrap();
    }),
    (
        "the directory above is a link",
        |tree, _| write(tree, "one/two/three/deep.txt", "deep\n"),
        |tree, outside| {
            gone(tree, "one/two");
            symlink(outside, tree.join("one/two")).unwrap();
        },
    ),
    ("a directory is a file", nothing, |tree, _| {
        gone(tree, "dir");
        write(tree, "dir", "a file\n");
    }),
    (
        "a link is a directory",
        |tree, outside| symlink(outside, tree.join("link")).unwrap(),
        |tree, _| {
            fs::remove_file(tree.join("link")).unwrap();
            write(tree, "link/in/it.txt", "new\n");
        },
    ),
    (
        "a link is a file",
        |tree, outside| symlink(outside, tree.join("link")).unwrap(),
        |tree, _| {
            fs::remove_file(tree.join("link")).unwrap();
            write(tree, "link", "new\n");
        },
    ),
    ("a file is a link", nothing, |tree, outside| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        symlink(outside.join("b.txt"), tree.join("a.txt")).unwrap();
    }),
    ("a file is a directory", nothing, |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        write(tree, "a.txt/in/it.txt", "new\n");
    }),
    ("a file is an empty directory", nothing, |tree, _| {
        fs::remove_file(tree.join("a.txt")).unwrap();
        fs::create_dir(tree.join("a.txt")).unwrap();
    }),
    (
        "a directory and a link changed places",
        |tree, _| symlink("dir", tree.join("link")).unwrap(),
        |tree, _| {
            fs::remove_file(tree.join("link")).unwrap();
            fs::rename(tree.join("dir"), tree.join("link")).unwrap();
            symlink("link", tree.join("dir")).unwrap();
        },
    ),
];

impl Replaced {
    fn new((name, committed, changed): &Case) -> Replaced {
        println!("{name}");
        let repo = Repo::new();
        let outside = repo.home.work().join("outside");
        write(&outside, "b.txt", "precious\n");
        write(&outside, "three/deep.txt", "precious\n");
        committed(&repo.tree, &outside);
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
        changed(&repo.tree, &outside);
        Replaced { repo, outside }
    }

    /// The tree that `git add --all` makes of the files, in an index of its own.
    fn by_hand(&self) -> String {
        let index = self.repo.home.work().join("by-hand");
        fs::remove_file(&index).ok();
        let mut env = self.repo.env.clone();
        env.insert("GIT_INDEX_FILE".into(), index.into());
        self.repo.run_with(&env, &["read-tree", "HEAD"]);
        self.repo.run_with(&env, &["add", "--all"]);
        self.repo.run_with(&env, &["write-tree"])
    }

    /// Nothing was written where a link leads.
    fn spares_the_outside(&self) {
        for file in ["b.txt", "three/deep.txt"] {
            let file = self.outside.join(file);
            if file.is_file() {
                assert_eq!(fs::read_to_string(&file).unwrap(), "precious\n", "{file:?}");
            }
        }
        let mut there: Vec<_> =
            fs::read_dir(&self.outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        there.retain(|name| name != ".git");
        there.sort();
        assert_eq!(there, ["b.txt", "three"]);
    }
}

#[test]
fn security_12_what_became_another_kind_is_committed_as_by_hand() {
    for case in CASES {
        let replaced = Replaced::new(case);
        let wanted = replaced.by_hand();
        replaced.repo.commit("replaced");
        assert_eq!(replaced.repo.git(&["rev-parse", "HEAD^{tree}"]), wanted, "{}", case.0);
        assert_eq!(replaced.repo.git(&["status", "--porcelain"]), "", "{}", case.0);
        replaced.spares_the_outside();
    }
}

#[test]
fn security_12_what_became_another_kind_is_discarded_and_comes_back() {
    for staged in [false, true] {
        for case in CASES {
            let replaced = Replaced::new(case);
            let (repo, wanted) = (&replaced.repo, replaced.by_hand());
            if staged {
                repo.git(&["add", "--all"]);
            }
            let discard = ReviewAct::Discard { paths: paths(&[]) };
            let ReviewResult::Discarded { rescue, .. } = repo.done(discard) else {
                panic!("{}: no discard", case.0);
            };
            assert_eq!(repo.git(&["rev-parse", &format!("{rescue}^{{tree}}")]), wanted);
            assert_eq!(repo.git(&["status", "--porcelain"]), "", "{}, {staged}", case.0);
            replaced.spares_the_outside();
            repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
            assert_eq!(replaced.by_hand(), wanted, "{}, {staged}: brought back", case.0);
            replaced.spares_the_outside();
        }
    }
}

#[test]
fn security_12_a_part_of_what_became_another_kind_is_staged_alone() {
    let replaced = Replaced::new(&CASES[0]);
    let repo = &replaced.repo;
    repo.write("a.txt", "changed\n");
    repo.done(ReviewAct::Stage { paths: paths(&["dir"]) });
    let staged = repo.git(&["diff", "--cached", "--name-status", "--no-renames"]);
    assert_eq!(staged, "A\tdir\nD\tdir/b.txt\n");
    // The file alone would come back where the link is.
    repo.git(&["reset", "--quiet"]);
    let one = ReviewAct::Discard { paths: paths(&["dir/b.txt"]) };
    repo.refuses(one, &["would be lost", "dir"]);
    replaced.spares_the_outside();
}
