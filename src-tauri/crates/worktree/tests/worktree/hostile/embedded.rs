//! Traps in repositories that an agent makes inside its worktree.

use super::settings::make_pipe;
use super::{Fires, Lab, Trap, nothing, spring};
use crate::repo::write;
use nightshift_worktree::Policy;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const STATUS: &[&str] = &["status"];

/// A repository with a commit at `inner`.
fn inner(lab: &Lab, tree: &Path) -> PathBuf {
    let inner = tree.join("inner");
    lab.repo.run(&["init", "--quiet", &inner.to_string_lossy()]);
    write(&inner, "x.txt", "x\n");
    lab.repo.run_in(&inner, &["add", "."]);
    // What git does by itself afterwards would work here for a while, and wait at a pipe for ever.
    let alone = ["-c", "maintenance.auto=false", "commit", "--quiet", "-m", "x"];
    lab.repo.run_in(&inner, &alone);
    inner
}

fn evil_filter(lab: &Lab, inner: &Path) {
    for name in ["filter.x.clean", "filter.x.process", "core.fsmonitor"] {
        lab.repo.run_in(inner, &["config", name, &lab.evil]);
    }
    write(inner, ".gitattributes", "* filter=x\n");
    write(inner, "x.txt", "y\n");
}

/// Plain files that make git ask a remote, whose program is the evil one.
fn promisor(lab: &Lab, git_dir: &Path) {
    write(git_dir, "HEAD", "ref: refs/heads/main\n");
    write(git_dir, "refs/heads/main", &"1".repeat(40));
    write(git_dir, "objects/info/k", "k");
    let config = format!(
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tpartialClone = evil\n\
         [remote \"evil\"]\n\turl = .\n\tpromisor = true\n\tuploadpack = {}\n",
        lab.evil
    );
    write(git_dir, "config", &config);
}

/// Does something to a git directory.
type Spoil = fn(&Lab, &Path);

const TRAPS: &[Trap] = &[
    Trap {
        name: "plain files alone",
        main: nothing,
        tree: |lab, tree| promisor(lab, &tree.join("inner/.git")),
        fires: Fires::At("inner", &["log"]),
    },
    Trap {
        name: "filters",
        main: nothing,
        tree: |lab, tree| evil_filter(lab, &inner(lab, tree)),
        fires: Fires::At("inner", STATUS),
    },
    Trap {
        name: "filters from an included file",
        main: nothing,
        tree: |lab, tree| {
            let inner = inner(lab, tree);
            evil_filter(lab, &inner);
            let git_dir = inner.join(".git");
            fs::rename(git_dir.join("config"), git_dir.join("more")).unwrap();
            write(&git_dir, "config", "[core]\n\tbare = false\n[include]\n\tpath = more\n");
        },
        fires: Fires::At("inner", STATUS),
    },
    Trap {
        name: "hooks",
        main: nothing,
        tree: |lab, tree| lab.hooks(&inner(lab, tree).join(".git/hooks")),
        fires: Fires::At("inner", &["commit", "--allow-empty", "-m", "x"]),
    },
    Trap {
        name: "recorded as a submodule",
        main: nothing,
        tree: |lab, tree| {
            let inner = inner(lab, tree);
            lab.repo.run_in(tree, &["add", "inner"]);
            evil_filter(lab, &inner);
        },
        fires: Fires::InTree(STATUS),
    },
    Trap {
        name: "inside one that is inside",
        main: nothing,
        tree: |lab, tree| promisor(lab, &inner(lab, tree).join("deep/.git")),
        fires: Fires::At("inner/deep", &["log"]),
    },
    Trap {
        name: "a pointer to another repository",
        main: nothing,
        tree: |lab, tree| {
            let far = lab.outside.with_file_name("far");
            promisor(lab, &far);
            write(tree, "inner/.git", &format!("gitdir: {}\n", far.display()));
        },
        fires: Fires::At("inner", &["log"]),
    },
    Trap {
        name: "a link to another repository",
        main: nothing,
        tree: |lab, tree| {
            let far = lab.outside.with_file_name("far");
            promisor(lab, &far);
            fs::create_dir(tree.join("inner")).unwrap();
            symlink(&far, tree.join("inner/.git")).unwrap();
        },
        fires: Fires::At("inner", &["log"]),
    },
    Trap {
        name: "shared files elsewhere",
        main: nothing,
        tree: |lab, tree| {
            let far = lab.outside.with_file_name("far");
            promisor(lab, &far);
            let inner = inner(lab, tree);
            write(&inner, ".git/commondir", &format!("{}\n", far.display()));
        },
        fires: Fires::At("inner", &["log", "main"]),
    },
    Trap {
        name: "files elsewhere",
        main: nothing,
        tree: |lab, tree| {
            let inner = inner(lab, tree);
            let outside = lab.outside.to_string_lossy();
            lab.repo.run_in(&inner, &["config", "core.worktree", &outside]);
            evil_filter(lab, &tree.join("inner"));
        },
        fires: Fires::Never,
    },
    Trap {
        name: "a directory that looks like a bare repository",
        main: nothing,
        tree: |lab, tree| promisor(lab, &tree.join("looks")),
        fires: Fires::At("looks", &["log"]),
    },
];

#[test]
fn security_02_a_repository_inside_never_runs() {
    spring(TRAPS);
}

#[test]
fn security_02_what_is_no_plain_repository_is_not_looked_into_and_kept() {
    let cases: [(&str, Spoil); 9] = [
        ("pipe as configuration", |_, git_dir| replace_by_pipe(&git_dir.join("config"))),
        ("pipe as HEAD", |_, git_dir| replace_by_pipe(&git_dir.join("HEAD"))),
        ("pipe as index", |_, git_dir| replace_by_pipe(&git_dir.join("index"))),
        ("pipe as branches", |_, git_dir| make_pipe(&git_dir.join("packed-refs"))),
        ("pipe in place of objects elsewhere", |_, git_dir| {
            make_pipe(&git_dir.join("objects/info/alternates"));
        }),
        ("pipe as .gitignore", |_, git_dir| make_pipe(&git_dir.with_file_name(".gitignore"))),
        ("link as HEAD", |lab, git_dir| {
            fs::remove_file(git_dir.join("HEAD")).unwrap();
            symlink(lab.outside.join("precious.txt"), git_dir.join("HEAD")).unwrap();
        }),
        ("configuration without end", |_, git_dir| {
            fs::write(git_dir.join("config"), "[a]\n\tb = c\n".repeat(200_000)).unwrap();
        }),
        ("an extension of tomorrow", |lab, git_dir| {
            let inner = git_dir.parent().unwrap();
            lab.repo.run_in(inner, &["config", "core.repositoryFormatVersion", "1"]);
            lab.repo.run_in(inner, &["config", "extensions.tomorrow", "true"]);
        }),
    ];
    let lab = Lab::new();
    let record = lab.repo.make("one");
    for (name, spoil) in cases {
        let inner = inner(&lab, &record.path);
        spoil(&lab, &inner.join(".git"));
        let seen = lab.repo.inspect(&record);
        assert!(!seen.unreadable.is_empty(), "{name}: {seen:?}");
        let patience = seen.unreadable.iter().any(|what| what.contains("did not end"));
        assert!(!patience, "{name}: it is known before git waits: {seen:?}");
        assert_eq!(lab.repo.kept("one", Policy::Discard), ["unreadable"], "{name}");
        fs::remove_dir_all(&inner).unwrap();
    }
    assert!(lab.repo.inspect(&record).is_clean());
}

fn replace_by_pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    make_pipe(path);
}

#[test]
fn a_plain_repository_inside_is_looked_into_as_before() {
    let lab = Lab::new();
    let record = lab.repo.make("one");
    let inner = inner(&lab, &record.path);
    let seen = lab.repo.inspect(&record);
    assert_eq!((seen.embedded[0].changed, seen.embedded[0].unpushed), (0, 1), "{seen:?}");
    write(&inner, "x.txt", "changed\n");
    write(&inner, "new.txt", "new\n");
    // Line ends as the repository itself wants them.
    lab.repo.run_in(&inner, &["config", "core.autocrlf", "true"]);
    let far = lab.outside.with_file_name("far.git").to_string_lossy().into_owned();
    lab.repo.run(&["init", "--quiet", "--bare", &far]);
    lab.repo.run_in(&inner, &["push", "--quiet", &far, "HEAD:main"]);
    lab.repo.run_in(&inner, &["remote", "add", "origin", &far]);
    lab.repo.run_in(&inner, &["fetch", "--quiet", "origin"]);
    lab.repo.run_in(&inner, &["pack-refs", "--all"]);
    let seen = lab.repo.inspect(&record);
    assert_eq!((seen.embedded[0].changed, seen.embedded[0].unpushed), (2, 0), "{seen:?}");
    lab.repo.run_in(&inner, &["stash", "--quiet"]);
    let seen = lab.repo.inspect(&record);
    assert!(seen.embedded[0].unpushed > 0, "{seen:?}");
    // A linked worktree inside, of the repository itself.
    let linked = record.path.join("linked");
    lab.repo.run(&["worktree", "add", "--quiet", "-b", "side", &linked.to_string_lossy()]);
    let seen = lab.repo.inspect(&record);
    assert!(seen.unreadable.is_empty(), "{seen:?}");
    assert_eq!(seen.embedded.len(), 2);
}
