//! Repositories whose disk says nothing of who may run a file (`core.fileMode=false`): git goes by its index there,
//! and so does all that is looked at and done.

use crate::repo::Repo;
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn repo() -> Repo {
    let repo = Repo::new();
    repo.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(repo.tree.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.commit("a program");
    repo.git(&["config", "core.fileMode", "false"]);
    // As a disk that gives every file the same permissions.
    for (name, mode) in [("run.sh", 0o644), ("a.txt", 0o755), ("dir/b.txt", 0o777)] {
        fs::set_permissions(repo.tree.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    repo
}

fn modes(repo: &Repo, commit: &str) -> Vec<String> {
    let listed = repo.git(&["ls-tree", "-r", commit]);
    let line = |line: &str| {
        let (mode, rest) = line.split_once(' ').unwrap();
        format!("{mode} {}", rest.split_once('\t').unwrap().1)
    };
    listed.lines().map(line).collect()
}

fn status(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain=v2", "--untracked-files=all"])
}

#[test]
fn failures_38_without_file_modes_bits_on_the_disk_are_no_change() {
    let repo = repo();
    assert_eq!((status(&repo), repo.changes().files.len()), (String::new(), 1));
    repo.refuses(ReviewAct::Discard { paths: Vec::new() }, &["nothing is uncommitted"]);
    let before = modes(&repo, "HEAD");
    for name in ["run.sh", "a.txt"] {
        repo.write(name, "changed\n");
    }
    repo.write("new.sh", "#!/bin/sh\n");
    fs::set_permissions(repo.tree.join("new.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.done(ReviewAct::Commit { message: "x".into(), all: true, amend: false });
    let mut expected = before;
    expected.push("100644 new.sh".into());
    expected.sort_by(|a, b| a[7..].cmp(&b[7..]));
    assert_eq!(modes(&repo, "HEAD"), expected);
    assert_eq!(status(&repo), "");
}

#[test]
fn failures_38_without_file_modes_a_discard_and_its_undo_lose_no_mode() {
    let repo = repo();
    for name in ["run.sh", "a.txt"] {
        repo.write(name, "mine\n");
    }
    repo.write("new.sh", "#!/bin/sh\n");
    fs::set_permissions(repo.tree.join("new.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.write("staged.sh", "#!/bin/sh\n");
    repo.git(&["add", "staged.sh"]);
    repo.git(&["update-index", "--chmod=+x", "staged.sh"]);
    let bits =
        |name: &str| fs::metadata(repo.tree.join(name)).unwrap().permissions().mode() & 0o7777;
    let names = ["run.sh", "a.txt", "new.sh", "staged.sh"];
    let (before, were) = (status(&repo), names.map(bits));
    let ReviewResult::Discarded { rescue, .. } =
        repo.done(ReviewAct::Discard { paths: Vec::new() })
    else {
        panic!("not discarded")
    };
    assert_eq!(status(&repo), "");
    // What is kept has the modes that git goes by.
    let kept = modes(&repo, &rescue);
    for line in ["100755 run.sh", "100644 a.txt", "100644 new.sh", "100755 staged.sh"] {
        assert!(kept.iter().any(|kept| kept == line), "{line}: {kept:?}");
    }
    repo.done(ReviewAct::Restore { rescue, paths: Vec::new() });
    assert_eq!((status(&repo), names.map(bits)), (before, were));
}
